//! Reading a state: the newest snapshot, and the journals from its number on.

use std::{collections::BTreeMap, fs::OpenOptions, path::Path};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{
    KeepError,
    files::{self, Kind, Opened},
    record::Next,
};

/// What was kept: entries by table and key.
#[derive(Debug, Default)]
pub struct Restored {
    tables: BTreeMap<String, BTreeMap<String, Box<RawValue>>>,
    /// Which lab's it is.
    pub(crate) lab: Option<String>,
    /// The last number of a file.
    pub(crate) number: u64,
}

impl Restored {
    /// Whether a lab was kept at all.
    pub fn is_there(&self) -> bool {
        self.lab.is_some()
    }

    /// Takes a table out: its entries by key.
    pub fn take<T: DeserializeOwned>(&mut self, table: &str) -> Result<BTreeMap<String, T>, KeepError> {
        let entries = self.tables.remove(table).unwrap_or_default();
        let read = |(key, value): (String, Box<RawValue>)| match serde_json::from_str(value.get()) {
            Ok(value) => Ok((key, value)),
            Err(error) => Err(KeepError::damaged(&Path::new(table).join(&key), error.to_string())),
        };
        entries.into_iter().map(read).collect()
    }

    /// Takes one entry out.
    pub fn take_one<T: DeserializeOwned>(&mut self, table: &str, key: &str) -> Result<Option<T>, KeepError> {
        let value = self.tables.get_mut(table).and_then(|entries| entries.remove(key));
        let read = |value: Box<RawValue>| {
            serde_json::from_str(value.get())
                .map_err(|error| KeepError::damaged(&Path::new(table).join(key), error.to_string()))
        };
        value.map(read).transpose()
    }

    fn apply(&mut self, record: &[u8], path: &Path) -> Result<(), KeepError> {
        let changes: Vec<(String, String, Option<Box<RawValue>>)> =
            serde_json::from_slice(record).map_err(|error| KeepError::damaged(path, error.to_string()))?;
        for (table, key, value) in changes {
            let entries = self.tables.entry(table).or_default();
            match value {
                Some(value) => drop(entries.insert(key, value)),
                None => drop(entries.remove(&key)),
            }
        }
        Ok(())
    }

    /// Reads what a file holds. Its end may be torn if it is the one that was being written; it is then cut off.
    fn add(&mut self, mut opened: Opened, last: bool) -> Result<(), KeepError> {
        if self.lab.get_or_insert_with(|| opened.lab.clone()) != &opened.lab {
            return Err(KeepError::OtherLab { path: opened.path.display().to_string() });
        }
        loop {
            let next = opened.records.next().map_err(KeepError::io("read", &opened.path))?;
            match next {
                Next::Record(record) => self.apply(&record, &opened.path)?,
                Next::End => return Ok(()),
                Next::Torn if last => {
                    let file = OpenOptions::new().write(true).open(&opened.path);
                    let cut = file.and_then(|file| file.set_len(opened.records.at).and_then(|()| file.sync_all()));
                    return cut.map_err(KeepError::io("mend the end of", &opened.path));
                }
                Next::Torn => return Err(KeepError::damaged(&opened.path, "it ends within a record")),
                Next::Damaged(why) => {
                    return Err(KeepError::damaged(&opened.path, format!("{why}, at byte {}", opened.records.at)));
                }
            }
        }
    }
}

/// Reads the state of a folder. A lab that never got so far as to say that it is up has left nothing.
pub(crate) fn restore(dir: &Path, others: &[&str]) -> Result<Restored, KeepError> {
    let files = files::list(dir, others)?;
    let of = |wanted: Kind| files.iter().filter(move |(_, kind)| *kind == wanted).map(|(number, _)| *number);
    let Some(newest) = of(Kind::Snapshot).max() else {
        return match of(Kind::Journal).min() {
            None | Some(1) => Ok(Restored::default()),
            Some(number) => {
                let path = files::path(dir, Kind::Journal, number);
                Err(KeepError::damaged(&path, "the snapshot that it goes on from is not there"))
            }
        };
    };
    let journals: Vec<u64> = of(Kind::Journal).filter(|number| *number >= newest).collect();
    for (expected, number) in (newest..).zip(&journals) {
        if expected != *number {
            let path = files::path(dir, Kind::Journal, expected);
            return Err(KeepError::damaged(&path, "it is not there"));
        }
    }
    let Some(last) = journals.last().copied() else {
        return Err(KeepError::damaged(&files::path(dir, Kind::Journal, newest), "it is not there"));
    };
    let mut restored = Restored { number: last, ..Restored::default() };
    restored.add(files::open(dir, Kind::Snapshot, newest)?, false)?;
    for number in journals {
        restored.add(files::open(dir, Kind::Journal, number)?, number == last)?;
    }
    Ok(restored)
}
