//! Runs of base64 that nobody would take for words: secret access keys, session tokens, parts of JWTs.

use super::Cut;
use super::scan::{Bytes, changes, is_token};

/// The shortest run taken for a secret by its looks alone: secret access keys have 40 characters, and 36 leave
/// room for one whose ends were cut. Thumbprints and digests are longer and have one case.
const RUN: usize = 36;
/// Changes of kind, in percent, from which a word is random ([`changes`]).
const RANDOM: usize = 42;
/// The same for longer runs, whose share varies less.
const RANDOM_LONG: usize = 40;
/// From this many characters on a run is a long one.
const LONG: usize = 64;
/// Names of what looks random and is public: key ids (RFC 7515, 4.1.4), digests, ids of requests.
const PUBLIC: [&str; 14] = [
    "kid",
    "x5t",
    "x5t#s256",
    "thumbprint",
    "fingerprint",
    "digest",
    "sha256",
    "sha-256",
    "etag",
    "keyid",
    "key_id",
    "request_id",
    "requestid",
    "id",
];
/// An ARN's beginning is looked for this far back.
const ARN: usize = 512;
/// How far back a name is looked for.
const REACH: usize = 24;

pub(super) fn find(text: &str, cuts: &mut Vec<Cut>) {
    let bytes = Bytes(text.as_bytes());
    let is_run = |b: u8| is_token(b) || b == b'%';
    let mut i = 0;
    while i < bytes.len() {
        let end = bytes.run(i, is_run);
        if end - i >= RUN && !in_arn(text, i) {
            parts(bytes, i, end, cuts);
        }
        i = end + 1;
    }
}

/// An ARN's last part is a name, which a person needs to read.
fn in_arn(text: &str, at: usize) -> bool {
    let least = text.floor_char_boundary(at.saturating_sub(ARN));
    let head = text.get(least..at).unwrap_or_default();
    let word = head.rsplit([' ', '"', '\'', '\n', '=', ',', '`']).next().unwrap_or_default();
    head.ends_with(':') && word.starts_with("arn:")
}

fn is_public(bytes: Bytes<'_>, at: usize) -> bool {
    let name_end = bytes.run_back(at, |b| b" \"':=\\[".contains(&b));
    if name_end == at && !bytes.before(at).is_ascii_alphanumeric() {
        return false;
    }
    PUBLIC.iter().any(|name| {
        name_end.checked_sub(name.len()).is_some_and(|from| {
            at - from <= REACH + name.len()
                && bytes.says(from, name)
                && !bytes.before(from).is_ascii_alphanumeric()
                && name_end < at
        })
    })
}

/// A run's secrets: its part between dots, when that is long enough and random.
fn parts(bytes: Bytes<'_>, start: usize, end: usize, cuts: &mut Vec<Cut>) {
    let mut from = start;
    while from < end {
        let left = bytes.0.get(from..end).unwrap_or_default();
        let own = left.split(|b| *b == b'.').next().unwrap_or_default();
        let to = from + own.len();
        // `name=value` without quotes: a name is no part of what it names.
        let skip = own.iter().position(|b| *b == b'=').filter(|at| own.get(at + 1).is_some_and(|b| *b != b'='));
        let from_value = skip.map_or(from, |at| from + at + 1);
        let word = bytes.0.get(from_value..to).unwrap_or_default();
        if word.len() >= RUN && is_random(word) && !is_public(bytes, from_value) {
            cuts.push((from_value, to));
        }
        from = to + 1;
    }
}

/// Whether most of a word is random. Parts between dashes that are words, numbers or the upper-case suffix of a
/// generated name (`NodeInstanceRole-1A2B3C4D5E6F7`) are not.
pub(super) fn is_random(word: &[u8]) -> bool {
    // A pin's or a path's beginning names what follows.
    if word.starts_with(b"sha256/") || word.starts_with(b"sha256-") || word.starts_with(b"SHA256") {
        return false;
    }
    let has = |is: fn(&u8) -> bool| word.iter().any(is);
    if !(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)) {
        return false;
    }
    // Names joined by slashes or dashes, each in one case or in the spelling of a class.
    let by = |split: fn(&u8) -> bool| word.split(split);
    let random: usize = by(|b| matches!(b, b'-' | b'_' | b'/')).filter(|part| mixed(part)).map(<[u8]>::len).sum();
    let enough = if word.len() >= LONG { RANDOM_LONG } else { RANDOM };
    random * 3 >= word.len() * 2 && changes(word) >= enough
}

fn mixed(part: &[u8]) -> bool {
    part.len() >= 2
        && part.iter().any(u8::is_ascii_lowercase)
        && part.iter().any(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && (part.len() < 6 || changes(part) >= 30)
}
