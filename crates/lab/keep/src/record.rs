//! Records of a file: a head with the length, a check of the head and one of what follows it.

use std::io::{self, Read};

/// How each file begins; the number is that of the format.
pub(crate) const MAGIC: &[u8] = b"trustwalk lab state, format 1\n";
/// What stands before the number of the format.
pub(crate) const FAMILY: &[u8] = b"trustwalk lab state, format ";
/// Length, check of the length, check of the payload: four bytes each, the lowest first.
const HEAD: usize = 12;
/// Longest record: several times the largest object of a cluster, or chunk of a snapshot.
pub(crate) const LONGEST: usize = 64 * 1024 * 1024;

/// Adds a record.
pub(crate) fn frame(payload: &[u8], into: &mut Vec<u8>) -> Result<(), String> {
    let length = u32::try_from(payload.len()).ok().filter(|length| *length as usize <= LONGEST);
    let length = length.ok_or_else(|| format!("{} bytes at once are too many", payload.len()))?.to_le_bytes();
    into.extend(length);
    into.extend(crc32fast::hash(&length).to_le_bytes());
    into.extend(crc32fast::hash(payload).to_le_bytes());
    into.extend(payload);
    Ok(())
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A record.
    Record(Vec<u8>),
    /// Nothing: the file ends here.
    End,
    /// A record that was being written when the writer ended.
    Torn,
    /// Something else than was written.
    Damaged(&'static str),
}

/// Reads records from a file of a known length.
pub(crate) struct Records<R> {
    inner: R,
    /// Where the next record begins.
    pub(crate) at: u64,
    length: u64,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(inner: R, at: u64, length: u64) -> Self {
        Self { inner, at, length }
    }

    /// The next record. What is at the very end and not whole was never answered for.
    pub(crate) fn next(&mut self) -> io::Result<Next> {
        let left = self.length.saturating_sub(self.at);
        if left == 0 {
            return Ok(Next::End);
        }
        if left < HEAD as u64 {
            return Ok(Next::Torn);
        }
        let (mut length, mut head_check, mut check) = ([0_u8; 4], [0_u8; 4], [0_u8; 4]);
        for part in [&mut length, &mut head_check, &mut check] {
            self.inner.read_exact(part)?;
        }
        if crc32fast::hash(&length).to_le_bytes() != head_check {
            // A file system may give a file its length before its bytes.
            let empty = [length, head_check, check].concat().iter().all(|byte| *byte == 0) && self.is_empty()?;
            return Ok(if empty { Next::Torn } else { Next::Damaged("the head of a record is not what was written") });
        }
        let size = u32::from_le_bytes(length) as usize;
        if size > LONGEST {
            return Ok(Next::Damaged("a record is too long"));
        }
        let whole = (HEAD + size) as u64;
        if whole > left {
            return Ok(Next::Torn);
        }
        let mut payload = vec![0; size];
        self.inner.read_exact(&mut payload)?;
        if crc32fast::hash(&payload).to_le_bytes() != check {
            let last = whole == left || self.is_empty()?;
            return Ok(if last { Next::Torn } else { Next::Damaged("a record is not what was written") });
        }
        self.at += whole;
        Ok(Next::Record(payload))
    }

    /// Whether nothing but zeros follows.
    fn is_empty(&mut self) -> io::Result<bool> {
        let mut buffer = [0_u8; 4096];
        loop {
            let read = self.inner.read(&mut buffer)?;
            if read == 0 {
                return Ok(true);
            }
            if buffer.iter().take(read).any(|byte| *byte != 0) {
                return Ok(false);
            }
        }
    }
}
