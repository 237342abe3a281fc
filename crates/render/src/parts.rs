//! A JSON document that is written while it is made: part by part, together what [`Shown::json`] makes of the whole.

use std::io::{Error, ErrorKind, Result, Write};

use serde::Serialize;

use crate::Shown;

/// Bytes of one part: some thousand writes for the largest documents, and no memory to speak of.
const PART_BYTES: usize = 64 << 10;

/// Hands a document on in parts, laid out for people. The first error of whoever takes them ends it.
///
/// # Errors
/// When a part is not taken, or the document cannot be written as JSON.
pub fn json_in_parts(document: &impl Serialize, take: impl FnMut(&Shown) -> Result<()>) -> Result<()> {
    let mut parts = Parts { take, bytes: Vec::with_capacity(2 * PART_BYTES) };
    serde_json::to_writer_pretty(&mut parts, document)?;
    parts.write_all(b"\n")?;
    parts.flush()
}

struct Parts<F> {
    take: F,
    bytes: Vec<u8>,
}

impl<F: FnMut(&Shown) -> Result<()>> Parts<F> {
    /// Hands on what is there, but for a character that is not yet whole.
    fn hand_on(&mut self) -> Result<()> {
        let whole = match std::str::from_utf8(&self.bytes) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(Error::new(ErrorKind::InvalidData, error)),
        };
        let rest = self.bytes.split_off(whole);
        let text = String::from_utf8(std::mem::replace(&mut self.bytes, rest))
            .map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
        if text.is_empty() { Ok(()) } else { (self.take)(&Shown::json_text(text)) }
    }
}

impl<F: FnMut(&Shown) -> Result<()>> Write for Parts<F> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= PART_BYTES {
            self.hand_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.hand_on()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_parts_are_the_whole_wherever_they_are_cut() {
        // Hidden characters of two, three and four bytes, at every offset from where parts are cut.
        for shift in 0..4 {
            let text = ["x".repeat(shift), "a\u{ad}\u{202e}\u{e0041}\"\n".repeat(20_000)].concat();
            let document = json!({"a": [text, {}], "b": null});
            let (mut got, mut parts) = (String::new(), 0);
            json_in_parts(&document, |part| {
                got.push_str(part.as_str());
                parts += 1;
                Ok(())
            })
            .unwrap();
            assert!(parts > 2, "{parts}");
            assert_eq!(got, Shown::json(&document).unwrap().as_str());
        }
    }

    #[test]
    fn a_character_is_never_cut_in_two() {
        let mut got = Vec::new();
        let mut parts = Parts {
            take: |part: &Shown| -> Result<()> {
                got.push(part.as_str().to_owned());
                Ok(())
            },
            bytes: Vec::new(),
        };
        for byte in "a\u{e9}\u{20ac}\u{1f600}".bytes() {
            parts.write_all(&[byte]).unwrap();
            parts.flush().unwrap();
        }
        assert_eq!(got, ["a", "\u{e9}", "\u{20ac}", "\u{1f600}"]);
        let broken = json_in_parts(&json!([]), |_| Err(Error::from(ErrorKind::BrokenPipe)));
        assert_eq!(broken.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
