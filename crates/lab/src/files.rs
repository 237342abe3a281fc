//! Files the lab leaves for clients: in a folder of the user's own, readable by their owner only.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::LabError;

/// Configuration of Kubernetes clients.
pub(crate) const KUBECONFIG: &str = "kubeconfig";
/// Roots that clients trust.
pub(crate) const BUNDLE: &str = "ca-bundle.pem";
/// Roots of the trust library.
pub(crate) const LIBRARY: &str = "ca-library.pem";
/// The chain that the EKS issuer presents once it is switched.
pub(crate) const INCOMING: &str = "incoming.pem";
/// Variables, to be sourced.
pub(crate) const ENV: &str = "env";
/// Profiles of AWS's clients, one for each account and user of a scenario.
pub(crate) const PROFILES: &str = "aws-config";
/// What clients are left.
pub(crate) const CLIENT_FILES: [&str; 6] = [KUBECONFIG, BUNDLE, LIBRARY, INCOMING, ENV, PROFILES];
/// Where the control interface listens.
pub(crate) const STATE: &str = "lab.json";

/// Read and write for the owner, nothing for others.
const PRIVATE: u32 = 0o600;
/// The same for folders.
const PRIVATE_DIR: u32 = 0o700;
/// Bits of a mode by which others than the owner could put files into a folder.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Makes a folder for the owner only. One that exists keeps its rights, and is refused when somebody else could
/// have put files there, or could exchange them.
pub(crate) fn private_dir(path: &Path) -> Result<(), LabError> {
    let doing = || format!("make the folder `{}`", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(LabError::io(doing()))?;
    }
    match DirBuilder::new().mode(PRIVATE_DIR).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => own_dir(path),
        made => made.map_err(LabError::io(doing())),
    }
}

/// Refuses a folder that is not the user's own, or a link to one.
pub(crate) fn own_dir(path: &Path) -> Result<(), LabError> {
    let found = fs::symlink_metadata(path).map_err(LabError::io(format!("look at `{}`", path.display())))?;
    let refused = |why| Err(LabError::NotOwn { path: path.display().to_string(), why });
    if found.is_symlink() {
        refused("it is a link")
    } else if !found.is_dir() {
        refused("it is no folder")
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        refused("it belongs to somebody else")
    } else if found.mode() & WRITABLE_BY_OTHERS != 0 {
        refused("others may write to it")
    } else {
        Ok(())
    }
}

/// Refuses what stands at a file's place and is no file of the user's own.
fn own_file(path: &Path) -> Result<bool, LabError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LabError::io(format!("look at `{}`", path.display()))(error)),
        Ok(found) if found.is_file() && found.uid() == rustix::process::geteuid().as_raw() => Ok(true),
        Ok(_) => Err(LabError::NotOwn { path: path.display().to_string(), why: "it is no file of yours" }),
    }
}

/// Replaces a file in one step, so that readers see the old or the new one. The new one is made under a name nobody
/// foresees and never opened through a link.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    let doing = || format!("write `{}`", path.display());
    own_file(path)?;
    let mut salt = [0_u8; 8];
    SystemRandom::new().fill(&mut salt).map_err(|_| LabError::Control("the system gives no randomness".to_owned()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fresh = path.with_file_name(format!(".{name}.{:016x}", u64::from_be_bytes(salt)));
    let written = create(&fresh).and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&fresh, path));
    written.map_err(|error| {
        let _gone = fs::remove_file(&fresh);
        LabError::io(doing())(error)
    })
}

/// A new file for the owner only; it is an error when there is anything by that name, links included.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(PRIVATE).open(path)
}

/// Opens a file of the user's own, or makes it, and says whether it was made.
pub(crate) fn open_or_create(path: &Path) -> Result<(File, bool), LabError> {
    let doing = || format!("open `{}`", path.display());
    if own_file(path)? {
        let file = OpenOptions::new().read(true).write(true).open(path);
        return Ok((file.map_err(LabError::io(doing()))?, false));
    }
    Ok((create(path).map_err(LabError::io(doing()))?, true))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_and_never_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (file, elsewhere) = (dir.path().join("env"), dir.path().join("elsewhere"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        write_private(&file, b"new").unwrap();
        assert_eq!((fs::read(&file).unwrap().as_slice(), mode(&file)), (b"new".as_slice(), PRIVATE));
        fs::write(&elsewhere, "theirs").unwrap();
        fs::remove_file(&file).unwrap();
        symlink(&elsewhere, &file).unwrap();
        assert!(matches!(write_private(&file, b"new"), Err(LabError::NotOwn { .. })));
        assert!(matches!(open_or_create(&file), Err(LabError::NotOwn { .. })));
        // The name by which the new file was made before is a link of somebody else's.
        symlink(&elsewhere, dir.path().join("kubeconfig.new")).unwrap();
        write_private(&dir.path().join("kubeconfig"), b"new").unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"theirs");
    }

    #[test]
    fn a_folder_is_made_private_and_one_that_others_can_change_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("a/b");
        private_dir(&made).unwrap();
        assert_eq!(mode(&made), PRIVATE_DIR);
        private_dir(&made).unwrap();
        for open in [0o777, 0o770, 0o1777] {
            fs::set_permissions(&made, fs::Permissions::from_mode(open)).unwrap();
            assert!(matches!(private_dir(&made), Err(LabError::NotOwn { .. })), "{open:o}");
        }
        let link = dir.path().join("link");
        symlink(dir.path(), &link).unwrap();
        assert!(matches!(private_dir(&link), Err(LabError::NotOwn { .. })));
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(private_dir(&file), Err(LabError::NotOwn { .. })));
    }
}
