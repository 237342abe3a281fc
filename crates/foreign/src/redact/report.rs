//! What a program says of a failure, in quotes behind a word that prose uses too: `credentials: "AccessDenied: …"`.

use super::prose::is_prose;

/// The longest report that is looked at: what is longer is taken.
const REPORT: usize = 4096;
/// Plain words that a report has besides its code: fewer make no sentence.
const WORDS: usize = 2;
/// Digits of an HTTP status, of a count, of a part of an ARN's account: what is longer may be a code to log in with.
const DIGITS: usize = 3;
/// The letters of the shortest code (`AccessDenied` has 12, `WebIdentityErr` 14); a name of two words may be shorter.
const CODE: usize = 10;
/// What stands before the id of a request, which opens nothing.
const BEFORE_AN_ID: [&[u8]; 3] = [b"id:", b"requestid:", b"request_id:"];
/// What stands before a status.
const BEFORE_A_STATUS: [&[u8]; 4] = [b"code:", b"statuscode:", b"status:", b"status"];

/// Whether a value is a report: it holds an error's code, as `AccessDenied: …` or `(AccessDenied)`, a sentence around
/// it, and no word that is neither prose, an action, a place, a status nor the id of a request.
pub(super) fn is_report(value: &[u8]) -> bool {
    if value.len() > REPORT {
        return false;
    }
    let (mut coded, mut plain) = (false, 0);
    let mut before: &[u8] = b"";
    for whole in words(value) {
        let word = whole.strip_suffix(b",").unwrap_or(whole);
        let code = is_code(word);
        let harmless = code || is_prose(word) || is_action(word) || is_told(before, word);
        if !harmless {
            return false;
        }
        coded |= code;
        plain += usize::from(!code && word.iter().all(|b| b.is_ascii_alphabetic() || b",.:'".contains(b)));
        before = word;
    }
    coded && plain >= WORDS
}

/// The words, parted by blanks and by line breaks and tabs written out.
fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let parts = value.split(u8::is_ascii_whitespace).flat_map(|word| {
        word.split(|b| *b == b'\\').enumerate().map(|(i, part)| match part.split_first() {
            Some((b'n' | b't' | b'r', rest)) if i > 0 => rest,
            _ => part,
        })
    });
    parts.filter(|word| !word.is_empty())
}

/// An error's code where it is told as one: capitals begin its words, and a colon or brackets part it from the rest.
fn is_code(word: &[u8]) -> bool {
    let bracketed = word.strip_prefix(b"(").and_then(|w| w.strip_suffix(b")").or_else(|| w.strip_suffix(b"):")));
    let Some(name) = bracketed.or_else(|| word.strip_suffix(b":")) else { return false };
    let humps = name.windows(2).filter(|w| matches!(w, [a, b] if !a.is_ascii_uppercase() && b.is_ascii_uppercase()));
    name.len() >= CODE
        && name.iter().all(u8::is_ascii_alphabetic)
        && name.first().is_some_and(u8::is_ascii_uppercase)
        && humps.count() >= 1
        && is_prose(name)
}

/// An action: `sts:AssumeRoleWithWebIdentity`.
fn is_action(word: &[u8]) -> bool {
    let word = word.strip_suffix(b".").unwrap_or(word);
    let mut parts = word.splitn(2, |b| *b == b':');
    let (service, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let lower = !service.is_empty() && service.iter().all(u8::is_ascii_lowercase);
    lower
        && name.first().is_some_and(u8::is_ascii_uppercase)
        && name.iter().all(u8::is_ascii_alphabetic)
        && is_prose(name)
}

/// A status or the id of a request, behind the word that says so.
fn is_told(before: &[u8], word: &[u8]) -> bool {
    let says = |all: &[&[u8]]| all.iter().any(|b| before.eq_ignore_ascii_case(b));
    let word = word.strip_suffix(b".").unwrap_or(word);
    let status = says(&BEFORE_A_STATUS) && word.len() <= DIGITS && word.iter().all(u8::is_ascii_digit);
    let lengths = [8, 4, 4, 4, 12];
    let id = says(&BEFORE_AN_ID)
        && word.split(|b| *b == b'-').count() == lengths.len()
        && word
            .split(|b| *b == b'-')
            .zip(lengths)
            .all(|(part, len)| part.len() == len && part.iter().all(u8::is_ascii_hexdigit));
    status || id
}
