//! Files the lab leaves for clients: readable by their owner only.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use crate::LabError;

/// Read and write for the owner, nothing for others.
const PRIVATE: u32 = 0o600;
/// The same for folders.
const PRIVATE_DIR: u32 = 0o700;

/// Makes a folder for the owner only; one that exists keeps its rights.
pub(crate) fn private_dir(path: &Path) -> Result<(), LabError> {
    if path.is_dir() {
        return Ok(());
    }
    let doing = || format!("make the folder `{}`", path.display());
    fs::create_dir_all(path).map_err(LabError::io(doing()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(PRIVATE_DIR)).map_err(LabError::io(doing()))
}

/// Replaces a file in one step, so that readers see the old or the new one.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    let doing = || format!("write `{}`", path.display());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE)
        .open(&fresh)
        .map_err(LabError::io(doing()))?;
    file.write_all(bytes).map_err(LabError::io(doing()))?;
    fs::rename(&fresh, path).map_err(LabError::io(doing()))
}
