//! Takes tokens, keys and session credentials out of text.
//!
//! INVARIANT: nothing of this crate's output was not first passed through [`redact`].

use std::borrow::Cow;

/// What stands in a secret's place.
const WITHHELD: &str = "[withheld]";
/// A run of base64 this long with upper case, lower case and digits is taken for a secret:
/// secret access keys have 40 characters, thumbprints and digests have no upper case mixed in.
const SECRET_RUN: usize = 36;
/// Names whose value is a secret, as lower-case text before `=`, `:` or `"`.
const SECRET_NAMES: &[&str] = &[
    "secretaccesskey",
    "secret_access_key",
    "sessiontoken",
    "session_token",
    "x-amz-security-token",
    "x-amz-signature",
    "webidentitytoken=",
    "web_identity_token=",
    "authorization",
    "bearer",
    "password",
    "signature=",
    "id_token_request_token",
    "client_secret",
    "aws_security_token",
    "authorization_token=",
    "token file content",
];

/// The text without its secrets: JSON web tokens whole or in part, access keys, long base64 runs,
/// and values that follow the name of a secret.
pub fn redact(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    runs(text, &mut cuts);
    named(text, &lower, &mut cuts);
    if cuts.is_empty() {
        return Cow::Borrowed(text);
    }
    cuts.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in cuts {
        if start >= at {
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(WITHHELD);
        }
        at = at.max(end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'%')
}

/// Words of base64 and dots that look like tokens or keys.
fn runs(text: &str, cuts: &mut Vec<(usize, usize)>) {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let rest = bytes.get(i..).unwrap_or_default();
        let len = rest.iter().position(|b| !(is_base64(*b) || *b == b'.')).unwrap_or(rest.len());
        if len == 0 {
            i += 1;
            continue;
        }
        let word = text.get(i..i + len).unwrap_or_default();
        // An ARN's last part is a name, which a person needs to read.
        let in_arn = bytes.get(..i).is_some_and(|b| b.ends_with(b":"))
            && text.get(..i).unwrap_or_default().rsplit([' ', '"', '\'']).next().is_some_and(|w| w.starts_with("arn:"));
        if len >= 16 {
            if is_token(word) || is_access_key(word) {
                cuts.push((i, i + len));
            } else if !in_arn {
                long_parts(word, i, cuts);
            }
        }
        i += len;
    }
}

/// A JWT begins with `{"` in base64, at the start or after another word joined to it.
fn is_token(word: &str) -> bool {
    word.contains("eyJ") && word.len() >= 20
}

fn is_access_key(word: &str) -> bool {
    ["AKIA", "ASIA", "ABIA", "ACCA"].iter().any(|p| {
        word.match_indices(p).any(|(at, _)| {
            word.get(at..at + 20).is_some_and(|k| k.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
        })
    })
}

fn long_parts(word: &str, offset: usize, cuts: &mut Vec<(usize, usize)>) {
    let mut at = 0;
    // A dot or dash ends a host name's or role name's part, hardly ever a secret key's.
    for part in word.split(['.', '-', '_']) {
        // A path's segments are names in one case; a key mixes cases between its slashes.
        let mixed = part.bytes().any(|b| b.is_ascii_digit())
            && part
                .split('/')
                .any(|s| s.bytes().any(|b| b.is_ascii_uppercase()) && s.bytes().any(|b| b.is_ascii_lowercase()));
        if part.len() >= SECRET_RUN && mixed {
            cuts.push((offset + at, offset + at + part.len()));
        }
        at += part.len() + 1;
    }
    // A token's part without its head: base64url with dashes between; no name is this long and mixed.
    let mixed_case = word.bytes().filter(u8::is_ascii_uppercase).count() * 5 > word.len()
        && word.bytes().filter(u8::is_ascii_lowercase).count() * 5 > word.len();
    if word.len() >= 80 && mixed_case {
        cuts.push((offset, offset + word.len()));
    }
}

fn named(text: &str, lower: &str, cuts: &mut Vec<(usize, usize)>) {
    for name in SECRET_NAMES {
        for (at, found) in lower.match_indices(name) {
            let after = at + found.len();
            let Some(rest) = lower.get(after..) else { continue };
            let skip = rest
                .bytes()
                .take(12)
                .position(|b| !matches!(b, b' ' | b'"' | b'\'' | b'=' | b':' | b'\\'))
                .unwrap_or(0);
            // Without any separator it is another word, such as `SignatureDoesNotMatch`.
            if skip == 0 && !name.ends_with('=') {
                continue;
            }
            let mut from = after + skip;
            if let Some(value) = lower.get(from..)
                && let Some(scheme) = ["bearer ", "aws4-hmac-sha256 "].iter().find(|s| value.starts_with(**s))
            {
                from += scheme.len();
            }
            let Some(value) = text.get(from..) else { continue };
            let len = value
                .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '&' | '}' | '\\' | ')'))
                .unwrap_or(value.len());
            // Short words are prose: `session token expired`.
            if len >= 16 {
                cuts.push((from, from + len));
            }
        }
    }
}
