//! A release of the packages of all targets: one image for all platforms, what package managers read, sums, signature.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::digest::hex_of;
use super::image::Layout;
use super::manifests::{Archive, Release, formula, krew};
use super::pack::{SUMMARY, SUMS, list_sums, version};
use super::sign::sign;
use super::target::TARGETS;

/// Makes a release of a folder of packages.
pub(crate) fn gather(folder: &Path, time: u64, repository: Option<&str>, key: Option<&Path>) -> Result<()> {
    image(folder, time)?;
    if let Some(repository) = repository {
        let archives = archives(folder)?;
        let release = Release { version: version(), summary: SUMMARY, repository, archives: &archives };
        std::fs::write(folder.join("trustwalk.yaml"), krew(&release)?)?;
        std::fs::write(folder.join("trustwalk.rb"), formula(&release)?)?;
    }
    list_sums(folder)?;
    if let Some(key) = key {
        sign(key, &folder.join(SUMS))?;
    }
    Ok(())
}

/// The archives that lie in the folder.
fn archives(folder: &Path) -> Result<Vec<Archive>> {
    let mut found = Vec::new();
    for target in TARGETS {
        let name = format!("trustwalk-{}-{}.tar.gz", version(), target.triple);
        let path = folder.join(&name);
        if path.is_file() {
            let sum = hex_of(&std::fs::read(path)?);
            found.push(Archive { target, name, sum });
        }
    }
    if found.is_empty() {
        bail!("no archive of version {} in {}", version(), folder.display());
    }
    Ok(found)
}

/// One image of the layouts of all platforms.
fn image(folder: &Path, time: u64) -> Result<()> {
    let mut all = Layout::default();
    for arch in ["amd64", "arm64"] {
        let layout = folder.join(format!("oci-{arch}"));
        if layout.is_dir() {
            all.merge(version(), read(&layout)?)?;
            std::fs::remove_dir_all(&layout)?;
        }
    }
    if all.files.is_empty() {
        return Ok(());
    }
    std::fs::write(folder.join(format!("trustwalk-{}.oci.tar", version())), all.archive(time)?)?;
    Ok(())
}

/// A layout's files by their path.
fn read(layout: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for part in ["", "blobs/sha256"] {
        let folder = layout.join(part);
        for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_file() {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let at = if part.is_empty() { name } else { format!("{part}/{name}") };
                files.insert(at, std::fs::read(path)?);
            }
        }
    }
    Ok(files)
}
