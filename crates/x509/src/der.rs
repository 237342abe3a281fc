//! A thin, bounds-checked walk over DER: it borrows, never copies and never recurses by itself.
//!
//! Lenient where certificates in the wild are wrong (long-form lengths that should be short are
//! read and noted), strict where leniency would be ambiguous (indefinite lengths are refused).

/// A malformed element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// The element says it is longer than what is there.
    #[error("an element is longer than its container")]
    Truncated,
    /// A length form DER does not have.
    #[error("an element has an indefinite or oversized length")]
    BadLength,
    /// Another type was needed here.
    #[error("expected tag {expected:#04x} and found {found:#04x}")]
    Tag {
        /// The tag the structure calls for.
        expected: u8,
        /// The tag that is there.
        found: u8,
    },
    /// Tags above 30 do not occur in certificates.
    #[error("an element has a multi-byte tag")]
    LongTag,
    /// The bytes are no value of their type.
    #[error("{0} cannot be read")]
    Value(&'static str),
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// One element: tag, content, and the bytes of both with their header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
    pub(crate) raw: &'a [u8],
}

/// Reads elements one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// A length used more bytes than it needed.
    pub(crate) non_minimal: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, non_minimal: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn next(&mut self) -> Result<Tlv<'a>, DerError> {
        let all = self.rest;
        let [tag, first, after @ ..] = all else { return Err(DerError::Truncated) };
        if tag & 0x1f == 0x1f {
            return Err(DerError::LongTag);
        }
        let (length, after) = if *first < 0x80 {
            (usize::from(*first), after)
        } else {
            let count = usize::from(first & 0x7f);
            // Four bytes describe 4 GiB, more than any input that reaches here.
            if count == 0 || count > 4 {
                return Err(DerError::BadLength);
            }
            let (digits, after) = after.split_at_checked(count).ok_or(DerError::Truncated)?;
            let length = digits.iter().fold(0_usize, |n, b| (n << 8) | usize::from(*b));
            if length < 0x80 || digits.first() == Some(&0) {
                self.non_minimal = true;
            }
            (length, after)
        };
        let (value, rest) = after.split_at_checked(length).ok_or(DerError::Truncated)?;
        let raw = all.get(..all.len() - rest.len()).ok_or(DerError::Truncated)?;
        self.rest = rest;
        Ok(Tlv { tag: *tag, value, raw })
    }

    pub(crate) fn expect(&mut self, tag: u8) -> Result<Tlv<'a>, DerError> {
        let found = self.peek().ok_or(DerError::Truncated)?;
        if found != tag {
            return Err(DerError::Tag { expected: tag, found });
        }
        self.next()
    }

    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Tlv<'a>>, DerError> {
        if self.peek() == Some(tag) { self.next().map(Some) } else { Ok(None) }
    }

    /// The contents of a SEQUENCE, to be read in turn.
    pub(crate) fn sequence(&mut self) -> Result<Reader<'a>, DerError> {
        Ok(Reader::new(self.expect(SEQUENCE)?.value))
    }
}

/// A BIT STRING without its count of unused bits, which must be below 8.
pub(crate) fn bit_string(value: &[u8]) -> Result<(&[u8], u8), DerError> {
    match value {
        [unused @ 0..=7, bits @ ..] => Ok((bits, *unused)),
        _ => Err(DerError::Value("a bit string")),
    }
}

/// A BIT STRING of whole bytes, as keys and signatures are.
pub(crate) fn whole_bytes(value: &[u8]) -> Result<&[u8], DerError> {
    match bit_string(value)? {
        (bytes, 0) => Ok(bytes),
        _ => Err(DerError::Value("a bit string of whole bytes")),
    }
}

/// A BOOLEAN; BER's other ways to write true are read too.
pub(crate) fn boolean(value: &[u8]) -> Result<bool, DerError> {
    match value {
        [byte] => Ok(*byte != 0),
        _ => Err(DerError::Value("a boolean")),
    }
}

/// A small non-negative INTEGER.
pub(crate) fn small_integer(value: &[u8]) -> Result<u64, DerError> {
    let bad = DerError::Value("a small integer");
    match value.first() {
        None => Err(bad),
        Some(first) if first & 0x80 != 0 => Err(bad),
        Some(_) => {
            let digits = value.iter().position(|b| *b != 0).and_then(|at| value.get(at..)).unwrap_or_default();
            if digits.len() > 8 {
                return Err(bad);
            }
            Ok(digits.iter().fold(0_u64, |n, b| (n << 8) | u64::from(*b)))
        }
    }
}

/// Dotted form of an object identifier; what cannot be read is shown as hexadecimal.
pub(crate) fn oid_text(value: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc: u64 = 0;
    let mut open = false;
    for byte in value {
        let Some(next) = arc.checked_mul(128) else { return hex(value) };
        arc = next | u64::from(byte & 0x7f);
        open = byte & 0x80 != 0;
        if !open {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arcs.push(arc - first * 40);
            } else {
                arcs.push(arc);
            }
            arc = 0;
        }
    }
    if open || arcs.is_empty() {
        return hex(value);
    }
    let texts: Vec<String> = arcs.iter().map(u64::to_string).collect();
    texts.join(".")
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |n: u8| DIGITS.get(usize::from(n)).copied().unwrap_or('0');
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        out.push(digit(b >> 4));
        out.push(digit(b & 0x0f));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_lies_refused() {
        let mut r = Reader::new(&[0x30, 0x81, 0x01, 0xaa]);
        assert_eq!(r.next().unwrap().value, [0xaa]);
        assert!(r.non_minimal);
        assert_eq!(Reader::new(&[0x30, 0x80, 0, 0]).next(), Err(DerError::BadLength));
        assert_eq!(Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).next(), Err(DerError::Truncated));
        assert_eq!(Reader::new(&[0x30]).next(), Err(DerError::Truncated));
        assert_eq!(Reader::new(&[0x3f, 1, 0]).next(), Err(DerError::LongTag));
    }

    #[test]
    fn identifiers_are_dotted() {
        assert_eq!(oid_text(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]), "1.2.840.113549.1.1.11");
        assert_eq!(oid_text(&[0x88, 0x37, 0x03]), "2.999.3");
        assert_eq!(oid_text(&[0x80]), "80");
        assert_eq!(oid_text(&[0xff; 12]), hex(&[0xff; 12]));
    }
}
