//! Distinguished names: how people read them (RFC 4514) and how certificates compare them.

use std::fmt;

use crate::der::{DerError, OID, Reader, SEQUENCE, SET, hex, oid_text};

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
/// `emailAddress` of PKCS #9: rfc822 name constraints apply to it (RFC 5280, 4.2.1.10).
const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];

const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const IA5: u8 = 0x16;
const UNIVERSAL: u8 = 0x1c;
const BMP: u8 = 0x1e;

/// One attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Attribute {
    oid: Box<[u8]>,
    text: Option<Box<str>>,
    raw: Box<[u8]>,
}

/// A distinguished name.
#[derive(Debug, Clone, Default)]
pub struct Name {
    der: Box<[u8]>,
    relative: Vec<Vec<Attribute>>,
    /// Comparison keys, one per RDN: case and blanks folded as RFC 5280 section 7.1 asks.
    keys: Vec<Box<[u8]>>,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Eq for Name {}

impl Name {
    pub(crate) fn parse(content: &[u8], der: &[u8]) -> Result<Self, DerError> {
        let mut name = Self { der: der.into(), ..Self::default() };
        let mut sets = Reader::new(content);
        while !sets.is_empty() {
            let mut set = Reader::new(sets.expect(SET)?.value);
            let mut attributes = Vec::with_capacity(1);
            while !set.is_empty() {
                let mut pair = Reader::new(set.expect(SEQUENCE)?.value);
                let oid = pair.expect(OID)?.value;
                let value = pair.next()?;
                attributes.push(Attribute {
                    oid: oid.into(),
                    text: text(value.tag, value.value).map(Into::into),
                    raw: value.raw.into(),
                });
            }
            name.keys.push(key(&attributes));
            name.relative.push(attributes);
        }
        Ok(name)
    }

    /// No attribute at all.
    pub fn is_empty(&self) -> bool {
        self.relative.is_empty()
    }

    /// The last common name.
    pub fn common_name(&self) -> Option<&str> {
        self.last(COMMON_NAME)
    }

    /// The last organisation.
    pub fn organization(&self) -> Option<&str> {
        self.last(ORGANIZATION)
    }

    /// The DER encoding, as found.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn emails(&self) -> impl Iterator<Item = &str> {
        self.attributes().filter(|a| *a.oid == *EMAIL).filter_map(|a| a.text.as_deref())
    }

    /// Every RDN's comparison key, outermost first.
    pub(crate) fn keys(&self) -> &[Box<[u8]>] {
        &self.keys
    }

    /// Whether this name lies in the subtree that `base` opens.
    pub(crate) fn is_within(&self, base: &Self) -> bool {
        self.keys.starts_with(&base.keys)
    }

    fn attributes(&self) -> impl DoubleEndedIterator<Item = &Attribute> {
        self.relative.iter().flatten()
    }

    fn last(&self, oid: &[u8]) -> Option<&str> {
        self.attributes().rev().find(|a| *a.oid == *oid).and_then(|a| a.text.as_deref())
    }
}

impl fmt::Display for Name {
    /// RFC 4514: last RDN first, `+` within an RDN, special characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, attributes) in self.relative.iter().rev().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            for (at, attribute) in attributes.iter().enumerate() {
                if at > 0 {
                    f.write_str("+")?;
                }
                match label(&attribute.oid) {
                    Some(label) => f.write_str(label)?,
                    None => f.write_str(&oid_text(&attribute.oid))?,
                }
                f.write_str("=")?;
                match &attribute.text {
                    Some(text) => f.write_str(&escaped(text))?,
                    None => write!(f, "#{}", hex(&attribute.raw))?,
                }
            }
        }
        Ok(())
    }
}

fn label(oid: &[u8]) -> Option<&'static str> {
    match oid {
        COMMON_NAME => Some("CN"),
        [0x55, 0x04, 0x06] => Some("C"),
        [0x55, 0x04, 0x07] => Some("L"),
        [0x55, 0x04, 0x08] => Some("ST"),
        [0x55, 0x04, 0x09] => Some("STREET"),
        ORGANIZATION => Some("O"),
        [0x55, 0x04, 0x0b] => Some("OU"),
        [0x55, 0x04, 0x05] => Some("serialNumber"),
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => Some("DC"),
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01] => Some("UID"),
        EMAIL => Some("emailAddress"),
        _ => None,
    }
}

/// Escapes as RFC 4514 section 2.4, and control characters too: a name must not steer a terminal.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            c if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c) => {
                let mut bytes = [0; 4];
                for b in c.encode_utf8(&mut bytes).bytes() {
                    out.push('\\');
                    out.push_str(&hex(&[b]));
                }
            }
            c => out.push(c),
        }
    }
    out
}

fn text(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        UTF8 | PRINTABLE | IA5 => match std::str::from_utf8(value) {
            Ok(text) => Some(text.to_owned()),
            // Latin-1 under another label is the usual mistake.
            Err(_) => Some(value.iter().map(|b| char::from(*b)).collect()),
        },
        TELETEX => Some(value.iter().map(|b| char::from(*b)).collect()),
        BMP if value.len().is_multiple_of(2) => {
            let units = value.chunks_exact(2).map(|c| c.iter().fold(0_u16, |n, b| (n << 8) | u16::from(*b)));
            char::decode_utf16(units).collect::<Result<String, _>>().ok()
        }
        UNIVERSAL if value.len().is_multiple_of(4) => value
            .chunks_exact(4)
            .map(|c| char::from_u32(c.iter().fold(0_u32, |n, b| (n << 8) | u32::from(*b))))
            .collect(),
        _ => None,
    }
}

/// Attributes sorted (an RDN is a set), text folded, other values as they are.
fn key(attributes: &[Attribute]) -> Box<[u8]> {
    let mut parts: Vec<Vec<u8>> = attributes.iter().map(part).collect();
    // Nearly every RDN has one attribute.
    parts.sort_unstable();
    parts.concat().into()
}

/// An attribute's comparison key behind its length.
fn part(attribute: &Attribute) -> Vec<u8> {
    let mut part = Vec::with_capacity(attribute.raw.len() + attribute.oid.len() + 8);
    part.extend([0; 4]);
    part.extend(attribute.oid.iter());
    part.push(0);
    match &attribute.text {
        Some(text) => {
            for (at, word) in text.split_whitespace().enumerate() {
                if at > 0 {
                    part.push(b' ');
                }
                if word.is_ascii() {
                    part.extend(word.bytes().map(|b| b.to_ascii_lowercase()));
                } else {
                    part.extend(word.to_lowercase().bytes());
                }
            }
        }
        None => part.extend(attribute.raw.iter()),
    }
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
    for (place, byte) in part.iter_mut().zip(length) {
        *place = byte;
    }
    part
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A name of `(OID, string tag, text)` triples, one RDN each.
    pub(crate) fn name(parts: &[(&[u8], u8, &str)]) -> Name {
        let wrap = |tag: u8, value: &[u8]| [&[tag, u8::try_from(value.len()).unwrap()], value].concat();
        let content: Vec<u8> = parts
            .iter()
            .flat_map(|(oid, tag, text)| {
                let pair = [wrap(OID, oid), wrap(*tag, text.as_bytes())].concat();
                wrap(SET, &wrap(SEQUENCE, &pair))
            })
            .collect();
        Name::parse(&content, &content).unwrap()
    }

    #[test]
    fn names_read_last_part_first_and_escaped() {
        let n = name(&[
            (&[0x55, 4, 6], PRINTABLE, "US"),
            (ORGANIZATION, UTF8, "A, B"),
            (COMMON_NAME, UTF8, " x\u{1b}[31m"),
        ]);
        assert_eq!(n.to_string(), "CN=\\ x\\1b[31m,O=A\\, B,C=US");
        assert_eq!(n.common_name(), Some(" x\u{1b}[31m"));
        assert_eq!(name(&[(&[0x2a, 3], UTF8, "v")]).to_string(), "1.2.3=v");
    }

    #[test]
    fn comparison_folds_case_blanks_and_string_types() {
        let a = name(&[(COMMON_NAME, PRINTABLE, "Good  CA ")]);
        assert_eq!(a, name(&[(COMMON_NAME, UTF8, "good ca")]));
        assert_ne!(a, name(&[(COMMON_NAME, UTF8, "goodca")]));
        assert_ne!(a, name(&[(ORGANIZATION, UTF8, "good ca")]));
    }

    #[test]
    fn subtrees_are_prefixes() {
        let base = name(&[(&[0x55, 4, 6], PRINTABLE, "US")]);
        let inner = name(&[(&[0x55, 4, 6], PRINTABLE, "us"), (COMMON_NAME, UTF8, "x")]);
        assert!(inner.is_within(&base) && !base.is_within(&inner));
        assert!(base.is_within(&Name::default()));
    }
}
