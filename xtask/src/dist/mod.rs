//! `dist`: the program as people get it. A static program, an archive, a wheel and an image of it, what they are made
//! of, sums and signatures; and `--check`, which builds twice to see that nothing but the sources decides a byte.

mod archive;
mod build;
mod crates;
mod digest;
mod elf;
mod entry;
mod gather;
mod image;
mod manifests;
mod notices;
mod options;
mod pack;
mod sbom;
mod sign;
mod target;
mod time;
mod wheel;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use self::archive::Effort;
use self::options::Options;
use self::pack::{Job, SUMS, pack};
use self::target::Target;
use crate::run::root;
use crate::say;

/// Does what the words ask for.
pub(crate) fn dist(words: &[&str]) -> Result<()> {
    let options = Options::read(words)?;
    let time = time::of_sources()?;
    let target = options.target.as_deref().map_or_else(build::own_target, target::named)?;
    if options.gather.is_none() && target.triple.ends_with("-linux-gnu") {
        let musl = target.triple.replace("-gnu", "-musl");
        say(&format!(
            "for {}, to try and not to publish: releases are for {musl} (`rustup target add {musl}`, and a C compiler \
             for musl, in Debian's package musl-tools)",
            target.triple
        ));
    }
    if let Some(folder) = &options.gather {
        return gather::gather(folder, time, options.repository.as_deref(), options.key.as_deref());
    }
    if options.check {
        return check(target, time, options.quick);
    }
    let out = options.out.clone().unwrap_or_else(|| root().join("target/dist"));
    let program = match &options.program {
        Some(given) => given.clone(),
        None => build::build(&root(), target, time, !options.quick)?,
    };
    let effort = if options.quick { Effort::Least } else { Effort::Most };
    let libraries = options.libraries;
    pack(&Job { sources: &root(), target, program: &program, out: &out, time, effort, libraries })?;
    tell(&program, target)?;
    say(&std::fs::read_to_string(out.join(SUMS))?);
    Ok(())
}

/// Says what the program needs to start.
fn tell(program: &Path, target: Target) -> Result<()> {
    let bytes = std::fs::read(program)?;
    let needs = match elf::needs(&bytes)? {
        Some(needs) if needs.is_static() => "static: it needs no library".to_owned(),
        Some(elf::Needs { glibc: Some((major, minor)), .. }) => format!("it needs glibc {major}.{minor} or later"),
        Some(_) | None => "it needs its system's libraries".to_owned(),
    };
    say(&format!("{}: {} bytes, {needs}", target.triple, bytes.len()));
    Ok(())
}

/// Builds and packs the last commit in two folders, and compares what came out, file by file.
fn check(target: Target, time: u64, quick: bool) -> Result<()> {
    let base = root().join("target/dist-check");
    if base.exists() {
        std::fs::remove_dir_all(&base)?;
    }
    let effort = if quick { Effort::Least } else { Effort::Most };
    let mut seen = Vec::new();
    for name in ["one", "another-folder-of-another-length"] {
        let sources = base.join(name);
        checkout(&sources)?;
        let program = build::build(&sources, target, time, !quick)?;
        let out = base.join(format!("{name}.packages"));
        pack(&Job { sources: &sources, target, program: &program, out: &out, time, effort, libraries: false })?;
        for folder in [&base, &build::cargo_home()?] {
            hides(&program, folder)?;
        }
        seen.push((program, sums_below(&out)?));
    }
    let [(program, first), (_, second)] = seen.as_slice() else { bail!("two were built") };
    tell(program, target)?;
    if first != second {
        bail!("the two builds differ:\n{first}\n{second}");
    }
    say(&format!("twice the same:\n{first}"));
    // Where they differ, they are left to be looked at.
    std::fs::remove_dir_all(&base)?;
    Ok(())
}

/// The sums of all files of a folder and of those in it: of an image's layout, too.
fn sums_below(folder: &Path) -> Result<String> {
    let mut all = Vec::new();
    let mut next = vec![folder.to_owned()];
    while let Some(one) = next.pop() {
        for entry in std::fs::read_dir(&one)? {
            let path = entry?.path();
            if path.is_dir() {
                next.push(path);
            } else if !path.ends_with(SUMS) {
                let name = path.strip_prefix(folder)?.display().to_string();
                all.push((name, digest::hex_of(&std::fs::read(&path)?)));
            }
        }
    }
    Ok(digest::sums(&all))
}

/// The last commit's files, in a folder of their own.
fn checkout(into: &PathBuf) -> Result<()> {
    std::fs::create_dir_all(into)?;
    let mut archive = Command::new("git")
        .args(["archive", "--format=tar", "HEAD"])
        .current_dir(root())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .context("cannot run git")?;
    let bytes = archive.stdout.take().context("git says nothing")?;
    let unpacked = tar::Archive::new(bytes).unpack(into);
    if !archive.wait()?.success() {
        bail!("git could not lay out the last commit");
    }
    unpacked.with_context(|| format!("the last commit could not be laid out in {}", into.display()))
}

/// Fails if a folder of this machine is told in the program.
fn hides(program: &Path, folder: &Path) -> Result<()> {
    let (bytes, folder) = (std::fs::read(program)?, folder.to_string_lossy().into_owned());
    let first = folder.bytes().next().unwrap_or(b'/');
    let told = bytes
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == first)
        .any(|(at, _)| bytes.get(at..).is_some_and(|rest| rest.starts_with(folder.as_bytes())));
    if told {
        bail!("the folder {folder} is told in the program");
    }
    Ok(())
}
