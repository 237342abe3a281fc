//! Builds the program so that nothing of the machine, the folder or the day is in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::target::{self, Target};

/// The target of this machine: Linux with musl where Rust has it here, else with glibc.
pub(crate) fn own_target() -> Result<Target> {
    let host = rustc(&["--print", "host-tuple"])?;
    let musl = host.replace("-gnu", "-musl");
    if musl != host && target::named(&musl).is_ok() {
        let libraries = rustc(&["--print", "target-libdir", "--target", &musl])?;
        if Path::new(&libraries).is_dir() {
            return target::named(&musl);
        }
    }
    target::named(&host)
}

fn rustc(words: &[&str]) -> Result<String> {
    let out = Command::new("rustc").args(words).output().context("cannot run rustc")?;
    if !out.status.success() {
        bail!("rustc {} failed: {}", words.join(" "), String::from_utf8_lossy(&out.stderr));
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Builds the sources in a folder, as a release is or, for a look, without optimisation; gives the program.
pub(crate) fn build(sources: &Path, target: Target, time: u64, optimised: bool) -> Result<PathBuf> {
    let sources = sources.canonicalize()?;
    let into = sources.join("target").join("dist-build");
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "build",
            "--profile",
            if optimised { "release" } else { "dev" },
            "--locked",
            "--package",
            "trustwalk",
            "--target",
            target.triple,
            "--target-dir",
        ])
        .arg(&into)
        .current_dir(&sources);
    for (name, value) in surroundings(&sources, &cargo_home()?, target, time) {
        cargo.env(name, value);
    }
    let status = cargo.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("the build for {} failed ({status})", target.triple);
    }
    Ok(into.join(target.triple).join(if optimised { "release" } else { "debug" }).join("trustwalk"))
}

/// Where cargo keeps the sources of crates.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("CARGO_HOME") {
        return Ok(given.into());
    }
    let home = std::env::home_dir().context("no home folder")?;
    Ok(home.join(".cargo"))
}

/// What the compilers are told: folders get names that are the same everywhere, and a program for Linux is static and
/// at a fixed address, which costs nothing at its start (docs/decisions/0006-fixed-address.md).
fn surroundings(sources: &Path, cargo: &Path, target: Target, time: u64) -> Vec<(&'static str, OsString)> {
    let named = [(sources, "/trustwalk"), (cargo, "/cargo")];
    let mut rust: Vec<OsString> = Vec::new();
    let mut c: Vec<OsString> = Vec::new();
    for (folder, name) in named {
        let map = |flag: &str| {
            let mut word = OsString::from(flag);
            word.push(folder);
            word.push("=");
            word.push(name);
            word
        };
        rust.push(map("--remap-path-prefix="));
        c.push(map("-ffile-prefix-map="));
    }
    if target.os == "linux" {
        rust.extend(["-C", "target-feature=+crt-static", "-C", "relocation-model=static"].map(OsString::from));
    }
    let mut out = vec![
        ("CARGO_ENCODED_RUSTFLAGS", rust.join(OsString::from("\u{1f}").as_os_str())),
        ("CFLAGS", c.join(OsString::from(" ").as_os_str())),
        ("SOURCE_DATE_EPOCH", time.to_string().into()),
        ("CARGO_INCREMENTAL", "0".into()),
    ];
    // Else a variable of the person's would add to these.
    out.push(("RUSTFLAGS", OsString::new()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_folder_of_this_machine_gets_into_a_program_and_linux_programs_are_static() {
        let of = |triple| surroundings(Path::new("/a/b"), Path::new("/c"), target::named(triple).unwrap(), 7);
        let linux = of("x86_64-unknown-linux-gnu");
        assert_eq!(
            linux[0].1,
            "--remap-path-prefix=/a/b=/trustwalk\u{1f}--remap-path-prefix=/c=/cargo\u{1f}-C\u{1f}\
             target-feature=+crt-static\u{1f}-C\u{1f}relocation-model=static"
        );
        assert_eq!(linux[1].1, "-ffile-prefix-map=/a/b=/trustwalk -ffile-prefix-map=/c=/cargo");
        assert_eq!(linux[2].1, "7");
        assert!(!of("aarch64-apple-darwin")[0].1.to_string_lossy().contains("crt-static"));
    }

    /// A program that is built with these words starts, and so does one whose linker is told of the fixed address too.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_built_for_this_machine_starts_and_names_no_loader() {
        let dir = tempfile::tempdir().unwrap();
        let (source, program) = (dir.path().join("it.rs"), dir.path().join("it"));
        std::fs::write(&source, "fn main() { println!(\"started\"); }").unwrap();
        let target = own_target().unwrap();
        let told = surroundings(dir.path(), Path::new("/c"), target, 7);
        let words = told[0].1.to_string_lossy().into_owned();
        let plain: &[&str] = &[];
        for more in [plain, &["-C", "link-arg=-no-pie"]] {
            let mut rustc = Command::new("rustc");
            rustc.args(words.split('\u{1f}')).args(more).args(["--target", target.triple, "-o"]);
            assert!(rustc.arg(&program).arg(&source).status().unwrap().success(), "{more:?}");
            let ran = Command::new(&program).output().unwrap();
            assert!(ran.status.success() && ran.stdout == b"started\n", "{more:?}: {ran:?}");
            let needs = super::super::elf::needs(&std::fs::read(&program).unwrap()).unwrap().unwrap();
            assert!(needs.is_static(), "{more:?}: {needs:?}");
        }
    }

    #[test]
    fn this_machines_target_is_one_that_is_packed_for() {
        assert!(target::TARGETS.contains(&own_target().unwrap()));
    }
}
