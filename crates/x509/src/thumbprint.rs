//! Thumbprints as IAM and people write them: lower-case hexadecimal digests of a whole certificate.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::der::hex;

/// Digits of a SHA-1 thumbprint: what IAM stores (API reference, `thumbprintType`: 40 characters).
pub const SHA1_DIGITS: usize = 40;
/// Digits of a SHA-256 thumbprint.
pub const SHA256_DIGITS: usize = 64;

/// SHA-1 (40 digits) or SHA-256 (64 digits) of a certificate's DER, lower-case, without colons.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Thumbprint(Box<str>);

/// Text that is no thumbprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a thumbprint: 40 or 64 hexadecimal digits were expected")]
pub struct NotAThumbprint {
    /// The text, cut to a line.
    pub text: String,
}

impl Thumbprint {
    /// SHA-1 of a certificate: what IAM compares.
    pub fn sha1(der: &[u8]) -> Self {
        Self(hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()).into())
    }

    /// SHA-256 of a certificate: what people pin.
    pub fn sha256(der: &[u8]) -> Self {
        Self(hex(digest::digest(&digest::SHA256, der).as_ref()).into())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether IAM could store it.
    pub fn is_sha1(&self) -> bool {
        self.0.len() == SHA1_DIGITS
    }
}

impl FromStr for Thumbprint {
    type Err = NotAThumbprint;

    /// Reads what `openssl x509 -fingerprint` prints too: a label up to `=`, colons, spaces, capitals.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.rsplit_once('=').map_or(text, |(_, after)| after);
        let digits: String =
            digits.chars().filter(|c| *c != ':' && !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        let right_length = digits.len() == SHA1_DIGITS || digits.len() == SHA256_DIGITS;
        if right_length && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(digits.into()))
        } else {
            Err(NotAThumbprint { text: text.chars().take(100).collect() })
        }
    }
}

impl TryFrom<String> for Thumbprint {
    type Error = NotAThumbprint;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Thumbprint> for String {
    fn from(thumbprint: Thumbprint) -> Self {
        thumbprint.0.into()
    }
}

impl AsRef<str> for Thumbprint {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Thumbprint {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_openssl_prints_is_read() {
        let plain: Thumbprint = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280".parse().unwrap();
        let printed = "SHA1 Fingerprint=9E:99:A4:8A:99:60:B1:49:26:BB:7F:3B:02:E2:2D:A2:B0:AB:72:80\n";
        assert_eq!(printed.parse::<Thumbprint>().unwrap(), plain);
        assert!(plain.is_sha1());
        for bad in ["", "9e99", "zz99a48a9960b14926bb7f3b02e22da2b0ab7280", "é"] {
            assert!(bad.parse::<Thumbprint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn digests_are_the_published_ones() {
        assert_eq!(Thumbprint::sha1(b"abc").as_str(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let long = Thumbprint::sha256(b"abc");
        assert_eq!(long.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(!long.is_sha1());
    }
}
