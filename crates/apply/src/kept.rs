//! The journal's file, and room for all that a run may still write to it.
//!
//! Two files of the same size stand side by side before anything is changed: the journal and a spare. What is
//! written goes into the spare, which has its blocks already, is synced, and the two change names. So a disk that
//! fills up in the midst of a run takes nothing from the journal, and a crash at any point leaves either what was
//! there before or what was written, whole. The room behind the text is filled with blanks, which JSON allows.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::home::{digest, open_plain, private_temporary};

/// A file that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    path: PathBuf,
    spare: PathBuf,
    room: u64,
    /// Length of what the file holds, without the room behind it; `None` until it is written.
    text: Option<u64>,
}

impl Kept {
    /// Takes room for a file of so many bytes, and as many again.
    pub(crate) fn reserve(path: &Path, room: u64) -> std::io::Result<Self> {
        let name = path.file_name().unwrap_or_default();
        let short: String = digest(name.as_encoded_bytes()).chars().take(16).collect();
        let spare = folder_of(path).join(format!(".trustwalk-{short}.spare"));
        let kept = Self { path: path.to_owned(), spare, room, text: None };
        kept.make_spare()?;
        Ok(kept)
    }

    /// Creates the file. One that is there already is never replaced.
    pub(crate) fn create(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = private_temporary(folder_of(&self.path))?;
        fill(file.as_file_mut(), bytes, self.room)?;
        file.persist_noclobber(&self.path).map_err(|e| e.error)?;
        self.text = Some(bytes.len() as u64);
        self.sync_folder();
        Ok(())
    }

    /// Replaces what the file holds, at once and for good.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.room = self.room.max(bytes.len() as u64);
        // A spare that somebody took away is made again, while there is room.
        if self.spare.symlink_metadata().is_err() {
            self.make_spare()?;
        }
        let mut file = open_plain(&self.spare, File::options().write(true))?;
        fill(&mut file, bytes, self.room)?;
        if !exchanged(&self.spare, &self.path)? {
            std::fs::rename(&self.spare, &self.path)?;
            // This file system cannot exchange names, so the next spare needs new room.
            self.make_spare()?;
        }
        self.text = Some(bytes.len() as u64);
        self.sync_folder();
        Ok(())
    }

    fn make_spare(&self) -> std::io::Result<()> {
        // One that a killed run left is in nobody's use: the run's lock is held here.
        if open_plain(&self.spare, File::options().read(true)).is_ok() {
            std::fs::remove_file(&self.spare)?;
        }
        let mut options = File::options();
        options.write(true).create_new(true);
        let made = open_plain(&self.spare, &mut options).and_then(|mut file| fill(&mut file, b"", self.room));
        if made.is_err() {
            let _left = std::fs::remove_file(&self.spare);
        }
        made
    }

    /// The new name must outlive a power cut as well; a folder that cannot be synced is no reason to stop.
    fn sync_folder(&self) {
        if let Ok(folder) = File::open(folder_of(&self.path)) {
            let _unsynced = folder.sync_all();
        }
    }
}

impl Drop for Kept {
    /// What a run leaves is the journal alone, without the room behind it. Giving room back takes none, and a file
    /// that keeps its blanks is as good.
    fn drop(&mut self) {
        let _left = std::fs::remove_file(&self.spare);
        if let (Some(text), Ok(file)) = (self.text, open_plain(&self.path, File::options().write(true)))
            && file.metadata().is_ok_and(|m| m.len() == self.room)
        {
            let _longer = file.set_len(text).and_then(|()| file.sync_all());
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the bytes from the start and blanks to the end of the room, and waits until all of it is on the disk.
fn fill(file: &mut File, bytes: &[u8], room: u64) -> std::io::Result<()> {
    let blanks = usize::try_from(room).unwrap_or(usize::MAX).saturating_sub(bytes.len());
    let mut whole = Vec::with_capacity(bytes.len() + blanks);
    whole.extend_from_slice(bytes);
    whole.resize(bytes.len() + blanks, b' ');
    file.write_all(&whole)?;
    file.set_len(whole.len() as u64)?;
    file.sync_all()
}

/// Gives each of two files the other's name, in one instant; `false` where that cannot be done.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchanged(a: &Path, b: &Path) -> std::io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        // renameat2(2): a file system or a kernel that has not got it. A journal that is gone is written anew.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::NOENT) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchanged(_: &Path, _: &Path) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::os::unix::fs::MetadataExt as _;

    fn blocks(dir: &Path) -> BTreeSet<(u64, u64, u64)> {
        let of = |e: std::io::Result<std::fs::DirEntry>| e.unwrap().metadata().unwrap();
        std::fs::read_dir(dir).unwrap().map(of).map(|m| (m.ino(), m.size(), m.blocks())).collect()
    }

    #[test]
    fn what_is_written_in_the_midst_needs_no_room_that_was_not_taken_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r");
        let mut kept = Kept::reserve(&path, 70_000).unwrap();
        kept.create(b"one").unwrap();
        let before = blocks(dir.path());
        assert_eq!(before.len(), 2);
        for text in ["a longer text", "two", &"x".repeat(60_000)] {
            kept.put(text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap().trim_end_matches(' '), text);
            assert_eq!(blocks(dir.path()), before, "the same two files with the same blocks");
        }
        kept.put(b"end").unwrap();
        drop(kept);
        assert_eq!(std::fs::read(&path).unwrap(), b"end");
        assert_eq!(blocks(dir.path()).len(), 1, "nothing else is left");
    }

    #[test]
    fn more_than_was_foreseen_is_kept_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r");
        let mut kept = Kept::reserve(&path, 4).unwrap();
        kept.create(b"1234").unwrap();
        kept.put(b"123456789").unwrap();
        kept.put(b"1").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1        ");
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_away_and_what_is_no_plain_file_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r");
        let kept = Kept::reserve(&path, 10).unwrap();
        let spare = kept.spare.clone();
        std::mem::forget(kept);
        std::fs::write(&spare, "{half of a rec").unwrap();
        let mut kept = Kept::reserve(&path, 10).unwrap();
        kept.create(b"x").unwrap();
        std::fs::remove_file(&spare).unwrap();
        kept.put(b"y").unwrap();
        assert_eq!(std::fs::read(&path).unwrap().first(), Some(&b'y'), "a spare that was taken away is made again");
        drop(kept);
        assert!(spare.symlink_metadata().is_err());
        let precious = dir.path().join("precious");
        std::fs::write(&precious, "mine").unwrap();
        std::os::unix::fs::symlink(&precious, &spare).unwrap();
        assert!(Kept::reserve(&path, 10).is_err());
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "mine");
    }
}
