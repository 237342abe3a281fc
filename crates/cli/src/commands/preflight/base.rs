//! `--base`: the files of another revision, or of where the branch left it, as git keeps them. Nothing is fetched and
//! nothing checked out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use trustwalk_checkout::{Declared, Source, limits::FILE_BYTES, may_declare, read_file};
use trustwalk_ci::Nothing;
use trustwalk_preflight::World;

use super::files::{Checkout, is_of_interest, is_terraform};
use crate::args::PreflightArgs;
use crate::exit::UsageError;

/// Longest line before an object: its name, kind and size.
const HEAD: u64 = 256;

/// What the revision declares: its trust policies, for which jobs are not asked.
pub(super) fn world(checkout: &Checkout, revision: &str, args: &PreflightArgs) -> anyhow::Result<World> {
    // A revision that begins with a hyphen would be an option.
    if revision.starts_with('-') || revision.contains(['\n', '\0']) {
        return Err(UsageError(format!("`{}` is no revision", trustwalk_foreign::redact(revision))).into());
    }
    let commit = git(
        &checkout.root,
        &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")],
    )
    .with_context(|| {
        let named = trustwalk_foreign::redact(revision);
        format!("git knows no revision `{named}`: `git fetch` it first, for in a shallow clone it is not there")
    })?;
    let named = String::from_utf8_lossy(&commit).trim().to_owned();
    // What others have changed since the branch left it is no part of this change. A shallow clone may not tell where
    // that was, and a checkout without a commit has no branch.
    let common = git(&checkout.root, &["merge-base", "HEAD", &named]).unwrap_or_default();
    let common = String::from_utf8_lossy(&common).trim().to_owned();
    let commit = if common.is_empty() { named } else { common };
    let listed = git(&checkout.root, &["ls-tree", "-r", "-z", "-l", "--full-tree", &commit])?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let wanted: Vec<(&str, &str)> = listed.split('\0').filter_map(|line| file(line, checkout, args)).collect();
    let (mut declared, mut terraform, mut plans) = (Vec::new(), Vec::new(), Declared::default());
    // One after the other: what is not of interest is not held.
    blobs(&checkout.root, &wanted, |path, text| {
        let Ok(text) = String::from_utf8(text) else { return };
        let path: Arc<str> = path.into();
        if path.ends_with(".json") && trustwalk_terraform::is_plan(&text) {
            plans.add(trustwalk_terraform::read_plan(&trustwalk_terraform::File { path, text }));
        } else if is_terraform(&path) {
            terraform.push(trustwalk_terraform::File { path, text });
        } else if may_declare(&path, &text) {
            declared.push(read_file(&Source { path, text }));
        }
    })?;
    plans.add(trustwalk_terraform::read(&terraform));
    Ok(World::of(declared, &[], plans, &Nothing, None))
}

/// Object and path of a line of the tree, where its file may declare something and was asked for.
fn file<'l>(line: &'l str, checkout: &Checkout, args: &PreflightArgs) -> Option<(&'l str, &'l str)> {
    let (meta, path) = line.split_once('\t')?;
    let mut meta = meta.split_ascii_whitespace();
    let (mode, kind, object, size) = (meta.next()?, meta.next()?, meta.next()?, meta.next()?);
    let fits = size.parse::<usize>().is_ok_and(|n| n <= FILE_BYTES);
    // A link is not followed.
    (kind == "blob" && mode != "120000" && fits && is_of_interest(Path::new(path)) && checkout.asks_for(path, args))
        .then_some((object, path))
}

fn git(root: &Path, words: &[&str]) -> anyhow::Result<Vec<u8>> {
    let out = command(root).args(words).output().context("git could not be run")?;
    if !out.status.success() {
        let (name, said) = (words.first().unwrap_or(&""), String::from_utf8_lossy(&out.stderr));
        // A quiet one says nothing.
        if said.trim().is_empty() {
            bail!("git {name} ended with {}", out.status);
        }
        bail!("git {name}: {}", said.trim());
    }
    Ok(out.stdout)
}

/// git, without what a checkout's own configuration could have it run.
fn command(root: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager"]);
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
    command
}

/// Hands over the text of each object with its path, in their order. Of none is more read than a file may have.
fn blobs(root: &Path, wanted: &[(&str, &str)], mut each: impl FnMut(&str, Vec<u8>)) -> anyhow::Result<()> {
    const LESS: &str = "git gave less than it was asked for";
    let mut child = command(root)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("git could not be run")?;
    let objects: Vec<&str> = wanted.iter().map(|(object, _)| *object).collect();
    let objects = objects.join("\n") + "\n";
    let mut to = child.stdin.take().context("git takes no input")?;
    // Whoever is gone early has given less, which is seen below.
    let writing = std::thread::spawn(move || drop(to.write_all(objects.as_bytes())));
    let mut from = BufReader::new(child.stdout.take().context("git gives no output")?);
    let mut read = || {
        for (_, path) in wanted {
            let mut head = Vec::new();
            from.by_ref().take(HEAD).read_until(b'\n', &mut head)?;
            let head = String::from_utf8_lossy(&head);
            let size = head.trim_end().rsplit(' ').next().and_then(|n| n.parse::<usize>().ok());
            let size = size.context("git does not have an object that the revision names")?;
            if size > FILE_BYTES {
                bail!("git gave more of an object than its tree says");
            }
            let mut text = vec![0; size.saturating_add(1)];
            from.read_exact(&mut text).context(LESS)?;
            text.pop();
            each(path, text);
        }
        Ok(())
    };
    let read = read();
    // Where it was not read to its end, git would wait for ever for somebody to read on.
    drop(from);
    child.wait()?;
    let _ = writing.join();
    read
}
