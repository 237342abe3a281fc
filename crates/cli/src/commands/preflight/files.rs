//! The files of a checkout: found, bounded, and read on as many threads as there are.
//!
//! Whose checkout it is does not say what of this machine is shown: a link that leads out of it is not followed.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use trustwalk_checkout::{
    Declared, InFile, Place, Source, Unread, limits::FILE_BYTES, may_declare, may_hold_pods, read_file,
};
use trustwalk_ci::Files;
use trustwalk_collect::CollectError;
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
const ENDINGS: [&str; 10] = ["yaml", "yml", "json", "template", "tf", "tofu", "tfvars", "tpl", "tftpl", "tmpl"];
/// What gives a service account a role in Terraform, beside the annotation.
const ASSOCIATION: &str = "pod_identity_association";
/// What stands before the text of some files in UTF-8.
const BYTE_ORDER: &[u8] = b"\xef\xbb\xbf";
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
    /// Files that were not read, or not all of them, and that speak of nothing of AWS.
    pub(super) silent: BTreeSet<String>,
    pub(super) files: usize,
}

/// What a file that has to do with AWS holds, in one spelling or another.
const OF_AWS: [&str; 8] = ["amazonaws", "arn:aws", "AWS::", "eksctl.io", "aws_", "aws-", "AWS_", "AssumeRole"];

/// Whether bytes speak of AWS, in UTF-8 or in UTF-16.
fn speak_of_aws(bytes: &[u8]) -> bool {
    let plain: Vec<u8> = bytes.iter().copied().filter(|b| *b != 0).collect();
    let text = String::from_utf8_lossy(&plain);
    OF_AWS.iter().any(|word| text.contains(word))
}

/// One file, read.
enum Read {
    Declares(Box<InFile>),
    Plan(Box<Declared>),
    Ci(Source),
    Terraform(trustwalk_terraform::File),
    Unread(Unread),
    /// Of no identity, and perhaps of pods.
    Pods(PathBuf),
    Nothing,
}

impl Checkout {
    /// The checkout of what was asked for: that around the first path, or around this folder.
    pub(super) fn around(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let named = paths.iter().find(|p| p.as_os_str() != "-");
        let first = named.map_or_else(|| Path::new("."), PathBuf::as_path);
        let real =
            first.canonicalize().map_err(|e| anyhow::anyhow!("cannot read `{}`: {}", first.display(), in_words(&e)))?;
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
        let real = path.canonicalize().map_err(|e| in_words(&e))?;
        if !real.starts_with(&self.root) {
            return Err("it is a link that leads out of the checkout, which is not followed".to_owned());
        }
        let limit = u64::try_from(FILE_BYTES).unwrap_or(u64::MAX);
        let content = trustwalk_collect::read_up_to(path, limit).map(|mut bytes| {
            // A mark of the byte order is no letter of the first line, for editors and for other readers.
            if bytes.starts_with(BYTE_ORDER) {
                bytes.drain(..BYTE_ORDER.len());
            }
            bytes
        });
        content.map_err(|e| {
            if let CollectError::TooLarge { limit, .. } = e {
                format!("it is larger than {} MiB, more than is read", limit >> 20)
            } else if let CollectError::Read { source, .. } = &e {
                in_words(source)
            } else if let CollectError::NotAFile { .. } = e {
                NO_FILE.to_owned()
            } else {
                "it cannot be read".to_owned()
            }
        })
    }

    /// Reads what was asked for.
    pub(super) fn gather(&self, paths: &[PathBuf]) -> anyhow::Result<Gathered> {
        let mut out = Gathered::default();
        let mut found = BTreeSet::new();
        let whole = [self.root.clone()];
        let asked: Vec<&PathBuf> = paths.iter().filter(|p| p.as_os_str() != "-").collect();
        let asked = if paths.is_empty() { whole.iter().collect() } else { asked };
        for path in asked {
            let real = path
                .canonicalize()
                .map_err(|e| anyhow::anyhow!("cannot read `{}`: {}", path.display(), in_words(&e)))?;
            self.walk(&real, DEPTH, &mut found, &mut out);
        }
        let found: Vec<PathBuf> = found.into_iter().collect();
        let programs = super::programs::unread(&found, &PASSED_OVER);
        out.unread.extend(programs.into_iter().map(|(path, why)| Unread { at: at(self.shown(&path)), why }));
        out.files = found.len() + usize::from(self.stdin.is_some());
        out.terraform = self.for_functions(&found);
        let mut pods = Vec::new();
        for (read, silent) in side_by_side(&found, |path| self.one(path)) {
            out.silent.extend(silent);
            match read {
                Read::Declares(file) => out.declared.push(*file),
                Read::Plan(declared) => out.plans.add(*declared),
                Read::Ci(source) => out.ci.push(source),
                Read::Terraform(source) => out.terraform.push(source),
                Read::Unread(unread) => out.unread.push(unread),
                Read::Pods(path) => pods.push(path),
                Read::Nothing => {}
            }
        }
        // Pods whose manifest names no account are of interest where one has a role: nearly all checkouts have none.
        let terraform = |f: &trustwalk_terraform::File| f.text.contains("role-arn") || f.text.contains(ASSOCIATION);
        if out.plans.gives_a_role()
            || out.declared.iter().any(InFile::gives_a_role)
            || out.terraform.iter().any(terraform)
        {
            out.declared.extend(side_by_side(&pods, |path| self.pods(path)).into_iter().flatten());
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
        let own = |p: &&PathBuf| p.extension().is_some_and(|e| e == "tf" || e == "tofu");
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

    fn walk(&self, path: &Path, depth: usize, found: &mut BTreeSet<PathBuf>, out: &mut Gathered) {
        if found.len() >= FILES {
            return;
        }
        if !path.is_dir() {
            found.insert(path.to_owned());
            return;
        }
        let tell = |path: &Path, why: String| Unread { at: at(self.shown(path)), why };
        let Some(depth) = depth.checked_sub(1) else {
            out.unread.push(tell(path, format!("it lies deeper than {DEPTH} folders and was not read")));
            return;
        };
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                out.unread.push(tell(path, in_words(&error)));
                return;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_symlink() {
                // Within the checkout it leads to what is read in its own place.
                let (nowhere, why) = match path.canonicalize() {
                    Ok(real) if !real.starts_with(&self.root) => {
                        (false, "it is a link that leads out of the checkout, which is not followed")
                    }
                    Ok(_) => continue,
                    Err(_) => (true, "it is a link that leads nowhere"),
                };
                if is_of_interest(&path) || path.is_dir() {
                    out.unread.push(tell(&path, why.to_owned()));
                    out.silent.extend(nowhere.then(|| self.shown(&path).to_string()));
                }
            } else if kind.is_dir() {
                let hidden = name.starts_with('.') && !OF_CI.contains(&name.as_ref());
                if !hidden && !PASSED_OVER.contains(&name.as_ref()) {
                    self.walk(&path, depth, found, out);
                }
            } else if is_of_interest(&path) {
                if kind.is_file() {
                    found.insert(path);
                } else {
                    out.silent.insert(self.shown(&path).to_string());
                    out.unread.push(tell(&path, NO_FILE.to_owned()));
                }
            }
            if found.len() >= FILES {
                out.unread
                    .push(tell(&entry.path(), format!("there are more than {FILES} files, and the rest was not read")));
                return;
            }
        }
    }

    /// The pods of a file that speaks of no identity.
    fn pods(&self, path: &Path) -> Option<InFile> {
        let text = String::from_utf8(self.bytes(path).ok()?).ok()?;
        Some(read_file(&Source { path: self.shown(path), text }).with_pods_alone())
    }

    /// One file, and its path where not all of it was read and it speaks of nothing of AWS.
    fn one(&self, path: &Path) -> (Read, Option<String>) {
        let read = self.read_one(path);
        let silent = match &read {
            Read::Plan(_) | Read::Pods(_) | Read::Nothing => false,
            Read::Declares(file) if file.is_whole() => false,
            Read::Ci(source) => !speak_of_aws(source.text.as_bytes()),
            Read::Terraform(file) => !speak_of_aws(file.text.as_bytes()),
            Read::Declares(_) | Read::Unread(_) => self.bytes(path).is_ok_and(|bytes| !speak_of_aws(&bytes)),
        };
        let path = silent.then(|| self.shown(path).to_string());
        (read, path)
    }

    fn read_one(&self, path: &Path) -> Read {
        let shown = self.shown(path);
        let unread = |why: String| Read::Unread(Unread { at: at(Arc::clone(&shown)), why });
        let bytes = match self.bytes(path) {
            Ok(bytes) => bytes,
            Err(why) => return unread(why),
        };
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return unread(
                "it is UTF-16, and UTF-8 is what is read: `iconv -f UTF-16 -t UTF-8` makes it so".to_owned(),
            );
        }
        if bytes.iter().take(8_000).any(|b| *b == 0) {
            return unread("it is binary, whatever its name says".to_owned());
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return unread("it is not UTF-8".to_owned());
        };
        if shown.ends_with(super::programs::TERRAGRUNT) {
            return Read::Nothing;
        }
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
        if may_declare(&shown, &source.text) {
            Read::Declares(Box::new(read_file(&source)))
        } else if may_hold_pods(&source.text) {
            Read::Pods(path.to_owned())
        } else {
            Read::Nothing
        }
    }
}

/// What is made of each path, in their order, by as many threads as there are processors.
fn side_by_side<T: Send>(paths: &[PathBuf], made: impl Fn(&Path) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((n, path)) = {
            let n = next.fetch_add(1, Ordering::Relaxed);
            paths.get(n).map(|path| (n, path))
        } {
            done.push((n, made(path)));
        }
        done
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    all.sort_by_key(|(n, _)| *n);
    all.into_iter().map(|(_, made)| made).collect()
}

/// What is neither a file nor a folder.
const NO_FILE: &str = "it is a pipe, a socket or a device, which is not read";

/// What a system says of a file, in a sentence.
fn in_words(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    let words = [
        (Kind::PermissionDenied, "it is not allowed to be read by who runs trustwalk"),
        (Kind::NotFound, "it is not there, or it is a link that leads nowhere"),
        (Kind::IsADirectory, "it is a folder"),
    ];
    let known = words.into_iter().find(|(kind, _)| *kind == error.kind());
    known.map_or("the system failed to read it", |(_, words)| words).to_owned()
}

fn at(path: Arc<str>) -> Place {
    Place { path, line: 1, column: 1, end_line: 1, end_column: 1 }
}

pub(super) fn is_of_interest(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending) || name == "Kustomization" || name == super::programs::TERRAGRUNT
}

pub(super) fn is_terraform(path: &str) -> bool {
    [".tf", ".tofu", ".tfvars", ".tf.json", ".tofu.json", ".tfvars.json"].iter().any(|ending| path.ends_with(ending))
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
