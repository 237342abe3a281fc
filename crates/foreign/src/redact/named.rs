//! Values behind names that announce a secret, in any dress: assignments, JSON and JSON within it, YAML, headers,
//! queries, dumps of maps, XML, options of commands.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input};

use super::Cut;
use super::class::is_class;
use super::scan::{Bytes, is_name};
use super::value::{Class, Join, Name, opening, secret};

/// What a name of a secret holds. A name is looked at only where one of these stands.
const ROOTS: [&str; 28] = [
    "pass",
    "pw",
    "code",
    "ticket",
    "hmac",
    "pwd",
    "secret",
    "token",
    "key",
    "auth",
    "cookie",
    "sig",
    "cred",
    "jwt",
    "pat",
    "sess",
    "sid",
    "assert",
    "saml",
    "bearer",
    "connectionstr",
    "connection_str",
    "connection-str",
    "connection str",
    "connstr",
    "verifier",
    "otp",
    "dockerc",
];
static NAMES: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(ROOTS).ok());

/// Last words, alone or as an end, after which whatever follows is secret.
const STRONG: [&str; 25] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "pwd",
    "apikey",
    "secretkey",
    "privatekey",
    "accountkey",
    "accesskey",
    "sharedaccesskey",
    "signingkey",
    "clientsecret",
    "connectionstring",
    "connstr",
    "dockerconfigjson",
    "dockercfg",
    "samlresponse",
    "samlassertion",
    "sessionid",
    "phpsessid",
    "requirepass",
    "pgpass",
    "jsessionid",
];
/// Words before `key` that make it a secret's. `access key id` does not end with `key`.
const KEYS: [&str; 27] = [
    "api",
    "access",
    "secret",
    "private",
    "account",
    "shared",
    "encryption",
    "signing",
    "master",
    "auth",
    "ssh",
    "license",
    "storage",
    "subscription",
    "hmac",
    "deploy",
    "webhook",
    "functions",
    "customer",
    "application",
    "app",
    "root",
    "admin",
    "aes",
    "rsa",
    "decryption",
    "host",
];
/// Other pairs of last words.
const PAIRS: [(&str, &str); 16] = [
    ("saml", "response"),
    ("saml", "assertion"),
    ("connection", "string"),
    ("conn", "string"),
    ("conn", "str"),
    ("connection", "str"),
    ("password", "hash"),
    ("authorization", "code"),
    ("device", "code"),
    ("code", "verifier"),
    ("client", "assertion"),
    ("key", "data"),
    ("session", "id"),
    ("client", "secret"),
    ("app", "secret"),
    ("token", "secret"),
];
/// Last words that prose uses too.
const WEAK: [&str; 12] =
    ["jwt", "pat", "sig", "signature", "auth", "credentials", "sid", "otp", "assertion", "bearer", "token", "secret"];
/// Names that are secret where they stand in a query: of a key, or of a login that can be gone through once.
const QUERY: [&str; 7] = ["key", "code", "ticket", "hmac", "session", "pw", "pass"];
/// Last words that say which of several secrets it is.
const WHICH: [&str; 11] =
    ["v", "prod", "production", "dev", "test", "staging", "base", "primary", "secondary", "old", "new"];
/// First words of codes such as `InvalidIdentityToken`: what follows is what went wrong.
const CODES: [&str; 10] = [
    "invalid",
    "expired",
    "missing",
    "unrecognized",
    "malformed",
    "incorrect",
    "unknown",
    "unsupported",
    "bad",
    "wrong",
];
/// Words that end with `pass` and are no passwords.
const PASSING: [&str; 6] = ["compass", "bypass", "surpass", "trespass", "encompass", "underpass"];
/// How far back the word before a name is looked for, and how far forward the other member of a pair.
const NEAR: usize = 40;

pub(super) fn find(text: &str, cuts: &mut Vec<Cut>) {
    let bytes = Bytes(text.as_bytes());
    let mut at = 0;
    while let Some(hit) = NAMES.as_ref().and_then(|all| all.find(Input::new(text).range(at..))) {
        let (start, end) = identifier(bytes, hit.start(), hit.end());
        at = end.max(hit.end());
        let Some(class) = class(bytes, start, end) else { continue };
        let Some((join, quoted, after)) = joined(bytes, start, end).or_else(|| of_sql(bytes, class, end)) else {
            continue;
        };
        if join == Join::Blank && class == Class::Header || is_code(bytes, start, end, join) {
            continue;
        }
        if let Some(cut) = secret(bytes, Name { start, class, quoted }, join, after).filter(|(from, to)| from < to) {
            at = at.max(cut.1);
            cuts.push(cut);
        }
    }
}

/// The whole name around a root, without what an escape leaves before it.
fn identifier(bytes: Bytes<'_>, start: usize, end: usize) -> (usize, usize) {
    let mut from = bytes.run_back(start, is_name);
    let to = bytes.run(end, is_name);
    match bytes.before(from) {
        b'%' if from + 2 <= start => from += 2,
        b'\\' if from < start && matches!(bytes.at(from), b'n' | b'r' | b't') => from += 1,
        b'\\' if from + 5 <= start && bytes.at(from) == b'u' => from += 5,
        // A colour's last letter (ECMA-48, 8.3.117).
        b'[' | b';' => {
            let after = bytes.run(from, |b| b.is_ascii_digit()) + 1;
            let open = bytes.run_back(from, |b| b.is_ascii_digit() || b == b';');
            // The escape before the bracket is one byte, or written out as in `\x1b` or `\u001b`.
            let begins = [2, 5, 7].iter().filter_map(|back| open.checked_sub(*back));
            if after <= start && begins.into_iter().any(|at| bytes.skip_colours(at) == after) {
                from = after;
            }
        }
        _ => {}
    }
    (from, to)
}

/// The last words of a name, the last one first, in lower case: `X-Api-Key`, `apiKey`, `DB_PASS2`.
fn words(bytes: Bytes<'_>, start: usize, end: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut to = end;
    while to > start && words.len() < 3 {
        let kind = |b: u8| if b.is_ascii_digit() { 1 } else { u8::from(!b.is_ascii_alphabetic()) * 2 };
        let last = bytes.at(to - 1);
        let mut from = to - 1;
        while from > start && kind(bytes.at(from - 1)) == kind(last) {
            let (before, here, next) = (bytes.at(from - 1), bytes.at(from), bytes.at(from + 1));
            let hump = before.is_ascii_lowercase() && here.is_ascii_uppercase();
            let acronym =
                before.is_ascii_uppercase() && here.is_ascii_uppercase() && next.is_ascii_lowercase() && from + 1 < to;
            if hump || acronym {
                break;
            }
            from -= 1;
        }
        if last.is_ascii_alphabetic() {
            words.push(String::from_utf8_lossy(bytes.0.get(from..to).unwrap_or_default()).to_ascii_lowercase());
        }
        to = from;
    }
    words
}

fn class(bytes: Bytes<'_>, start: usize, end: usize) -> Option<Class> {
    let mut words = words(bytes, start, end);
    if words.len() > 1 && words.first().is_some_and(|last| WHICH.contains(&last.as_str())) {
        words.remove(0);
    }
    if words.len() == 1 && bytes.before(start) == b' ' {
        // `API key: …`
        let before = bytes.run_back(start - 1, |b| b.is_ascii_alphabetic());
        if start - before <= NEAR {
            let word = bytes.0.get(before..start - 1).unwrap_or_default();
            words.push(String::from_utf8_lossy(word).to_ascii_lowercase());
        }
    }
    let last = words.first()?.as_str();
    let before = words.get(1).map_or("", String::as_str);
    if matches!(last, "authorization" | "cookie" | "cookies") {
        return Some(Class::Header);
    }
    if words.len() == 1 && matches!(bytes.before(start), b'?' | b'&') && QUERY.contains(&last) && bytes.at(end) == b'='
    {
        let number = bytes.run(end + 1, |b| b.is_ascii_digit());
        return (last != "code" || matches!(number - end, 1 | 5..)).then_some(Class::Strong);
    }
    // `PWD` alone is a folder, as every shell exports it, or a password.
    if last == "pwd" && words.len() == 1 {
        return Some(Class::Weak);
    }
    // Several of them are as secret as one.
    let last = ["passwords", "apikeys"].iter().find(|p| last.ends_with(**p)).map_or(last, |p| p.trim_end_matches('s'));
    let pass = last == "pw" || (last.ends_with("pass") && !PASSING.contains(&last));
    let key = last == "key" && KEYS.contains(&before);
    if pass || key || STRONG.iter().any(|s| last.ends_with(s)) || PAIRS.contains(&(before, last)) {
        return Some(Class::Strong);
    }
    let weak = WEAK.contains(&last) || ["token", "secret", "jwt"].iter().any(|s| last.ends_with(s));
    weak.then_some(Class::Weak)
}

/// `InvalidIdentityToken: …`, and a class's name before its message.
fn is_code(bytes: Bytes<'_>, start: usize, end: usize, join: Join) -> bool {
    let name = bytes.0.get(start..end).unwrap_or_default();
    let camel = !name.iter().any(|b| matches!(b, b'_' | b'-'));
    // `/run/secrets/token: permission denied` speaks of a file.
    let file = bytes.before(start) == b'/';
    let begins = CODES.iter().any(|c| bytes.says(start, c));
    // A class has a capital: `spring.datasource.password` is a setting.
    let class = |last: &[u8]| last.first().is_some_and(u8::is_ascii_uppercase);
    // The name of a secret, not what is in it: `arn:aws:secretsmanager:…:secret:prod/db` (AWS Secrets Manager User
    // Guide).
    let word = Bytes(bytes.0.get(start.saturating_sub(NEAR * 2)..start).unwrap_or_default());
    let of_secret = name == b"secret" && word.find(0, word.len(), ":secretsmanager:").is_some();
    let qualified =
        name.split(|b| *b == b'.').nth(2).is_some() && name.rsplit(|b| *b == b'.').next().is_some_and(class);
    matches!(join, Join::Colon | Join::ColonBlank) && (file || of_secret || (camel && (begins || qualified)))
}

/// How a name is joined to what follows it, whether it stands in quotes, and where what follows begins.
fn joined(bytes: Bytes<'_>, start: usize, end: usize) -> Option<(Join, bool, usize)> {
    let mut i = end + opening(bytes, end);
    let quoted = i > end;
    if quoted && bytes.at(i) == b']' {
        i += 1;
    }
    // A form's `user[password]=` and `password[]=`.
    if !quoted {
        let brackets = ["[]", "]", "%5b%5d", "%5d"];
        i += brackets.iter().find(|b| bytes.says(i, b)).map_or(0, |b| b.len());
    }
    let closed = if matches!(bytes.at(i), b'=' | b'%') { i } else { end + opening(bytes, end) };
    let closed = if quoted { i } else { closed };
    i = bytes.skip_blanks(bytes.skip_colours(closed));
    match bytes.at(i) {
        b'=' => Some((Join::Equals, quoted, bytes.run(i, |b| matches!(b, b'=' | b'>' | b'~')))),
        b':' if bytes.at(i + 1) == b':' => None,
        b':' if bytes.at(i + 1) == b'=' => Some((Join::Equals, quoted, i + 2)),
        b':' => {
            let blank = bytes.at(i + 1).is_ascii_whitespace();
            let next = bytes.run(i + 1, |b| b.is_ascii_whitespace());
            // What stands on the next line is another member, unless it is a string that JSON was broken before.
            let after = if quoted && opening(bytes, next) > 0 { next } else { i + 1 };
            Some((if blank { Join::ColonBlank } else { Join::Colon }, quoted, after))
        }
        b'>' if quoted || matches!(bytes.before(start), b'<' | b':') => Some((Join::Element, quoted, i + 1)),
        b'&' if bytes.says(i, "&gt;") && bytes.before(start) == b';' => Some((Join::Element, quoted, i + 4)),
        b'-' if bytes.at(i + 1) == b'>' => Some((Join::ColonBlank, quoted, i + 2)),
        b'&' | b'\\' => {
            let marks = ["&#61;", "&#x3d;", "&#58;", "&#x3a;", "\\u003d", "\\u003a", "\\x3d", "\\x3a"];
            let mark = marks.iter().find(|m| bytes.says(i, m))?;
            Some((Join::Equals, quoted, i + mark.len()))
        }
        b'%' => {
            let coded = ["%3d", "%3a", "%253d", "%253a"];
            let mark = coded.iter().find(|c| bytes.says(i, c))?;
            let after = i + mark.len();
            let blank = if bytes.says(after, "%20") { 3 } else { usize::from(bytes.at(after) == b'+') };
            Some((Join::Percent, quoted, after + blank))
        }
        _ => listed(bytes, start, closed, quoted).or_else(|| option(bytes, start, closed, i)),
    }
}

/// `PASSWORD 'x'`, as SQL writes it, and a message that quotes what was wrong.
fn of_sql(bytes: Bytes<'_>, class: Class, end: usize) -> Option<(Join, bool, usize)> {
    let value = bytes.skip_blanks(end + opening(bytes, end));
    let quoted = value > end && bytes.before(value) == b' ' && opening(bytes, value) == 1;
    (class == Class::Strong && quoted).then_some((Join::Blank, true, value))
}

/// A name and its value as members of a list or of a record: `("Cookie", "…")`, `"name": "DB_PASS", "value": "…"`,
/// and the same over two lines of YAML.
fn listed(bytes: Bytes<'_>, start: usize, closed: usize, quoted: bool) -> Option<(Join, bool, usize)> {
    let next = bytes.run(closed, |b| b.is_ascii_whitespace() || matches!(b, b',' | b';'));
    // What follows a class in a list is not its value.
    let class = bytes.0.get(start..bytes.run(start, is_name)).is_some_and(is_class);
    if next == closed || next - closed > NEAR || class {
        return None;
    }
    if is_length(bytes, start, next) {
        return None;
    }
    let open = opening(bytes, next);
    // CloudFormation has `ParameterKey` and `ParameterValue`.
    let end = bytes.run(next + open, |b| b.is_ascii_alphabetic());
    if end - (next + open) <= NEAR && bytes.says(end.saturating_sub("value".len()).max(next + open), "value") {
        let colon = bytes.skip_blanks(end + opening(bytes, end));
        return matches!(bytes.at(colon), b':' | b'=').then_some((Join::Equals, true, colon + 1));
    }
    let comma = bytes.0.get(closed..next).unwrap_or_default().contains(&b',');
    (quoted && open > 0 && comma).then_some((Join::Equals, true, next))
}

/// Whether what is told of a parameter is how long its value is, and not the value: `Invalid length for parameter
/// WebIdentityToken, value: 0, valid min length: 4` (botocore, `validate.py`).
fn is_length(bytes: Bytes<'_>, start: usize, next: usize) -> bool {
    const BEFORE: &str = "length for parameter ";
    const LABEL: &str = "value: ";
    let told = start.checked_sub(BEFORE.len()).is_some_and(|at| bytes.says(at, BEFORE)) && bytes.says(next, LABEL);
    let digits = next + LABEL.len();
    let end = bytes.run(digits, |b| b.is_ascii_digit());
    told && end > digits && bytes.at(end) == b','
}

/// `--password x`, `login x password y`.
fn option(bytes: Bytes<'_>, start: usize, closed: usize, value: usize) -> Option<(Join, bool, usize)> {
    if value == closed || bytes.at(value) == b'-' {
        return None;
    }
    let line = bytes.line_start(start, NEAR * 4);
    let near = start.saturating_sub(NEAR * 4);
    let machine = bytes.find(near, start, "machine ").and_then(|at| bytes.find(at, start, "login "));
    let netrc = bytes.find(line, start, "login ").or(machine).is_some() || bytes.says(start, "requirepass");
    let dashed =
        bytes.at(start) == b'-' && matches!(bytes.before(start), 0 | b' ' | b'\n' | b'"' | b'\'' | b'[' | b'\t');
    (dashed || netrc).then_some((Join::Blank, false, value))
}
