//! Random keys, session tokens and request ids.

use aws_lc_rs::rand::fill;
use jiff::Timestamp;

use crate::state::Credentials;

/// Letters of unique ids and of access keys.
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of a unique id after its kind.
const ID_LETTERS: usize = 17;

fn random(alphabet: &[u8], length: usize) -> String {
    let mut bytes = vec![0; length];
    // The kernel's generator does not fail on a running system; zeroes would still be unique enough to refuse.
    let _ = fill(&mut bytes);
    bytes.iter().filter_map(|b| alphabet.get(usize::from(*b) % alphabet.len())).map(|b| char::from(*b)).collect()
}

/// Fresh keys; with an end they are temporary and carry a session token.
pub(crate) fn new_keys(prefix: &str, expires: Option<Timestamp>) -> Credentials {
    const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    Credentials {
        access_key_id: format!("{prefix}{}", random(UPPER, 16)),
        secret_access_key: random(MIXED, 40),
        session_token: expires.map(|_| random(MIXED, 320)),
        expires,
    }
}

/// A request id in AWS's form.
pub(crate) fn request_id() -> String {
    const HEX: &[u8] = b"0123456789abcdef";
    let parts = [8, 4, 4, 4, 12].map(|n| random(HEX, n));
    parts.join("-")
}

/// A unique id as IAM gives one to each thing that is made: four letters for its kind, and seventeen more.
pub(crate) fn unique_id(kind: &str) -> String {
    format!("{kind}{}", random(UPPER, ID_LETTERS))
}

/// An id that looks like a unique one and is always the same for the same name: that of what a lab sets up, which it
/// may take away and put back.
pub(crate) fn lasting_id(kind: &str, name: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
    let tail: String = digest.as_ref().iter().take(ID_LETTERS).map(|b| char::from(b'A' + b % 26)).collect();
    format!("{kind}{tail}")
}
