//! The files of a checkout: found, bounded, and read on as many threads as there are.
//!
//! Whose checkout it is does not say what of this machine is shown: a link that leads out of it is not followed.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use trustwalk_checkout::{Declared, InFile, Place, Source, Unread, limits::FILE_BYTES, may_declare, read_file};
use trustwalk_ci::Files;
use trustwalk_preflight::is_ci;
use trustwalk_terraform::{is_plan, read_plan};

/// Files that are looked at. The largest public checkouts have some hundred thousand.
const FILES: usize = 500_000;
/// Folders in folders.
const DEPTH: usize = 64;
/// Threads.
const THREADS: usize = 8;

/// Folders that hold what others wrote, or what a tool made of what is read already.
const PASSED_OVER: [&str; 6] = ["node_modules", ".git", ".terraform", ".venv", "target", "__pycache__"];
/// Hidden folders that CI platforms read.
const OF_CI: [&str; 4] = [".github", ".gitlab", ".circleci", ".buildkite"];
/// Endings of files that declare something, or that Terraform's functions read.
const ENDINGS: [&str; 9] = ["yaml", "yml", "json", "template", "tf", "tfvars", "tpl", "tftpl", "tmpl"];
/// Largest file that is handed to Terraform's functions.
const FOR_FUNCTIONS: u64 = 1 << 18;

/// A checkout.
pub(super) struct Checkout {
    pub(super) root: PathBuf,
    stdin: Option<String>,
}

/// What was read of it.
#[derive(Default)]
pub(super) struct Gathered {
    /// What each file declares.
    pub(super) declared: Vec<InFile>,
    /// CI files.
    pub(super) ci: Vec<Source>,
    /// Terraform's, and what its functions may read.
    pub(super) terraform: Vec<trustwalk_terraform::File>,
    /// Plans of Terraform.
    pub(super) plans: Declared,
    pub(super) unread: Vec<Unread>,
    pub(super) files: usize,
}

/// One file, read.
enum Read {
    Declares(Box<InFile>),
    Plan(Box<Declared>),
    Ci(Source),
    Terraform(trustwalk_terraform::File),
    Unread(Unread),
    Nothing,
}

impl Checkout {
    /// The checkout of what was asked for: that around the first path, or around this folder.
    pub(super) fn around(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let named = paths.iter().find(|p| p.as_os_str() != "-");
        let first = named.map_or_else(|| Path::new("."), PathBuf::as_path);
        let real = first.canonicalize().with_context(|| format!("cannot read `{}`", first.display()))?;
        let folder = if real.is_dir() { real.as_path() } else { real.parent().unwrap_or(&real) };
        let root = folder.ancestors().find(|p| p.join(".git").exists()).unwrap_or(folder);
        let mut stdin = None;
        if paths.iter().any(|p| p.as_os_str() == "-") {
            let _waiting = crate::progress::reading();
            let mut text = Vec::new();
            let most = u64::try_from(FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
            std::io::stdin().lock().take(most).read_to_end(&mut text).context("cannot read standard input")?;
            // A program before the pipe that failed hands over nothing, and a shell goes on all the same.
            if text.iter().all(u8::is_ascii_whitespace) {
                anyhow::bail!("nothing came on standard input: did the command before the pipe fail?");
            }
            stdin = Some(String::from_utf8_lossy(&text).into_owned());
        }
        Ok(Self { root: root.to_owned(), stdin })
    }

    /// A path as it is shown: from the root, with `/`.
    fn shown(&self, path: &Path) -> Arc<str> {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<String> = inside.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        parts.join("/").into()
    }

    /// Whether a path of the checkout is one of those that were asked for.
    pub(super) fn asks_for(&self, path: &str, args: &crate::args::PreflightArgs) -> bool {
        let whole = self.root.join(path);
        let under = |asked: &PathBuf| {
            let asked = asked.canonicalize().or_else(|_| std::path::absolute(asked));
            asked.is_ok_and(|asked| whole.starts_with(asked))
        };
        args.paths.is_empty() || args.paths.iter().any(under)
    }

    /// The text of a file that was read, for its lines.
    pub(super) fn text(&self, shown: &str) -> Option<String> {
        if shown == "-" {
            return self.stdin.clone();
        }
        self.bytes(&self.root.join(shown)).ok().map(|b| String::from_utf8_lossy(&b).into_owned())
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>, String> {
        let real = path.canonicalize().map_err(|e| e.to_string())?;
        if !real.starts_with(&self.root) {
            return Err("it is a link that leads out of the checkout, which is not followed".to_owned());
        }
        let limit = u64::try_from(FILE_BYTES).unwrap_or(u64::MAX);
        trustwalk_collect::read_up_to(path, limit).map_err(|e| e.to_string())
    }

    /// Reads what was asked for.
    pub(super) fn gather(&self, paths: &[PathBuf]) -> anyhow::Result<Gathered> {
        let mut out = Gathered::default();
        let mut found = BTreeSet::new();
        let whole = [self.root.clone()];
        let asked: Vec<&PathBuf> = paths.iter().filter(|p| p.as_os_str() != "-").collect();
        let asked = if paths.is_empty() { whole.iter().collect() } else { asked };
        for path in asked {
            let real = path.canonicalize().with_context(|| format!("cannot read `{}`", path.display()))?;
            self.walk(&real, DEPTH, &mut found, &mut out.unread);
        }
        let found: Vec<PathBuf> = found.into_iter().collect();
        out.files = found.len() + usize::from(self.stdin.is_some());
        out.terraform = self.for_functions(&found);
        for read in self.all(&found) {
            match read {
                Read::Declares(file) => out.declared.push(*file),
                Read::Plan(declared) => out.plans.add(*declared),
                Read::Ci(source) => out.ci.push(source),
                Read::Terraform(source) => out.terraform.push(source),
                Read::Unread(unread) => out.unread.push(unread),
                Read::Nothing => {}
            }
        }
        if let Some(text) = &self.stdin {
            if is_plan(text) {
                out.plans.add(read_plan(&trustwalk_terraform::File { path: "-".into(), text: text.clone() }));
            } else {
                out.declared.push(read_file(&Source { path: "-".into(), text: text.clone() }));
            }
        }
        Ok(out)
    }

    /// Files beside Terraform's own, which its functions may read.
    fn for_functions(&self, found: &[PathBuf]) -> Vec<trustwalk_terraform::File> {
        let own = |p: &&PathBuf| p.extension().is_some_and(|e| e == "tf");
        let folders: BTreeSet<&Path> = found.iter().filter(own).filter_map(|p| p.parent()).collect();
        if folders.is_empty() {
            return Vec::new();
        }
        let small = |p: &Path| p.metadata().is_ok_and(|m| m.len() <= FOR_FUNCTIONS);
        let beside = found.iter().filter(|p| {
            !is_terraform(&p.to_string_lossy())
                && p.ancestors().skip(1).take(3).any(|f| folders.contains(f))
                && small(p)
        });
        let read = |path: &PathBuf| {
            let text = String::from_utf8(self.bytes(path).ok()?).ok()?;
            Some(trustwalk_terraform::File { path: self.shown(path), text })
        };
        beside.filter_map(read).collect()
    }

    fn walk(&self, path: &Path, depth: usize, found: &mut BTreeSet<PathBuf>, unread: &mut Vec<Unread>) {
        if found.len() >= FILES {
            return;
        }
        if !path.is_dir() {
            found.insert(path.to_owned());
            return;
        }
        let tell = |path: &Path, why: String| Unread { at: at(self.shown(path)), why };
        let Some(depth) = depth.checked_sub(1) else {
            unread.push(tell(path, format!("it lies deeper than {DEPTH} folders and was not read")));
            return;
        };
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                unread.push(tell(path, error.to_string()));
                return;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_symlink() {
                // Within the checkout it leads to what is read in its own place.
                let leads_out = path.canonicalize().is_ok_and(|real| !real.starts_with(&self.root));
                if leads_out && (is_of_interest(&path) || path.is_dir()) {
                    let why = "it is a link that leads out of the checkout, which is not followed".to_owned();
                    unread.push(tell(&path, why));
                }
            } else if kind.is_dir() {
                let hidden = name.starts_with('.') && !OF_CI.contains(&name.as_ref());
                if !hidden && !PASSED_OVER.contains(&name.as_ref()) {
                    self.walk(&path, depth, found, unread);
                }
            } else if kind.is_file() && is_of_interest(&path) {
                found.insert(path);
            }
            if found.len() >= FILES {
                unread
                    .push(tell(&entry.path(), format!("there are more than {FILES} files, and the rest was not read")));
                return;
            }
        }
    }

    /// Reads every file, in the order of their paths.
    fn all(&self, paths: &[PathBuf]) -> Vec<Read> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some((n, path)) = {
                let n = next.fetch_add(1, Ordering::Relaxed);
                paths.get(n).map(|path| (n, path))
            } {
                done.push((n, self.one(path)));
            }
            done
        };
        let mut all: Vec<(usize, Read)> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            running.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
        });
        all.sort_by_key(|(n, _)| *n);
        all.into_iter().map(|(_, read)| read).collect()
    }

    fn one(&self, path: &Path) -> Read {
        let shown = self.shown(path);
        let unread = |why: String| Read::Unread(Unread { at: at(Arc::clone(&shown)), why });
        let bytes = match self.bytes(path) {
            Ok(bytes) => bytes,
            Err(why) => return unread(why),
        };
        if bytes.iter().take(8_000).any(|b| *b == 0) {
            return unread("it is binary, whatever its name says".to_owned());
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return unread("it is not UTF-8".to_owned());
        };
        let source = Source { path: Arc::clone(&shown), text };
        if is_ci(&shown) {
            return Read::Ci(source);
        }
        if shown.ends_with(".json") && is_plan(&source.text) {
            let file = trustwalk_terraform::File { path: source.path, text: source.text };
            return Read::Plan(Box::new(read_plan(&file)));
        }
        if is_terraform(&shown) {
            return Read::Terraform(trustwalk_terraform::File { path: source.path, text: source.text });
        }
        if may_declare(&shown, &source.text) { Read::Declares(Box::new(read_file(&source))) } else { Read::Nothing }
    }
}

fn at(path: Arc<str>) -> Place {
    Place { path, line: 1, column: 1, end_line: 1, end_column: 1 }
}

pub(super) fn is_of_interest(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending) || name == "Kustomization"
}

pub(super) fn is_terraform(path: &str) -> bool {
    [".tf", ".tfvars", ".tf.json", ".tfvars.json"].iter().any(|ending| path.ends_with(ending))
}

impl Files for Checkout {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let file = self.root.join(path);
        if !file.exists() {
            return Ok(None);
        }
        self.bytes(&file).map(Some)
    }
}
