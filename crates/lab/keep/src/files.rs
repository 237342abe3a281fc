//! The files of a state: a journal and the snapshot that it goes on from have the same number.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    KeepError,
    record::{FAMILY, MAGIC, Next, Records, frame},
};

/// Read and write for the owner, nothing for others.
const PRIVATE: u32 = 0o600;
/// Longest line that says what a file is.
const LONGEST_LINE: u64 = 80;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Everything at one time.
    Snapshot,
    /// Changes since.
    Journal,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Journal => "journal",
        }
    }
}

/// The first record of each file.
#[derive(Debug, Serialize, Deserialize)]
struct Title {
    lab: String,
    kind: Kind,
    number: u64,
}

/// Name of a file.
pub(crate) fn path(dir: &Path, kind: Kind, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.{}", kind.name()))
}

/// The files of a folder, in the order of their numbers. What is neither a state's nor named in `others` is refused.
pub(crate) fn list(dir: &Path, others: &[&str]) -> Result<Vec<(u64, Kind)>, KeepError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(KeepError::io("look into", dir))? {
        let entry = entry.map_err(KeepError::io("look into", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if others.contains(&name.as_str()) {
            continue;
        }
        let (number, kind) = name.split_once('.').unwrap_or_default();
        let known = [Kind::Snapshot, Kind::Journal].into_iter().find(|known| known.name() == kind);
        match (number.parse(), known) {
            (Ok(number), Some(kind)) if entry.path() == path(dir, kind, number) => found.push((number, kind)),
            // One that was being made.
            (Ok(_), None) if kind.strip_suffix(".new").is_some_and(|k| k == "snapshot" || k == "journal") => {
                let _gone = fs::remove_file(entry.path());
            }
            _ => return Err(KeepError::Foreign { path: entry.path().display().to_string() }),
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// A file that is not yet there under its name.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) file: File,
    at: PathBuf,
    path: PathBuf,
}

/// Begins a file.
pub(crate) fn begin(dir: &Path, kind: Kind, number: u64, lab: &str) -> Result<Fresh, KeepError> {
    let path = path(dir, kind, number);
    let at = path.with_extension(format!("{}.new", kind.name()));
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(PRIVATE)
        .open(&at)
        .map_err(KeepError::io("make", &at))?;
    let mut bytes = MAGIC.to_vec();
    let title = Title { lab: lab.to_owned(), kind, number };
    let title = serde_json::to_vec(&title).map_err(|e| KeepError::damaged(&at, e.to_string()))?;
    frame(&title, &mut bytes).map_err(|why| KeepError::damaged(&at, why))?;
    file.write_all(&bytes).map_err(KeepError::io("write", &at))?;
    Ok(Fresh { file, at, path })
}

impl Fresh {
    /// Puts it in its place, all that was written with it.
    pub(crate) fn place(self) -> Result<File, KeepError> {
        self.file.sync_all().map_err(KeepError::io("write", &self.at))?;
        fs::rename(&self.at, &self.path).map_err(KeepError::io("write", &self.path))?;
        if let Some(dir) = self.path.parent() {
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(KeepError::io("write", dir))?;
        }
        Ok(self.file)
    }
}

/// A file that is read, after its title.
pub(crate) struct Opened {
    pub(crate) records: Records<BufReader<File>>,
    pub(crate) path: PathBuf,
    pub(crate) lab: String,
}

/// Opens a file and reads what it is.
pub(crate) fn open(dir: &Path, kind: Kind, number: u64) -> Result<Opened, KeepError> {
    let path = path(dir, kind, number);
    let file = File::open(&path).map_err(KeepError::io("read", &path))?;
    let length = file.metadata().map_err(KeepError::io("read", &path))?.len();
    let mut reader = BufReader::new(file);
    let mut magic = vec![0; MAGIC.len()];
    let read = reader.read_exact(&mut magic);
    if read.is_err() || magic != MAGIC {
        let mut rest = Vec::new();
        let _unread = reader.take(LONGEST_LINE).read_to_end(&mut rest);
        let line: Vec<u8> = magic.iter().chain(&rest).copied().take_while(|byte| *byte != b'\n').collect();
        let format = line.strip_prefix(FAMILY).filter(|f| !f.is_empty() && f.iter().all(u8::is_ascii_digit));
        if let Some(format) = format {
            let found = String::from_utf8_lossy(format).into_owned();
            return Err(KeepError::Version { path: path.display().to_string(), found, ours: "1" });
        }
        return Err(KeepError::damaged(&path, "it does not begin as such a file does"));
    }
    let mut records = Records::new(reader, MAGIC.len() as u64, length);
    let title = match records.next().map_err(KeepError::io("read", &path))? {
        Next::Record(bytes) => serde_json::from_slice::<Title>(&bytes).ok(),
        Next::End | Next::Torn | Next::Damaged(_) => None,
    };
    let title = title.ok_or_else(|| KeepError::damaged(&path, "it does not say what it is"))?;
    if (title.kind, title.number) != (kind, number) {
        return Err(KeepError::damaged(&path, "it had another name when it was written"));
    }
    Ok(Opened { records, path, lab: title.lab })
}
