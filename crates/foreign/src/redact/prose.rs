//! Words that are of a sentence or name a place, and no secrets.

use super::scan::changes;

/// The longest place, and the longest word of a sentence: what is longer is neither, and is not read twice.
const PLACE: usize = 2048;

/// Whether a word is one of a sentence, a class or a path: letters that change their case as words do.
pub(super) fn is_prose(value: &[u8]) -> bool {
    if value.len() > PLACE {
        return false;
    }
    let word = value.strip_suffix(b":").or_else(|| value.strip_suffix(b".")).unwrap_or(value);
    let letters = word.iter().all(|b| b.is_ascii_alphabetic() || b"-_'().,;!?".contains(b));
    // One capital before small letters begins a word, in short ones too: `Auth`.
    let capital = word.iter().skip(1).all(u8::is_ascii_lowercase);
    let one_case = word.iter().all(|b| !b.is_ascii_lowercase()) || word.iter().all(|b| !b.is_ascii_uppercase());
    word.is_empty() || letters && (capital || one_case || (word.len() >= 8 && changes(word) < 40)) || is_place(value)
}

/// A file's path, a URL or an ARN: a place where something is, such as the token's file.
pub(super) fn is_place(value: &[u8]) -> bool {
    if value.len() > PLACE {
        return false;
    }
    let path = value.starts_with(b"/")
        && value.split(|b| *b == b'/').nth(2).is_some()
        && value.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"/._-:".contains(b));
    path || value.windows(3).any(|w| w == b"://") || value.starts_with(b"arn:")
}
