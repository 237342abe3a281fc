//! A lab's hold on its folder: one lab at a time, found out by a lock that ends with the process, however it ends.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{LabError, files};

/// The lock's file. It is there for as long as the lab is, and stays when the lab was killed: whatever else is in
/// the folder is then known to be a lab's.
const LOCK: &str = "lab.lock";
/// Folder of the CI job's files.
pub(crate) const CI: &str = "ci";
/// Attempts at a lock whose file is taken away by a lab that ends just then.
const ATTEMPTS: u8 = 8;
/// Longest process id read from a lock.
const LONGEST_PID: u64 = 20;

/// Holds the folder for as long as it exists.
#[derive(Debug)]
pub(crate) struct Hold {
    dir: PathBuf,
    made_dir: bool,
    cleaned: AtomicBool,
    lock: File,
}

impl Hold {
    /// Takes the folder. Refused when a lab runs there, or when it holds files of the lab's names that are no lab's.
    pub(crate) fn take(dir: &Path) -> Result<Self, LabError> {
        let made_dir = fs::symlink_metadata(dir).is_err();
        files::private_dir(dir)?;
        let path = dir.join(LOCK);
        for _ in 0..ATTEMPTS {
            let (mut lock, fresh) = files::open_or_create(&path)?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(running(dir, &mut lock)),
                Err(TryLockError::Error(error)) => {
                    return Err(LabError::io(format!("lock `{}`", path.display()))(error));
                }
            }
            if !is_still(&lock, &path) {
                continue;
            }
            let hold = Self { dir: dir.to_owned(), made_dir, cleaned: AtomicBool::new(false), lock };
            if fresh && let Some(name) = foreign(dir) {
                let _gone = fs::remove_file(&path);
                let path = dir.join(name).display().to_string();
                return Err(LabError::NotOwn { path, why: "it is there already and no running lab's" });
            }
            hold.sign()?;
            return Ok(hold);
        }
        Err(LabError::Running { dir: dir.display().to_string(), who: "another process".to_owned() })
    }

    /// Leaves the process's id, for whoever finds the folder taken.
    fn sign(&self) -> Result<(), LabError> {
        let doing = || format!("write `{}`", self.dir.join(LOCK).display());
        let mut file = &self.lock;
        file.set_len(0).map_err(LabError::io(doing()))?;
        write!(file, "{}", std::process::id()).map_err(LabError::io(doing()))
    }

    /// Takes away what the lab left in its folder, and the folder if it made it and nothing else is there.
    pub(crate) fn clean(&self) {
        // Once: after that the folder may be another lab's.
        if self.cleaned.swap(true, Ordering::Relaxed) {
            return;
        }
        clean(&self.dir);
        if self.made_dir {
            // Not empty: somebody has put something there, which stays.
            let _kept = fs::remove_dir(&self.dir);
        }
    }
}

/// Whether a lab holds the folder now.
pub(crate) fn is_held(dir: &Path) -> bool {
    // A lock that cannot be tried is somebody's.
    File::open(dir.join(LOCK)).is_ok_and(|lock| lock.try_lock_shared().is_err())
}

/// Takes away what a lab left that was killed; whether there was anything.
pub(crate) fn clean_up_after_killed(dir: &Path) -> Result<bool, LabError> {
    if files::own_dir(dir).is_err() || fs::symlink_metadata(dir.join(LOCK)).is_err() || is_held(dir) {
        return Ok(false);
    }
    let _hold = Hold::take(dir)?;
    clean(dir);
    Ok(true)
}

fn clean(dir: &Path) {
    // What is gone already is as good, and what cannot be removed is tried by the next lab.
    for name in files::CLIENT_FILES.into_iter().chain([files::STATE]) {
        let _gone = fs::remove_file(dir.join(name));
    }
    let _gone = fs::remove_dir_all(dir.join(CI));
    // Last: while it is there, the rest is known to be a lab's.
    let _gone = fs::remove_file(dir.join(LOCK));
}

/// The first name of the lab's that the folder holds although no lab has left its lock there.
fn foreign(dir: &Path) -> Option<&'static str> {
    // The state file is no other program's: with it, the rest is of a lab of before there were locks.
    if fs::symlink_metadata(dir.join(files::STATE)).is_ok() {
        return None;
    }
    files::CLIENT_FILES.into_iter().chain([CI]).find(|name| fs::symlink_metadata(dir.join(name)).is_ok())
}

/// Whether the file that was locked is the one that stands there: a lab that ended may have taken it away.
fn is_still(lock: &File, path: &Path) -> bool {
    let places = lock.metadata().ok().zip(fs::symlink_metadata(path).ok());
    places.is_some_and(|(own, there)| (own.dev(), own.ino()) == (there.dev(), there.ino()))
}

fn running(dir: &Path, lock: &mut File) -> LabError {
    let mut pid = String::new();
    let _unread = lock.rewind().and_then(|()| lock.take(LONGEST_PID).read_to_string(&mut pid));
    let who = pid.parse::<u32>().map_or_else(|_| "another process".to_owned(), |pid| format!("process {pid}"));
    LabError::Running { dir: dir.display().to_string(), who }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_lab_and_is_clean_after_it() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("lab");
        let first = Hold::take(&dir).unwrap();
        let refused = Hold::take(&dir).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert!(is_held(&dir));
        files::write_private(&dir.join("env"), b"x").unwrap();
        first.clean();
        drop(first);
        assert!(!dir.exists());
        fs::create_dir(&dir).unwrap();
        Hold::take(&dir).unwrap().clean();
        assert!(dir.exists(), "a folder that was there stays");
    }

    #[test]
    fn what_a_killed_lab_left_is_taken_over_and_what_is_not_a_labs_is_not() {
        let dir = tempfile::tempdir().unwrap();
        drop(Hold::take(dir.path()).unwrap());
        fs::write(dir.path().join("env"), "old").unwrap();
        assert!(!is_held(dir.path()));
        drop(Hold::take(dir.path()).unwrap());
        assert!(clean_up_after_killed(dir.path()).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(!clean_up_after_killed(dir.path()).unwrap());
        fs::write(dir.path().join("kubeconfig"), "mine").unwrap();
        let refused = Hold::take(dir.path()).unwrap_err();
        assert!(matches!(refused, LabError::NotOwn { .. }), "{refused}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
