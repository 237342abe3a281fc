//! SHA-256, and lists of sums as `sha256sum` writes and checks them.

use std::fmt::Write as _;

use base64::Engine as _;

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    hmac_sha256::Hash::hash(bytes)
}

/// Bytes as small hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The SHA-256 of some bytes, in hexadecimal digits.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// A digest as base64 for URLs, without padding: how a wheel's RECORD writes it (`PyPA`, "Recording
/// installed projects").
pub(crate) fn base64url(bytes: &[u8]) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A list of sums, by name: `sha256sum --check` reads it.
pub(crate) fn sums(files: &[(String, String)]) -> String {
    let mut sorted = files.to_vec();
    sorted.sort();
    sorted.iter().fold(String::new(), |mut out, (name, sum)| {
        let _ = writeln!(out, "{sum}  {name}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        // FIPS 180-4, appendix B.1.
        assert_eq!(hex_of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(base64url(&[0xff, 0xfe, 0xfd]), "__79");
    }

    #[test]
    fn sums_are_ordered_by_name() {
        let given = [("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())];
        assert_eq!(sums(&given), "1  a\n2  b\n");
    }
}
