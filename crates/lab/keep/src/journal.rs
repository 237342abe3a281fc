//! Writing: one file that only grows, and from time to time a snapshot from which a new one goes on.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use serde::Serialize;

use crate::{
    Batch, KeepError, Restored,
    files::{self, Fresh, Kind},
    read,
    record::frame,
};

/// Bytes of a journal after which a snapshot is due at the earliest: some thousands of changes, read in well under a
/// second.
const LEAST: u64 = 8 * 1024 * 1024;
/// Bytes of a record of a snapshot.
const CHUNK: usize = 256 * 1024;

/// The journal of a lab that runs.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    others: &'static [&'static str],
    lab: String,
    writer: Mutex<Writer>,
    /// One snapshot at a time.
    snapshot: Mutex<()>,
    /// Bytes of the last snapshot.
    last: AtomicU64,
    unsynced: AtomicBool,
}

#[derive(Debug)]
struct Writer {
    file: File,
    number: u64,
    /// Where the changes begin.
    begin: u64,
    /// Bytes of changes.
    bytes: u64,
    failed: Option<String>,
}

fn length(file: &File, dir: &Path) -> Result<u64, KeepError> {
    Ok(file.metadata().map_err(KeepError::io("look into", dir))?.len())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything at one time, while it is written.
#[derive(Debug)]
pub struct Snapshot {
    fresh: Fresh,
    batch: Batch,
    bytes: u64,
    failed: Option<String>,
}

impl Snapshot {
    /// Adds an entry.
    pub fn put(&mut self, table: &str, key: &str, value: &impl Serialize) {
        self.batch.put(table, key, value);
        if self.batch.len() >= CHUNK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut framed = Vec::with_capacity(self.batch.len() + 64);
        let written = std::mem::take(&mut self.batch)
            .finish()
            .and_then(|payload| frame(&payload, &mut framed))
            .and_then(|()| self.fresh.file.write_all(&framed).map_err(|error| error.to_string()));
        self.bytes += framed.len() as u64;
        if let Err(why) = written {
            self.failed.get_or_insert(why);
        }
    }
}

impl Journal {
    /// Opens the state of a folder, which may hold the files named in `others` besides. `fresh` names the lab, if there
    /// was none. Nothing that is kept counts before the first snapshot is there.
    pub fn open(dir: &Path, others: &'static [&'static str], fresh: &str) -> Result<(Self, Restored), KeepError> {
        let restored = read::restore(dir, others)?;
        let lab = restored.lab.clone().unwrap_or_else(|| fresh.to_owned());
        // Without a snapshot what a journal holds is nothing, and the first is begun again.
        let number = if restored.is_there() { restored.number + 1 } else { 1 };
        if !restored.is_there() {
            for (number, kind) in files::list(dir, others)? {
                let path = files::path(dir, kind, number);
                fs::remove_file(&path).map_err(KeepError::io("remove", &path))?;
            }
        }
        let file = files::begin(dir, Kind::Journal, number, &lab)?.place()?;
        let begin = length(&file, dir)?;
        let writer = Writer { file, number, begin, bytes: 0, failed: None };
        let journal = Self {
            dir: dir.to_owned(),
            others,
            lab,
            writer: Mutex::new(writer),
            snapshot: Mutex::default(),
            last: AtomicU64::new(0),
            unsynced: AtomicBool::new(false),
        };
        Ok((journal, restored))
    }

    /// Keeps changes: they have reached the kernel when this returns, all of them or, see [`Journal::failure`], none.
    pub fn keep(&self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        let mut framed = Vec::with_capacity(batch.len() + 64);
        let framing = batch.finish().and_then(|payload| frame(&payload, &mut framed));
        let mut writer = locked(&self.writer);
        if writer.failed.is_some() {
            return;
        }
        let written = framing.and_then(|()| writer.file.write_all(&framed).map_err(|error| error.to_string()));
        match written {
            Ok(()) => writer.bytes += framed.len() as u64,
            Err(why) => {
                // What came after half a record could not be read.
                let whole = writer.begin + writer.bytes;
                let _cut = writer.file.set_len(whole);
                writer.failed = Some(why);
            }
        }
        self.unsynced.store(true, Ordering::Relaxed);
    }

    /// Why changes are no longer kept, if so: a lab ends then.
    pub fn failure(&self) -> Option<String> {
        let writer = locked(&self.writer);
        writer.failed.as_ref().map(|why| format!("the state in `{}` cannot be written: {why}", self.dir.display()))
    }

    /// Has everything that was kept reach the disk.
    pub fn sync(&self) {
        if self.unsynced.swap(false, Ordering::Relaxed) {
            let mut writer = locked(&self.writer);
            if let Err(error) = writer.file.sync_data() {
                writer.failed.get_or_insert(error.to_string());
            }
        }
    }

    /// Whether the journal has become so long that a snapshot is worth its while.
    pub fn is_long(&self) -> bool {
        locked(&self.writer).bytes > LEAST.max(self.last.load(Ordering::Relaxed))
    }

    /// Writes everything down as it is now, as `tell` tells it, and forgets the changes of before. Changes meanwhile
    /// are kept beside it, and count more.
    pub fn snapshot(&self, tell: impl FnOnce(&mut Snapshot)) -> Result<(), KeepError> {
        let _alone = locked(&self.snapshot);
        let number = self.turn()?;
        let fresh = files::begin(&self.dir, Kind::Snapshot, number, &self.lab)?;
        let mut snapshot = Snapshot { fresh, batch: Batch::default(), bytes: 0, failed: None };
        tell(&mut snapshot);
        snapshot.flush();
        let path = files::path(&self.dir, Kind::Snapshot, number);
        if let Some(why) = snapshot.failed {
            return Err(KeepError::Io {
                what: format!("write `{}`", path.display()),
                source: std::io::Error::other(why),
            });
        }
        snapshot.fresh.place()?;
        self.last.store(snapshot.bytes, Ordering::Relaxed);
        let old = files::list(&self.dir, self.others)?.into_iter().filter(|(old, _)| *old < number);
        for (number, kind) in old {
            // One that stays is not read, and goes the next time.
            let _gone = fs::remove_file(files::path(&self.dir, kind, number));
        }
        Ok(())
    }

    /// Goes on in a new file; its number.
    fn turn(&self) -> Result<u64, KeepError> {
        let mut writer = locked(&self.writer);
        let number = writer.number + 1;
        writer.file.sync_all().map_err(KeepError::io("write", &self.dir))?;
        writer.file = files::begin(&self.dir, Kind::Journal, number, &self.lab)?.place()?;
        writer.begin = length(&writer.file, &self.dir)?;
        writer.number = number;
        writer.bytes = 0;
        Ok(number)
    }
}
