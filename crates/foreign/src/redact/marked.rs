//! Secrets that tell themselves by how they begin, and what stands behind words that open something secret.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::Cut;
use super::kinds::{KINDS, Kind, OPENERS};
use super::prose::is_prose;
use super::random::is_random;
use super::scan::{Bytes, is_token};
use super::value::is_exempt;

static PREFIXES: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().match_kind(LONGEST).build(KINDS.iter().map(|k| k.prefix)).ok());
static OPEN: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).match_kind(LONGEST).build(OPENERS).ok());
/// What tells, before `-u`, `-p` and `-a`, that a password follows.
static FETCHERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| any_of(&["curl", "http", "wget", "-x "]));
static LOGINS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| any_of(&["login", "mysql", "sshpass", "-u ", "-u="]));
static REDIS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| any_of(&["redis-cli"]));
/// What begins first hides what begins in it.
const LONGEST: MatchKind = MatchKind::LeftmostLongest;

/// The longest user information of a URL that is looked for.
const AUTHORITY: usize = 1024;
/// How far back on its line the words around a short option are looked for.
const COMMAND: usize = 512;
/// The longest secret that only its shape tells behind a short beginning: what is longer is something else.
const SHAPED: usize = 256;
/// The longest name of a parameter that may stand behind a scheme of HTTP authentication.
const PARAMETER: usize = 64;

fn any_of(words: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
}

pub(super) fn find(text: &str, cuts: &mut Vec<Cut>) {
    let bytes = Bytes(text.as_bytes());
    let mut at = 0;
    while let Some(hit) = PREFIXES.as_ref().and_then(|all| all.find(Input::new(text).range(at..))) {
        let cut = KINDS.get(hit.pattern().as_usize()).and_then(|kind| begins(bytes, hit.start(), kind));
        at = cut.map_or(hit.start() + 1, |(_, to)| to.max(hit.start() + 1));
        cuts.extend(cut);
    }
    at = 0;
    while let Some(hit) = OPEN.as_ref().and_then(|all| all.find(Input::new(text).range(at..))) {
        let opener = OPENERS.get(hit.pattern().as_usize()).copied().unwrap_or_default();
        let cut = opened(bytes, opener, (at, hit.start()), hit.end()).filter(|(from, to)| from < to);
        at = cut.map_or(hit.end(), |(_, to)| to.max(hit.end()));
        cuts.extend(cut);
    }
    bootstrap(bytes, cuts);
}

fn begins(bytes: Bytes<'_>, start: usize, kind: &Kind) -> Option<Cut> {
    let after = start + kind.prefix.len();
    if !kind.glued && bytes.before(start).is_ascii_alphanumeric() {
        return None;
    }
    let key_id = kind.prefix.len() == 4 && kind.prefix.starts_with('A') && kind.least == 16;
    if key_id {
        let end = bytes.run(after, |b| b.is_ascii_uppercase() || b.is_ascii_digit());
        return (end - after >= kind.least).then_some((start, end));
    }
    let shaped = matches!(kind.prefix, "s." | "b." | "cio" | "oy2" | "dapi" | "pul-" | "sk-");
    // Each of these is looked at again where the next one begins, so no look goes far.
    let bytes = if shaped { Bytes(bytes.0.get(..after + SHAPED).unwrap_or(bytes.0)) } else { bytes };
    let end = bytes.run(after, |b| is_token(b) || b == b'%' || b == b'$');
    if end == after + SHAPED && shaped {
        return None;
    }
    // A dot at the end is the sentence's.
    let end = (after..end).rev().find(|i| bytes.at(*i) != b'.').map_or(after, |i| i + 1);
    if end - after < kind.least {
        return None;
    }
    let own = bytes.0.get(after..end).unwrap_or_default();
    if kind.prefix == "s." || kind.prefix == "b." || kind.prefix.len() == 3 && kind.prefix.ends_with('o') {
        let mixed = own.iter().any(u8::is_ascii_uppercase) && own.iter().any(u8::is_ascii_lowercase);
        let plain = own.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        return (mixed && plain).then_some((start, end));
    }
    let hex = |own: &[u8]| own.iter().all(u8::is_ascii_hexdigit);
    if (kind.prefix == "dapi" || kind.prefix == "pul-") && !hex(own) {
        return None;
    }
    if kind.prefix == "sk-" && !own.iter().any(u8::is_ascii_digit) {
        return None;
    }
    Some((start, if kind.prefix.starts_with('e') { rest_of_token(bytes, end) } else { end }))
}

/// A token broken by blanks, line breaks or quotes goes on behind them, while what stands there is no word.
fn rest_of_token(bytes: Bytes<'_>, mut end: usize) -> usize {
    loop {
        let mut next = bytes.run(end, |b| b" \t\r\n\\\"'+.".contains(&b));
        // `\n` written out.
        if next > end && bytes.before(next) == b'\\' && matches!(bytes.at(next), b'n' | b'r' | b't') {
            next += 1;
        }
        let stop = bytes.run(next, is_token);
        let part = bytes.0.get(next..stop).unwrap_or_default();
        let goes_on = next > end && part.len() >= 16 && (part.starts_with(b"eyJ") || is_random(part));
        if !goes_on {
            return end;
        }
        end = stop;
    }
}

/// Kubernetes bootstrap tokens (Kubernetes documentation, "Authenticating with Bootstrap Tokens"): six characters,
/// a dot, sixteen characters.
fn bootstrap(bytes: Bytes<'_>, cuts: &mut Vec<Cut>) {
    for (dot, _) in bytes.0.iter().enumerate().filter(|(_, b)| **b == b'.') {
        let own = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let (from, to) = (bytes.run_back(dot, own), bytes.run(dot + 1, own));
        let outside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/');
        let digits = |from: usize, to: usize| bytes.0.get(from..to).unwrap_or_default().iter().any(u8::is_ascii_digit);
        let stands_alone = !(outside(bytes.before(from)) || outside(bytes.at(to)) && outside(bytes.at(to + 1)));
        if dot - from == 6 && to - dot == 17 && stands_alone && digits(dot, to) {
            cuts.push((from, to));
        }
    }
}

/// `read` is how far the text has been read before this opener: what looks back goes no further.
fn opened(bytes: Bytes<'_>, opener: &str, (read, start): Cut, end: usize) -> Option<Cut> {
    match opener {
        "://" => user_info(bytes, end, "@"),
        "%3a%2f%2f" => user_info(bytes, end, "%40"),
        "-----begin " | "---- begin ssh2 encrypted private key" | "private-lines:" => {
            private_key(bytes, opener, start, end)
        }
        "bearer " | "bearer%20" | "bearer+" | "negotiate " => credentials(bytes, end, false),
        "basic " | "basic%20" => credentials(bytes, end, true),
        "digest username" => Some((start + "digest ".len(), bytes.line_end(end))),
        // `user:password@tcp(host)/base`, as Go's MySQL driver takes it.
        "@tcp(" | "@unix(" => {
            let least = start.saturating_sub(AUTHORITY).max(read);
            let near = Bytes(bytes.0.get(least..start).unwrap_or_default());
            let from = near.run_back(near.len(), |b| !b.is_ascii_whitespace() && !b"\"'`=".contains(&b));
            (from > 0 || least == read).then_some((least + from, start))
        }
        "thin:" => {
            let near = Bytes(bytes.0.get(..end + AUTHORITY).unwrap_or(bytes.0));
            let stop = near.run(end, |b| !b.is_ascii_whitespace() && !b"@\"'".contains(&b));
            (bytes.at(stop) == b'@' && bytes.at(end) != b'@').then_some((end, stop))
        }
        "' at '" => refused(bytes, start, end),
        ":assertion" => assertion(bytes, start, end),
        "token file content" => {
            let from = bytes.run(end, |b| b" \"':=\\".contains(&b));
            let stop = bytes.run(from, |b| !b.is_ascii_whitespace() && !b"\"'\\".contains(&b));
            (from > end && stop - from >= 16).then_some((from, stop))
        }
        " identified by " => {
            let quote = bytes.at(end);
            let stop = bytes.run(end + 1, |b| b != quote);
            matches!(quote, b'\'' | b'"').then_some((end + 1, stop))
        }
        _ => option(bytes, opener, start, end),
    }
}

/// `user:password@` of a URL. A password may hold a slash nobody escaped: what looks like a port and is none is
/// the beginning of one.
fn user_info(bytes: Bytes<'_>, from: usize, at: &str) -> Option<Cut> {
    let bytes = Bytes(bytes.0.get(..from + AUTHORITY).unwrap_or(bytes.0));
    let in_url = |b: u8| !b.is_ascii_whitespace() && !b"\"'`<>\\".contains(&b);
    let whole = bytes.run(from, in_url);
    let authority = bytes.run(from, |b| in_url(b) && !b"/?#,;)}]|".contains(&b));
    let last = |end: usize| (from..end).rev().find(|i| bytes.says(*i, at));
    let own = last(authority).or_else(|| {
        let host = bytes.0.get(from..authority)?;
        let colon = host.iter().position(|b| *b == b':')?;
        let port = host.get(colon + 1..)?;
        let plausible = !port.is_empty() && port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
        let bracketed = host.starts_with(b"[");
        (!plausible && !bracketed).then(|| last(whole)).flatten()
    })?;
    let user = bytes.0.get(from..own)?;
    (user != b"git" && user != b"[withheld]").then_some((from, own))
}

/// A private key from its first line to its last, line breaks written out or not; without a last line, all there is.
fn private_key(bytes: Bytes<'_>, opener: &str, start: usize, end: usize) -> Option<Cut> {
    if opener == "-----begin " {
        let title =
            bytes.run(end, |b| b.is_ascii_uppercase() || b.is_ascii_lowercase() || b == b' ' || b.is_ascii_digit());
        bytes.find(end, title, "private key")?;
    }
    let close = if opener == "-----begin " { "-----end " } else { "---- end ssh2" };
    let stop = bytes.find(end, bytes.len(), close).map_or(bytes.len(), |last| {
        let line = bytes.run(last + close.len(), |b| b.is_ascii_alphanumeric() || b == b' ');
        bytes.run(line, |b| b == b'-')
    });
    Some((start, stop))
}

/// What follows a scheme of HTTP authentication in prose, unless it is prose too.
fn credentials(bytes: Bytes<'_>, end: usize, basic: bool) -> Option<Cut> {
    let from = bytes.run(end, |b| b == b' ' || b == b'"' || b == b'\'');
    // `Bearer realm="…"` and `Bearer error=…` are questions, not answers.
    let name = bytes.0.get(from..).unwrap_or_default().iter().take(PARAMETER).take_while(|b| is_token(**b));
    if let Some(at) = name.copied().position(|b| b == b'=') {
        let value = bytes.at(from + at + 1);
        if value != b'=' && (is_token(value) || matches!(value, b'"' | b'\'')) {
            return None;
        }
    }
    let stop = bytes.run(from, |b| is_token(b) || b == b':' || b == b'%');
    let word = bytes.0.get(from..stop)?;
    let bare = word.strip_suffix(b".").or_else(|| word.strip_suffix(b":")).unwrap_or(word);
    let pair = basic && is_pair(bare);
    (pair || (!bare.is_empty() && !is_prose(bare) && !is_exempt(bare))).then_some((from, stop))
}

/// Whether a word is base64 of `user:password`.
fn is_pair(word: &[u8]) -> bool {
    let mut bits = 0_u32;
    let mut kept = 0;
    let mut plain = Vec::with_capacity(word.len());
    for b in word.iter().filter(|b| **b != b'=') {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        bits = (bits << 6) | u32::from(value);
        kept += 6;
        if kept >= 8 {
            kept -= 8;
            plain.extend(u8::try_from((bits >> kept) & 0xff));
        }
    }
    word.len() >= 4 && plain.contains(&b':') && plain.iter().all(|b| (0x20..0x7f).contains(b))
}

/// `Value '…' at 'password' failed to satisfy constraint`, as AWS's validation repeats what it was given.
fn refused(bytes: Bytes<'_>, start: usize, end: usize) -> Option<Cut> {
    let name = bytes.0.get(end..bytes.run(end, |b| b != b'\''))?.to_ascii_lowercase();
    let secret = [b"token".as_slice(), b"password", b"secret", b"assertion", b"key"];
    if !secret.iter().any(|s| name.ends_with(s)) {
        return None;
    }
    let from = bytes.run_back(start, |b| b != b'\'');
    Some((from, start))
}

/// A SAML assertion from its first tag to its last (SAML 2.0 core, 2.3.3).
fn assertion(bytes: Bytes<'_>, start: usize, end: usize) -> Option<Cut> {
    let tag = bytes.run_back(start, |b| b.is_ascii_alphanumeric());
    if bytes.before(tag) != b'<' || !bytes.at(end).is_ascii_whitespace() {
        return None;
    }
    let stop = bytes.find(end, bytes.len(), ":assertion>").unwrap_or(bytes.len());
    Some((tag.saturating_sub(1), stop))
}

/// Passwords behind short options, where the command is one that takes them there.
fn option(bytes: Bytes<'_>, opener: &str, start: usize, end: usize) -> Option<Cut> {
    if opener == "pass:" && bytes.before(start).is_ascii_alphanumeric() {
        return None;
    }
    let line = bytes.line_start(start, COMMAND);
    let before = bytes.0.get(line..start).unwrap_or_default();
    let told = |tools: &LazyLock<Option<AhoCorasick>>| tools.as_ref().is_some_and(|all| all.is_match(before));
    let blank = bytes.skip_blanks(end);
    let quote = Some(bytes.at(blank)).filter(|q| matches!(q, b'"' | b'\''));
    let from = blank + usize::from(quote.is_some());
    let stop = match quote {
        Some(q) => bytes.run(from, |b| b != q && b != b'\n'),
        None => bytes.run(from, |b| !b.is_ascii_whitespace() && !b"\"'".contains(&b)),
    };
    let value = bytes.0.get(from..stop)?;
    let fits = match opener {
        "pass:" => true,
        " -u" | " --user " | " --proxy-user " => {
            let colon = value.iter().position(|b| *b == b':')?;
            (opener != " -u" || told(&FETCHERS)) && colon + 1 < value.len()
        }
        " -p" => told(&LOGINS) && !value.starts_with(b"-") && stop > from,
        " -a " => told(&REDIS),
        _ => false,
    };
    (fits && !is_exempt(value)).then_some((from, stop))
}
