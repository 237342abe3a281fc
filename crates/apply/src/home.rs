//! What is the user's own: the folder with the key that signs receipts and with the locks, and the clock.
//!
//! Nothing here stands in a folder that others may write to, and nothing that another user put there is opened.

use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;

use crate::error::{ApplyError, HomeError};

/// The key's file, and its length: that of the digest, as RFC 2104 recommends.
const KEY_FILE: &str = "receipt-key";
const KEY_BYTES: usize = 32;
/// What nobody but the user may do with a file of the user's.
const OTHERS: u32 = 0o077;
/// The same of a folder, whose list is no secret.
const OTHERS_WRITE: u32 = 0o022;

/// Where a user's key and locks are, and what time it is.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
    clock: fn() -> i64,
}

impl Home {
    /// The user's own: `$XDG_STATE_HOME/trustwalk`, else `~/.local/state/trustwalk` (XDG Base Directory
    /// Specification, by which a path that is not absolute counts as none).
    ///
    /// Locks stand there too and not in `$XDG_RUNTIME_DIR`, which a run from cron does not have: two runs have to
    /// look in the same place to see each other.
    pub fn of_user() -> Result<Self, ApplyError> {
        let absolute = |name: &str| trustwalk_collect::env_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|h| h.join(".local").join("state")));
        let folder = state.ok_or(ApplyError::Home(HomeError::Nowhere))?.join("trustwalk");
        Ok(Self::at(folder))
    }

    /// Another folder, such as a demonstration's.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder, clock: || jiff::Timestamp::now().as_second() }
    }

    /// The same with another clock, for tests.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> i64) -> Self {
        Self { clock, ..self }
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// The key, made at its first use.
    pub(crate) fn key(&self) -> Result<hmac::Key, ApplyError> {
        if let Some(key) = self.known_key()? {
            return Ok(key);
        }
        self.open_folder()?;
        let path = self.folder.join(KEY_FILE);
        let fail = |source: std::io::Error| ApplyError::Home(HomeError::Io { path: path.clone(), source });
        let mut bytes = [0; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| fail(std::io::Error::other("the system gives no random numbers")))?;
        let mut file = private_temporary(&self.folder).map_err(fail)?;
        file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            // Another run was first: its key counts.
            Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(fail(e.error)),
        }
        self.known_key()?.ok_or_else(|| fail(std::io::ErrorKind::NotFound.into()))
    }

    /// The key, if there is one: a receipt can be recognised by no other.
    pub(crate) fn known_key(&self) -> Result<Option<hmac::Key>, ApplyError> {
        let path = self.folder.join(KEY_FILE);
        match self.folder.symlink_metadata() {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            _ => check_folder(&self.folder)?,
        }
        let fail = |source| ApplyError::Home(HomeError::Io { path: path.clone(), source });
        let file = match open_own(&path, File::options().read(true)) {
            Ok(file) => file,
            Err(ApplyError::Home(HomeError::Io { source, .. })) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(other) => return Err(other),
        };
        let mut bytes = Vec::with_capacity(KEY_BYTES);
        file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
        if bytes.len() != KEY_BYTES {
            return Err(ApplyError::Home(HomeError::NotAKey { path }));
        }
        Ok(Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// What this user knows a plan of its own by: `text` is the plan without it.
    pub fn seal_of_plan(&self, text: &[u8]) -> Result<String, ApplyError> {
        let code = hmac::sign(&self.key()?, &of_plan(text));
        let mut digits = String::new();
        for byte in code.as_ref() {
            // Writing to memory does not fail.
            let _ = write!(digits, "{byte:02x}");
        }
        Ok(digits)
    }

    /// Whether this user made the plan on this machine.
    pub fn knows_plan(&self, text: &[u8], seal: &str) -> bool {
        let code: Option<Vec<u8>> = seal.as_bytes().chunks(2).map(byte).collect();
        match (self.known_key(), code) {
            (Ok(Some(key)), Some(code)) => hmac::verify(&key, &of_plan(text), &code).is_ok(),
            _ => false,
        }
    }

    /// Keeps every other run of this user away from what the name stands for until the file is dropped, which the
    /// system does for a process that dies.
    pub(crate) fn lock(&self, name: &str) -> Result<File, ApplyError> {
        self.open_folder()?;
        let path = self.folder.join(format!("{name}.lock"));
        let file = open_own(&path, File::options().write(true).create(true).truncate(false))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(ApplyError::Busy),
            Err(TryLockError::Error(source)) => Err(ApplyError::Lock { path, source }),
        }
    }

    fn open_folder(&self) -> Result<(), ApplyError> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let fail = |source| ApplyError::Home(HomeError::Io { path: self.folder.clone(), source });
        builder.create(&self.folder).map_err(fail)?;
        check_folder(&self.folder)
    }
}

/// A plan's text, as no receipt begins.
fn of_plan(text: &[u8]) -> Vec<u8> {
    [b"plan of trustwalk\n", text].concat()
}

/// Two hexadecimal digits.
fn byte(digits: &[u8]) -> Option<u8> {
    let plain = digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
    u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| plain)?, 16).ok()
}

/// A file of a name nobody could foresee, made for nobody but the user.
pub(crate) fn private_temporary(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".trustwalk-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
    builder.tempfile_in(folder)
}

/// Opens what has to be a plain file: no link is followed, and nothing that would make the opening wait.
pub(crate) fn open_plain(path: &Path, options: &mut std::fs::OpenOptions) -> std::io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).map_err(std::io::Error::other)?;
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
        std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
        let is_link = path.symlink_metadata().is_ok_and(|m| m.is_symlink());
        let file = options.open(path).map_err(|e| if is_link { linked() } else { e })?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(not_plain()) }
    }
    #[cfg(not(unix))]
    {
        if path.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
            return Err(linked());
        }
        let file = options.open(path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(not_plain()) }
    }
}

fn linked() -> std::io::Error {
    std::io::Error::other("it is a link, which is not followed: name the file itself")
}

fn not_plain() -> std::io::Error {
    std::io::Error::other("it is no plain file")
}

fn open_own(path: &Path, options: &mut std::fs::OpenOptions) -> Result<File, ApplyError> {
    let fail = |source| ApplyError::Home(HomeError::Io { path: path.to_owned(), source });
    let file = open_plain(path, options).map_err(fail)?;
    own(path, &file.metadata().map_err(fail)?, OTHERS)?;
    Ok(file)
}

fn check_folder(folder: &Path) -> Result<(), ApplyError> {
    let fail = |source| ApplyError::Home(HomeError::Io { path: folder.to_owned(), source });
    let metadata = folder.symlink_metadata().map_err(fail)?;
    if !metadata.is_dir() {
        return Err(fail(std::io::Error::other("it is no folder")));
    }
    own(folder, &metadata, OTHERS_WRITE)
}

/// Refuses what belongs to another user, and what others may read or write.
#[cfg(unix)]
fn own(path: &Path, metadata: &std::fs::Metadata, forbidden: u32) -> Result<(), ApplyError> {
    use std::os::unix::fs::MetadataExt as _;
    let refuse = |why| Err(ApplyError::Home(HomeError::Shared { path: path.to_owned(), why }));
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refuse("it belongs to another user");
    }
    if metadata.mode() & forbidden != 0 {
        return refuse("others may read or change it; `chmod go=` takes that away");
    }
    Ok(())
}

#[cfg(not(unix))]
fn own(_: &Path, _: &std::fs::Metadata, _: u32) -> Result<(), ApplyError> {
    // A profile's folder is the user's by its access list.
    Ok(())
}

#[cfg(unix)]
/// SHA-256 in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    sum.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _infallible = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("state").join("trustwalk"));
        (dir, home)
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn tag(key: &hmac::Key) -> Vec<u8> {
        hmac::sign(key, b"x").as_ref().to_vec()
    }

    fn why<T>(outcome: Result<T, ApplyError>) -> String {
        outcome.map(drop).map_err(|e| format!("{e:?}")).unwrap_err()
    }

    #[test]
    fn a_key_is_made_once_and_for_its_user_alone() {
        let (_dir, home) = home();
        assert!(home.known_key().unwrap().is_none(), "looking makes none");
        assert!(!home.folder.exists());
        let first = tag(&home.key().unwrap());
        assert_eq!(tag(&home.key().unwrap()), first);
        assert_eq!((mode(&home.folder), mode(&home.folder.join(KEY_FILE))), (0o700, 0o600));
        assert_eq!(std::fs::read_dir(&home.folder).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn runs_that_start_together_agree_on_one_key() {
        let (_dir, home) = home();
        let tags: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| tag(&home.key().unwrap()))).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(tags.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn what_others_could_have_put_there_is_not_used() {
        let (dir, home) = home();
        home.key().unwrap();
        let path = home.folder.join(KEY_FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(why(home.key()).contains("others may"), "a readable key");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(dir.path().join("planted"), [0; KEY_BYTES]).unwrap();
        symlink(dir.path().join("planted"), &path).unwrap();
        assert!(why(home.key()).contains("link"), "a link");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"short").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(why(home.key()).contains("NotAKey"), "a short key");
        std::fs::set_permissions(&home.folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(why(home.lock("x")).contains("others may"), "a shared folder");
        let link = dir.path().join("linked");
        symlink(dir.path(), &link).unwrap();
        assert!(Home::at(link).lock("x").is_err(), "a folder behind a link");
    }

    #[test]
    fn a_lock_is_held_by_one_run_at_a_time_and_free_when_it_ends() {
        let (_dir, home) = home();
        let held = home.lock("a").unwrap();
        assert!(matches!(home.lock("a"), Err(ApplyError::Busy)));
        assert!(home.lock("b").is_ok());
        drop(held);
        assert!(home.lock("a").is_ok());
        symlink(home.folder.join("a.lock"), home.folder.join("c.lock")).unwrap();
        assert!(home.lock("c").is_err(), "a link is not followed");
    }

    #[test]
    fn only_plain_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let open = |path: &Path| open_plain(path, File::options().read(true));
        assert!(open(Path::new("/dev/zero")).is_err());
        assert!(open(dir.path()).is_err());
        let socket = dir.path().join("s");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(open(&socket).is_err());
        let pipe = dir.path().join("p");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(open(&pipe).is_err(), "and nobody waits for a writer");
    }
}
