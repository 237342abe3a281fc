//! Files: read with a limit, written for their owner alone.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use crate::error::CollectError;
use crate::limits::{FILE_BYTES, PIPE_TIMEOUT};

/// A whole file, refused above [`FILE_BYTES`]. A pipe is read where a shell hands it over (`/dev/stdin`, `/dev/fd/N`,
/// as `<(…)` is), for [`PIPE_TIMEOUT`] at most; other devices and pipes never end, or never begin, and are refused.
pub fn read_bounded(path: &Path) -> Result<Vec<u8>, CollectError> {
    read_up_to(path, FILE_BYTES)
}

/// The same with another limit.
pub fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, CollectError> {
    let read = |source| CollectError::Read { path: path.to_owned(), source };
    let file = open(path).map_err(read)?;
    let meta = file.metadata().map_err(read)?;
    let kind = meta.file_type();
    let bytes = if kind.is_file() {
        // A file that is too large is not read to find that out.
        if meta.len() > limit {
            return Err(CollectError::TooLarge { path: path.to_owned(), limit });
        }
        take(file, limit).map_err(read)?
    } else if kind.is_dir() {
        return Err(read(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder")));
    } else if handed_over(path) {
        drop(file);
        piped(path, limit)?
    } else {
        return Err(CollectError::NotAFile { path: path.to_owned() });
    };
    if bytes.len() as u64 > limit { Err(CollectError::TooLarge { path: path.to_owned(), limit }) } else { Ok(bytes) }
}

/// A file of any size, to be read piece by piece. What is no file is refused as in [`read_bounded`], and a file that
/// grows is read to where it ended when it was opened: one that grows faster than it is read has no end.
pub fn open_stream(path: &Path) -> Result<impl Read + Send + use<>, CollectError> {
    let read = |source| CollectError::Read { path: path.to_owned(), source };
    let file = open(path).map_err(read)?;
    let meta = file.metadata().map_err(read)?;
    if meta.is_dir() {
        return Err(read(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder")));
    }
    if !meta.is_file() && !handed_over(path) {
        return Err(CollectError::NotAFile { path: path.to_owned() });
    }
    #[cfg(unix)]
    if !meta.is_file() {
        let flags = rustix::fs::fcntl_getfl(&file).map_err(|e| read(e.into()))?;
        rustix::fs::fcntl_setfl(&file, flags - rustix::fs::OFlags::NONBLOCK).map_err(|e| read(e.into()))?;
    }
    // The kernel's own files say that they are empty.
    let end = if meta.is_file() && meta.len() > 0 { meta.len() } else { u64::MAX };
    Ok(file.take(end))
}

/// Opens without waiting: a named pipe that nobody writes to would hold an ordinary opening for ever.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.cast_signed());
    }
    options.open(path)
}

/// Whether a shell hands this over.
fn handed_over(path: &Path) -> bool {
    let text = path.to_str().unwrap_or_default();
    let number = ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| text.strip_prefix(folder));
    text == "/dev/stdin" || number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Reads on a thread of its own, because nothing else ends a read from a pipe in which nothing comes.
fn piped(path: &Path, limit: u64) -> Result<Vec<u8>, CollectError> {
    let (tell, told) = mpsc::channel();
    let from = path.to_owned();
    std::thread::spawn(move || {
        // Nobody listens any more once the time is up.
        let _ = tell.send(File::open(&from).and_then(|file| take(file, limit)));
    });
    let failed = |source| CollectError::Read { path: path.to_owned(), source };
    told.recv_timeout(PIPE_TIMEOUT).map_err(|_| CollectError::Slow { path: path.to_owned() })?.map_err(failed)
}

/// One byte more than the limit tells what is too large.
fn take(from: impl Read, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What writes a file's content.
type Content<'a> = &'a dyn Fn(&mut BufWriter<File>) -> std::io::Result<()>;

/// Writes a file of these bytes that its owner alone may read, in place of another only where that is asked for. No
/// link is followed.
pub fn write_own(path: &Path, overwrite: bool, bytes: &[u8]) -> Result<(), CollectError> {
    write_private(path, overwrite, &|file| file.write_all(bytes))
}

/// Writes a file that its owner alone may read, in place of another only where that is asked for.
pub(crate) fn write_private(path: &Path, overwrite: bool, content: Content<'_>) -> Result<(), CollectError> {
    if overwrite { replace_private(path, content) } else { write_new_private(path, content) }
}

/// Writes a new file that its owner alone may read. Nothing is there before: neither a file, which would keep its
/// old mode and lose its content, nor a link, which would lead elsewhere.
fn write_new_private(path: &Path, content: Content<'_>) -> Result<(), CollectError> {
    let failed = |source: std::io::Error| {
        if source.kind() == std::io::ErrorKind::AlreadyExists {
            CollectError::Exists { path: path.to_owned() }
        } else {
            CollectError::Write { path: path.to_owned(), source }
        }
    };
    let mut options = OpenOptions::new();
    // O_CREAT with O_EXCL follows no link, even one that leads nowhere (POSIX, `open`).
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(path).map_err(failed)?);
    let written = content(&mut file).and_then(|()| file.flush()).and_then(|()| file.get_ref().sync_all());
    if written.is_err() {
        // Half a file is none; that it could not be written is said in any case.
        let _ = std::fs::remove_file(path);
    }
    written.map_err(failed)
}

/// Writes such a file in place of another: beside it first, so that whoever reads it finds the old one or the new one.
/// A link is replaced, not followed.
fn replace_private(path: &Path, content: Content<'_>) -> Result<(), CollectError> {
    let failed = |source| CollectError::Write { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(failed(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder")));
    }
    let beside = beside(path);
    write_new_private(&beside, content)?;
    std::fs::rename(&beside, path).map_err(|source| {
        let _ = std::fs::remove_file(&beside);
        failed(source)
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_never_ends_or_never_begins_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for path in [Path::new("/dev/zero"), fifo.as_path()] {
            assert!(matches!(read_bounded(path), Err(CollectError::NotAFile { .. })), "{}", path.display());
        }
        assert!(matches!(read_bounded(dir.path()), Err(CollectError::Read { .. })));
        for path in [Path::new("/dev/zero"), fifo.as_path()] {
            assert!(matches!(open_stream(path), Err(CollectError::NotAFile { .. })), "{}", path.display());
        }
        assert!(matches!(open_stream(dir.path()), Err(CollectError::Read { .. })));
        let file = dir.path().join("file");
        std::fs::write(&file, [0; 9]).unwrap();
        assert!(matches!(read_up_to(&file, 8), Err(CollectError::TooLarge { limit: 8, .. })));
        assert_eq!(read_up_to(&file, 9).unwrap().len(), 9);
        let mut stream = open_stream(&file).unwrap();
        OpenOptions::new().append(true).open(&file).unwrap().write_all(&[1; 9]).unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        assert_eq!(read, [0; 9], "what was written after it was opened is read");
    }

    #[test]
    fn what_a_shell_hands_over_is_told_by_its_name() {
        for path in ["/dev/stdin", "/dev/fd/63", "/proc/self/fd/7"] {
            assert!(handed_over(Path::new(path)), "{path}");
        }
        for path in ["/dev/zero", "/dev/fd/", "/dev/fd/../zero", "fifo", "/proc/self/fd/x"] {
            assert!(!handed_over(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_new_file_is_ones_own_and_takes_the_place_of_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &Path, overwrite, bytes: &[u8]| write_private(path, overwrite, &|file| file.write_all(bytes));
        let (path, link, other) = (dir.path().join("a"), dir.path().join("link"), dir.path().join("other"));
        put(&path, false, b"x").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(put(&path, false, b"y"), Err(CollectError::Exists { .. })));
        symlink(&other, &link).unwrap();
        assert!(matches!(put(&link, false, b"y"), Err(CollectError::Exists { .. })));
        assert!(!other.exists(), "a link that leads nowhere was followed");
        std::fs::write(&other, b"theirs").unwrap();
        std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o644)).unwrap();
        put(&link, true, b"y").unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"theirs", "a link was followed");
        put(&other, true, b"z").unwrap();
        assert_eq!(other.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left beside");
    }
}
