//! Splits JSON of `CloudTrail` into its records as it comes: a delivery (`{"Records":[…]}`), the answer of
//! `aws cloudtrail lookup-events` (`{"Events":[…]}`), a list, or events one after another, on one line or on many.
//!
//! INVARIANT: the records depend on the bytes only, never on how they were cut into chunks.

use memchr::{memchr2, memmem};
use trustwalk_symptoms::MAX_RECORD_BYTES;

/// Bytes at the beginning of a stream by which `CloudTrail`'s JSON is told from lines.
pub(super) const SNIFF: usize = 4096;
/// Bytes of a member's name that are remembered.
const MAX_NAME: usize = 16;

/// Whether a stream that begins so is JSON of `CloudTrail`.
pub(super) fn is_trail(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = head.iter().find(|b| !b.is_ascii_whitespace());
    let has = |words: &[u8]| memmem::find(head, words).is_some();
    match first {
        Some(b'{' | b'[') => {
            let event = has(b"\"eventVersion\"") || has(b"\"eventSource\"") || has(b"\"eventName\"");
            event || has(b"\"CloudTrailEvent\"") || has(b"\"EventName\"") && has(b"\"Events\"")
        }
        _ => false,
    }
}

/// Where the reading stands to a string.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside,
    /// Behind a backslash.
    Escaped,
}

/// What has been read of the JSON.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    depth: usize,
    /// How deep the objects lie that are records.
    records_at: usize,
    text: Text,
    /// The last string at the depth of a document's own members.
    name: Vec<u8>,
    /// Whether bytes belong to a record.
    recording: bool,
    record: Vec<u8>,
    /// Whether the record is longer than any: it is dropped.
    too_long: bool,
    /// Records dropped because they were too long.
    pub(super) dropped: u64,
}

impl Splitter {
    /// Reads on; each whole record is handed out. Gives the place from which on the bytes are no JSON of `CloudTrail`.
    pub(super) fn feed(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> Option<usize> {
        let (mut at, mut kept) = (0, 0);
        while let Some(byte) = bytes.get(at).copied() {
            if self.text != Text::Outside {
                at = self.string(bytes, at);
                continue;
            }
            match byte {
                b'"' => {
                    self.text = Text::Inside;
                    self.name.clear();
                }
                b'{' => {
                    if self.depth == self.records_at && !self.recording {
                        (self.recording, self.too_long, kept) = (true, false, at);
                        self.record.clear();
                    }
                    self.depth += 1;
                }
                b'[' => self.list(),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if byte == b'}' && self.recording && self.depth == self.records_at {
                        self.keep(bytes.get(kept..=at));
                        self.emit(each);
                    }
                    if self.depth == 0 {
                        (self.records_at, self.recording) = (0, false);
                    }
                }
                _ if self.depth == 0 && !is_between(byte) => return Some(at),
                _ => {}
            }
            at += 1;
            if !self.recording {
                kept = at;
            }
        }
        if self.recording {
            self.keep(bytes.get(kept..));
        }
        None
    }

    /// Whether a document has begun and has not ended.
    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Reads a string from here to its end, or to the end of the bytes.
    fn string(&mut self, bytes: &[u8], from: usize) -> usize {
        let mut at = from;
        if self.text == Text::Escaped {
            self.text = Text::Inside;
            return at + 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let stop = memchr2(b'"', b'\\', rest);
        let read = rest.get(..stop.unwrap_or(rest.len())).unwrap_or_default();
        if self.depth == 1 {
            let room = MAX_NAME.saturating_sub(self.name.len());
            self.name.extend_from_slice(read.get(..read.len().min(room)).unwrap_or_default());
        }
        at += read.len();
        match bytes.get(at) {
            Some(b'\\') => self.text = Text::Escaped,
            Some(_) => self.text = Text::Outside,
            None => return at,
        }
        at + 1
    }

    /// A list begins: of documents, or of a document's records.
    fn list(&mut self) {
        if self.depth == 0 {
            self.records_at = 1;
        } else if self.depth == 1 && self.records_at == 0 && matches!(self.name.as_slice(), b"Records" | b"Events") {
            (self.records_at, self.recording) = (2, false);
        }
        self.depth += 1;
    }

    fn keep(&mut self, bytes: Option<&[u8]>) {
        let bytes = bytes.unwrap_or_default();
        if self.record.len() + bytes.len() > MAX_RECORD_BYTES {
            self.too_long = true;
            self.record.clear();
        } else if !self.too_long {
            self.record.extend_from_slice(bytes);
        }
    }

    fn emit(&mut self, each: &mut dyn FnMut(&[u8])) {
        self.recording = false;
        if self.too_long {
            self.dropped += 1;
        } else {
            each(&self.record);
        }
        self.record.clear();
    }
}

/// What may stand between documents: blanks, commas, and the separator of JSON text sequences (RFC 7464).
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | 0x1e | 0xef | 0xbb | 0xbf)
}

#[cfg(test)]
mod tests {
    use super::{Splitter, is_trail};

    fn split(text: &str, step: usize) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut out = Vec::new();
        for chunk in text.as_bytes().chunks(step) {
            let more = splitter.feed(chunk, &mut |r| out.push(String::from_utf8_lossy(r).into_owned()));
            assert_eq!(more, None, "{text}");
        }
        out
    }

    #[test]
    fn records_are_parted_in_every_form() {
        let (a, b) = (r#"{"eventName":"A","x":[{"y":"}]\"{"}]}"#, r#"{"eventName":"B"}"#);
        for form in [
            format!("{{\"Records\":[{a},{b}]}}"),
            format!("{{\n  \"Records\": [\n    {a},\n    {b}\n  ]\n}}\n"),
            format!("{{\"NextToken\":\"t\",\"Events\":[{a},{b}]}}"),
            format!("[{a},{b}]"),
            format!("{a}\n{b}\n"),
            format!("{{\"Records\":[{a}]}}\n{{\"Records\":[{b}]}}\n"),
        ] {
            for step in [1, 2, 3, 7, 1000] {
                assert_eq!(split(&form, step), [a, b], "{form}");
            }
            assert!(is_trail(form.replace("eventName", "eventVersion").as_bytes()));
        }
        assert!(!is_trail(b"{\"level\":\"info\"}\n"));
        assert!(!is_trail(b"eventVersion"));
    }

    #[test]
    fn what_follows_is_told() {
        let mut splitter = Splitter::default();
        let mut seen = 0;
        let text = b"{\"eventName\":\"A\"}\nplain line";
        assert_eq!(splitter.feed(text, &mut |_| seen += 1), Some(18));
        assert_eq!(seen, 1);
    }
}
