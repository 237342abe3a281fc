//! Where the value behind a name ends, and which values are none.

use super::Cut;
use super::prose::{is_place, is_prose};
use super::report::is_report;
use super::scan::{Bytes, is_name};

/// How a name and its value are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// `=`, `=>`, `:=`, or a member of a list that stands for them.
    Equals,
    /// `:` with the value right behind it.
    Colon,
    /// `: `.
    ColonBlank,
    /// An element of XML.
    Element,
    /// A blank, behind an option.
    Blank,
    /// `%3D` or `%3A`.
    Percent,
}

/// How surely a name announces a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A header whose whole value is secret.
    Header,
    /// Whatever follows is secret.
    Strong,
    /// Prose uses the word too: `token: not found`.
    Weak,
}

/// A name as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) start: usize,
    pub(super) class: Class,
    /// Whether it stands in quotes of any kind.
    pub(super) quoted: bool,
}

/// Words that are values of such names and no secrets.
const HARMLESS: [&str; 34] = [
    "true",
    "false",
    "null",
    "none",
    "nil",
    "<nil>",
    "undefined",
    "write",
    "read",
    "read-all",
    "write-all",
    "required",
    "optional",
    "expired",
    "invalid",
    "missing",
    "set",
    "unset",
    "withheld",
    "redacted",
    "<redacted>",
    "masked",
    "yes",
    "no",
    "token",
    "file",
    "name",
    "value",
    "password",
    "secret",
    "bearer",
    "basic",
    "digest",
    "-",
];
/// How far back quotes of the same line are counted.
const LINE: usize = 1024;
/// What opens literal text in XML (XML 1.0, 2.7).
const CDATA: &str = "<![CDATA[";
/// How often a quote may have been escaped: five times within each other.
const SLASHES: usize = 31;
/// How deep brackets are followed.
const DEPTH: usize = 32;

/// Whether a value is a placeholder, or a word that tells of a secret without being one.
pub(super) fn is_exempt(value: &[u8]) -> bool {
    let Some(first) = value.first() else { return true };
    if value.starts_with(b"[withheld]") || value.len() > 64 && *first != b'*' {
        return value.starts_with(b"[withheld]");
    }
    let second = value.get(1).copied().unwrap_or(0);
    let variable = *first == b'$' && (b"{(".contains(&second) || second.is_ascii_uppercase());
    let template = value.starts_with(b"{{") || (*first == b'%' && value.len() <= 3);
    let same = b"*x.-X?#\xe2\xc2".contains(first) && value.iter().all(|b| b == first);
    let word = value.strip_suffix(b".").or_else(|| value.strip_suffix(b":")).unwrap_or(value);
    variable || template || same || HARMLESS.iter().any(|h| word.eq_ignore_ascii_case(h.as_bytes()))
}

/// The value behind a name, as far as it is secret.
pub(super) fn secret(bytes: Bytes<'_>, name: Name, join: Join, after: usize) -> Option<Cut> {
    let from = bytes.skip_blanks(bytes.skip_colours(bytes.skip_blanks(after)));
    if bytes.says(from, "[withheld]") {
        return None;
    }
    if matches!(bytes.at(from), b'|' | b'>') && join == Join::ColonBlank {
        return block(bytes, name, from);
    }
    // Python's prefixes of strings.
    let literal =
        usize::from(matches!(bytes.at(from), b'b' | b'u' | b'r') && matches!(bytes.at(from + 1), b'"' | b'\''));
    let from = from + literal;
    if bytes.at(from) == b'[' || bytes.at(from) == b'{' {
        let list = bytes.at(from) == b'[';
        let strong = name.class == Class::Strong;
        let inner = if list { strong || bytes.at(from + 1) != b'"' } else { strong && name.quoted };
        let whole = name.class == Class::Header || inner;
        if !whole || bytes.says(from + 1, "[withheld]") {
            return None;
        }
        let end = bracket(bytes, from);
        let inside = bytes.0.get(from + 1..end).unwrap_or_default();
        return (!is_exempt(inside) && inside != b"{" && !inside.is_empty()).then_some((from + 1, end));
    }
    let quote = opening(bytes, from);
    if quote > 0 {
        let start = from + quote;
        let mut end = closing(bytes, from, start);
        // A shell's way to a quote within quotes.
        while bytes.says(end, "'\\''") {
            end = closing(bytes, from, end + "'\\''".len());
        }
        return sound(bytes, name, join, (start, end), true);
    }
    if join == Join::Element && bytes.says(from, CDATA) {
        let from = from + CDATA.len();
        return sound(bytes, name, join, (from, bytes.run(from, |b| b != b']')), false);
    }
    let end = match (name.class, join) {
        (_, Join::Element) => bytes.run(from, |b| b != b'<' && b != b'&'),
        (Class::Header, _) => header_end(bytes, name, join, from),
        (Class::Strong, Join::ColonBlank) if begins_line(bytes, name.start) => yaml_end(bytes, from),
        (Class::Strong | Class::Weak, _) => bare_end(bytes, name, join, from),
    };
    sound(bytes, name, join, (from, end), false)
}

/// The cut, unless what it would take is no secret.
fn sound(bytes: Bytes<'_>, name: Name, join: Join, cut: Cut, quoted: bool) -> Option<Cut> {
    let value = bytes.0.get(cut.0..cut.1)?;
    if is_exempt(value) {
        return None;
    }
    if name.class == Class::Weak {
        if is_place(value) {
            return None;
        }
        let rest = bytes.skip_blanks(cut.1);
        let more = !matches!(bytes.at(rest), 0 | b'\n' | b'\r' | b'\\' | b'#');
        let alone = begins_line(bytes, name.start) && !more;
        if join == Join::ColonBlank && !quoted && !name.quoted && !alone && is_prose(value) {
            return None;
        }
        // `"token": "not found"` is a sentence.
        if quoted && value.contains(&b' ') && (value.split(|b| *b == b' ').all(is_prose) || is_report(value)) {
            return None;
        }
    }
    Some(cut)
}

/// Whether only blanks, a list's dash or a header dump's mark stand before a name on its line.
fn begins_line(bytes: Bytes<'_>, start: usize) -> bool {
    let before = bytes.run_back(start, |b| matches!(b, b' ' | b'\t' | b'-' | b'<' | b'>' | b'*' | b'"' | b'\''));
    let written_out = matches!(bytes.before(before), b'n' | b'r' | b't') && bytes.at(before.saturating_sub(2)) == b'\\';
    before == 0 || bytes.before(before) == b'\n' || written_out
}

/// Length of the opening quote here, however often it was escaped.
pub(super) fn opening(bytes: Bytes<'_>, at: usize) -> usize {
    let slashes = bytes.run(at, |b| b == b'\\');
    if slashes - at > SLASHES {
        return 0;
    }
    if matches!(bytes.at(slashes), b'"' | b'\'' | b'`') {
        return slashes + 1 - at;
    }
    let coded = ["%22", "%27", "%5c%22", "%2522", "&quot;", "&#34;", "&#39;", "\\u0022", "\\\\u0022", "\\x22", "\\x27"];
    coded.iter().find(|c| bytes.says(at, c)).map_or(0, |c| c.len())
}

/// Where the string that `open..start` opens ends: at the same mark, else with the line.
fn closing(bytes: Bytes<'_>, open: usize, start: usize) -> usize {
    let mark = bytes.0.get(open..start).unwrap_or_default();
    let plain = mark.len() == 1;
    let mut i = start;
    while i < bytes.len() {
        let b = bytes.at(i);
        if plain && b == b'\\' {
            i += 2;
        } else if bytes.0.get(i..).unwrap_or_default().get(..mark.len()).is_some_and(|m| m.eq_ignore_ascii_case(mark))
            && bytes.before(i) != b'\\'
        {
            return i;
        } else if b == b'\n' && plain {
            break;
        } else {
            i += 1;
        }
    }
    // Without its closing mark a string was cut off: what is left of it is on this line.
    bytes.run(start, |b| b != b'\n')
}

/// The bracket that closes the one here; else the line's end.
fn bracket(bytes: Bytes<'_>, open: usize) -> usize {
    let (mut depth, mut i) = (0_usize, open);
    while i < bytes.len() {
        match bytes.at(i) {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return i;
                }
            }
            _ => {}
        }
        if depth > DEPTH {
            break;
        }
        i += 1;
    }
    bytes.run(open, |b| b != b'\n')
}

/// `, name=` or `;name:` here: another pair begins.
fn another(bytes: Bytes<'_>, at: usize) -> bool {
    let from = bytes.run(at, |b| b == b' ' || b == b'\t');
    let quote = opening(bytes, from);
    let end = bytes.run(from + quote, is_name);
    let close = end + opening(bytes, end);
    end > from + quote && matches!(bytes.at(close), b'=' | b':')
}

/// Whether a quote opened earlier on the line encloses this place.
fn enclosed(bytes: Bytes<'_>, start: usize) -> bool {
    let line = bytes.line_start(start, LINE);
    bytes.0.get(line..start).unwrap_or_default().split(|b| *b == b'"').count() % 2 == 0
}

/// A header's value goes to the end of its line, or of the quotes or brackets that hold it.
fn header_end(bytes: Bytes<'_>, name: Name, join: Join, from: usize) -> usize {
    let double = enclosed(bytes, name.start);
    let single = bytes.before(name.start) == b'\'';
    let held = matches!(bytes.before(name.start), b'{' | b'[' | b'(') || join != Join::ColonBlank;
    let mut i = from;
    while i < bytes.len() {
        let b = bytes.at(i);
        let stop = match b {
            b'\n' | b'\r' => true,
            b'\\' if matches!(bytes.at(i + 1), b'n' | b'r') => true,
            b'"' => double || join == Join::Percent,
            b'\'' => single,
            b'\\' => double && matches!(bytes.at(i + 1), b'"' | b'\\' | b'u'),
            b'}' | b']' => held,
            b',' => held && another(bytes, i + 1),
            b'&' => join != Join::ColonBlank && another(bytes, i + 1),
            b'<' => bytes.at(i + 1) == b'/',
            b'%' => join == Join::Percent && (bytes.says(i, "%22") || bytes.says(i, "%26") || bytes.says(i, "%0")),
            _ => false,
        };
        if stop {
            return i;
        }
        i += 1;
    }
    bytes.len()
}

/// A plain scalar of YAML: to the end of the line or a comment.
fn yaml_end(bytes: Bytes<'_>, from: usize) -> usize {
    let line = bytes.line_end(from);
    let end = bytes.find(from, line, " #").unwrap_or(line);
    bytes.0.get(from..end).unwrap_or_default().iter().rposition(|b| *b != b' ').map_or(from, |at| from + at + 1)
}

/// A block scalar of YAML: the lines that are indented further than its name.
fn block(bytes: Bytes<'_>, name: Name, from: usize) -> Option<Cut> {
    let head = bytes.run(from, |b| b"|>+-0123456789 \r".contains(&b));
    if bytes.at(head) != b'\n' {
        return None;
    }
    let indent = |at: usize| bytes.skip_blanks(at) - at;
    let own = indent(bytes.line_start(name.start, LINE));
    let mut end = head + 1;
    while end < bytes.len() && (indent(end) > own || bytes.at(end) == b'\n') {
        end = bytes.run(end, |b| b != b'\n') + 1;
    }
    (end > head + 1).then_some((bytes.skip_blanks(head + 1), end.min(bytes.len()).saturating_sub(1)))
}

/// A value without quotes: to a blank, or to what parts it from the next pair.
fn bare_end(bytes: Bytes<'_>, name: Name, join: Join, from: usize) -> usize {
    let double = enclosed(bytes, name.start);
    let mut i = from;
    while i < bytes.len() {
        let (b, next) = (bytes.at(i), bytes.at(i + 1));
        let ends = next == 0 || next.is_ascii_whitespace() || b",;)}]\"'<>|&\\".contains(&next);
        let stop = match b {
            b'"' => double || ends,
            b'\'' | b'`' => bytes.before(name.start) == b || ends,
            b',' | b';' | b'&' => ends || another(bytes, i + 1),
            b')' | b'}' | b']' | b'|' => ends,
            b'<' => i > from || next == b'/',
            b'\\' => matches!(next, b'n' | b'r' | b't' | b'"' | b'\'' | b'u' | b'\\'),
            b'%' => {
                let coded = ["%26", "%22", "%2c", "%7d", "%3b", "%20", "%0a", "%27", "%2526"];
                (join == Join::Percent || bytes.says(i, "%22")) && coded.iter().any(|c| bytes.says(i, c))
            }
            0x1b => true,
            _ => b.is_ascii_whitespace(),
        };
        if stop {
            return i;
        }
        i += 1;
    }
    bytes.len()
}
