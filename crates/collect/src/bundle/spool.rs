//! Lines of JSON that are held compressed: what identities of one cluster say is much alike.

use std::io::{self, BufRead as _, BufReader, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use trustwalk_foreign::visible;

/// Lines while they come.
#[derive(Debug)]
pub(super) struct Spool {
    packed: DeflateEncoder<Vec<u8>>,
    lines: usize,
}

impl Default for Spool {
    fn default() -> Self {
        Self { packed: DeflateEncoder::new(Vec::new(), Compression::fast()), lines: 0 }
    }
}

impl Spool {
    /// Adds a line, in which there is no break.
    pub(super) fn add(&mut self, line: &str) -> io::Result<()> {
        self.lines += 1;
        self.packed.write_all(line.as_bytes())?;
        self.packed.write_all(b"\n")
    }

    pub(super) fn done(self) -> io::Result<Lines> {
        Ok(Lines { packed: self.packed.finish()?, lines: self.lines })
    }
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines {
    packed: Vec<u8>,
    lines: usize,
}

impl Lines {
    /// One after the other.
    pub(super) fn each(&self) -> impl Iterator<Item = io::Result<String>> {
        BufReader::new(DeflateDecoder::new(self.packed.as_slice())).lines()
    }
}

impl Serialize for Lines {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut all = to.serialize_seq(Some(self.lines))?;
        for line in self.each() {
            let line = line.map_err(S::Error::custom)?;
            // A formatter does not look into what is JSON already.
            let line = visible::json(&line).into_owned();
            all.serialize_element(&RawValue::from_string(line).map_err(S::Error::custom)?)?;
        }
        all.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_are_written_with_what_is_hidden_spelled_out() {
        let mut spool = Spool::default();
        let lines = ["{\"a\":\"b\u{200b}\"}", "[1]"];
        for line in lines {
            spool.add(line).unwrap();
        }
        let kept = spool.done().unwrap();
        assert_eq!(kept.each().collect::<io::Result<Vec<_>>>().unwrap(), lines);
        assert_eq!(serde_json::to_string(&kept).unwrap(), "[{\"a\":\"b\\u200b\"},[1]]");
    }
}
