//! Certificates out of whatever people have: DER, PEM with anything around it, PKCS #7 bundles.

use crate::certificate::{Certificate, CertificateError};
use crate::der::{DerError, OID, Reader, SEQUENCE};

/// Certificates taken from one input. Root bundles hold about 150; presented chains, five.
pub const MAX_CERTIFICATES: usize = 4096;
/// Largest input read.
pub const MAX_INPUT_BYTES: usize = 16 << 20;

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// Input that yields no certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Neither DER nor PEM.
    #[error("there is no certificate here: neither DER nor PEM nor PKCS #7")]
    Nothing,
    /// More than is read.
    #[error("the input has {0} bytes, more than the {MAX_INPUT_BYTES} that are read")]
    TooLarge(usize),
    /// More certificates than are read.
    #[error("the input has more than {MAX_CERTIFICATES} certificates")]
    TooMany,
    /// A PEM block that is not base64.
    #[error("PEM block {number} is not base64")]
    Base64 {
        /// Counted from 1.
        number: usize,
    },
    /// A certificate that cannot be read.
    #[error("certificate {number}: {source}")]
    Certificate {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// A bundle that cannot be read.
    #[error("the PKCS #7 bundle cannot be read: {0}")]
    Bundle(DerError),
}

/// The encodings of all certificates in an input, in order. PEM may have text around it, as
/// `openssl s_client -showcerts` prints; blocks of other kinds are passed over.
pub fn parse_ders(input: &[u8]) -> Result<Vec<Vec<u8>>, InputError> {
    if input.len() > MAX_INPUT_BYTES {
        return Err(InputError::TooLarge(input.len()));
    }
    if input.first() == Some(&SEQUENCE)
        && let Ok(found) = binary(input)
        && !found.is_empty()
    {
        return Ok(found);
    }
    let mut found = Vec::new();
    for (at, block) in Blocks::new(input).enumerate() {
        if !matches!(block.label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" | "PKCS7" | "CMS") {
            continue;
        }
        let der = base64(block.body).ok_or(InputError::Base64 { number: at + 1 })?;
        if matches!(block.label, "PKCS7" | "CMS") {
            found.extend(bundle(&der).map_err(InputError::Bundle)?);
        } else {
            found.push(der);
        }
        if found.len() > MAX_CERTIFICATES {
            return Err(InputError::TooMany);
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    if input.first() == Some(&SEQUENCE) {
        return binary(input)
            .map_err(InputError::Bundle)
            .and_then(|all| if all.is_empty() { Err(InputError::Nothing) } else { Ok(all) });
    }
    Err(InputError::Nothing)
}

/// All certificates of an input, in order; the first that cannot be read is the error.
pub fn parse_any(input: &[u8]) -> Result<Vec<Certificate>, InputError> {
    let ders = parse_ders(input)?;
    let read = |(at, der): (usize, &Vec<u8>)| {
        Certificate::from_der(der).map_err(|source| InputError::Certificate { number: at + 1, source })
    };
    ders.iter().enumerate().map(read).collect()
}

/// A PEM block of a certificate, lines of 64.
pub fn to_pem(der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |n: u32| ALPHABET.get((n & 63) as usize).copied().map_or('=', char::from);
    let mut body = String::new();
    let mut column = 0;
    for chunk in der.chunks(3) {
        let n = (0..3).fold(0_u32, |n, i| (n << 8) | u32::from(chunk.get(i).copied().unwrap_or(0)));
        body.push(digit(n >> 18));
        body.push(digit(n >> 12));
        body.push(if chunk.len() > 1 { digit(n >> 6) } else { '=' });
        body.push(if chunk.len() > 2 { digit(n) } else { '=' });
        column += 4;
        if column == 64 {
            body.push('\n');
            column = 0;
        }
    }
    if column > 0 {
        body.push('\n');
    }
    format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
}

/// A certificate, certificates one after another, or a bundle.
fn binary(input: &[u8]) -> Result<Vec<Vec<u8>>, DerError> {
    let mut r = Reader::new(input);
    let mut found = Vec::new();
    while r.peek() == Some(SEQUENCE) && found.len() < MAX_CERTIFICATES {
        let tlv = r.expect(SEQUENCE)?;
        if Reader::new(tlv.value).peek() == Some(OID) {
            return bundle(tlv.raw);
        }
        // A certificate followed by other bytes keeps them, so that they are noted.
        let followed = r.peek().is_some_and(|tag| tag != SEQUENCE);
        found.push(if followed { [tlv.raw, r.rest()].concat() } else { tlv.raw.to_vec() });
    }
    Ok(found)
}

/// Certificates of a PKCS #7 `SignedData` (RFC 2315, 9.1), whatever is signed.
fn bundle(der: &[u8]) -> Result<Vec<Vec<u8>>, DerError> {
    let mut outer = Reader::new(der).sequence()?;
    if outer.expect(OID)?.value != SIGNED_DATA {
        return Err(DerError::Value("a PKCS #7 bundle other than signed data"));
    }
    let mut signed = Reader::new(outer.expect(0xa0)?.value).sequence()?;
    // Version, digest algorithms, content.
    for _ in 0..3 {
        signed.next()?;
    }
    let Some(list) = signed.optional(0xa0)? else { return Ok(Vec::new()) };
    let mut list = Reader::new(list.value);
    let mut found = Vec::new();
    while !list.is_empty() && found.len() < MAX_CERTIFICATES {
        let tlv = list.next()?;
        // Attribute certificates and other choices have context tags.
        if tlv.tag == SEQUENCE {
            found.push(tlv.raw.to_vec());
        }
    }
    Ok(found)
}

struct Block<'a> {
    label: &'a str,
    body: &'a [u8],
}

/// PEM blocks wherever they stand, even indented or quoted.
struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let (_, after) = split_once(self.rest, b"-----BEGIN ")?;
        let (label, after) = split_once(after, b"-----")?;
        let label = std::str::from_utf8(label).unwrap_or_default();
        // A block cut off keeps what is there; the next BEGIN would belong to it otherwise.
        let (body, rest) = split_once(after, b"-----").unwrap_or((after, b""));
        self.rest = rest.strip_prefix(b"BEGIN ").map_or(rest, |_| after.get(body.len()..).unwrap_or_default());
        Some(Block { label, body })
    }
}

fn split_once<'a>(bytes: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(needle.len()).position(|w| w == needle)?;
    Some((bytes.get(..at)?, bytes.get(at + needle.len()..)?))
}

/// Base64 with blanks, escaped newlines (as in JSON strings) and quoting marks passed over.
fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut count = 0;
    let mut escaped = false;
    for byte in body {
        if std::mem::take(&mut escaped) && matches!(byte, b'n' | b'r' | b't') {
            continue;
        }
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\\' => {
                escaped = true;
                continue;
            }
            b'=' | b'\r' | b'\n' | b'\t' | b' ' | b'>' | b'"' | b'|' => continue,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(out)
}
