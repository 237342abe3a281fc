//! Members of records whose value is not what happened: what is looked for, what describes.

use std::ops::Range;

/// Names of what is looked for, expected or run, in lower case and without what joins words.
const PATTERNS: &[&str] = &[
    "pattern",
    "patterns",
    "regex",
    "regexp",
    "query",
    "expr",
    "expression",
    "filter",
    "filterpattern",
    "match",
    "matcher",
    "matchers",
    "search",
    "expected",
    "expect",
    "want",
    "command",
    "cmd",
    "script",
    "args",
    "argv",
    "runbook",
    "runbookurl",
    "alert",
    "alertname",
    "rule",
    "selector",
    "grep",
];
/// Names of what describes, which in a record of trouble may be what happened.
const DESCRIBES: &[&str] = &[
    "description",
    "summary",
    "comment",
    "comments",
    "notes",
    "help",
    "hint",
    "example",
    "examples",
    "docs",
    "documentation",
    "changelog",
    "todo",
    "faq",
];

/// Those of them that status documents, events and loggers have too, for what happened.
const TELLS: &[&str] = &["description", "summary", "note", "notes"];

/// What a member's name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    /// It is looked for, expected or run.
    Pattern,
    /// It describes.
    Describes,
    /// Nothing.
    Any,
}

/// What a member's name says of its value.
pub(crate) fn member(name: &str) -> Member {
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if PATTERNS.contains(&bare.as_str()) {
        Member::Pattern
    } else if DESCRIBES.contains(&bare.as_str()) {
        Member::Describes
    } else {
        Member::Any
    }
}

/// Whether a line is one member of a document whose value is no answer: `expr: …`, `- alert: …`, `pattern = …`.
pub(super) fn is_quoting_line(body: &str) -> bool {
    let body = body.strip_prefix("- ").unwrap_or(body).trim_start();
    let Some(end) = body.find([':', '=']) else { return false };
    let (name, rest) = body.split_at(end);
    let name = name.trim_end().trim_matches(['"', '\'']);
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let blank = rest.get(1..).is_some_and(|r| r.starts_with([' ', '"', '\'']));
    plain && blank && member(name) != Member::Any
}

/// What a line tells behind a name that descriptions and what happened share: `description: …`, `Note: …`.
pub(super) fn described(body: &str) -> Option<&str> {
    let (name, value) = body.strip_prefix("- ").unwrap_or(body).trim_start().split_once(':')?;
    let name = name.trim_end().trim_matches(['"', '\'']).to_ascii_lowercase();
    TELLS.contains(&name.as_str()).then_some(value)
}

/// The value of a member of logfmt that is looked for, expected or run: to the next member, or to the line's end.
pub(super) fn logfmt(body: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(eq) = body.get(from..).and_then(|rest| rest.find('=')).map(|n| from + n) {
        let before = body.get(..eq)?;
        let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).map_or(0, |n| n + 1);
        let own = start == 0 || before.get(..start).is_some_and(|b| b.ends_with(' '));
        let value = body.get(eq + 1..).is_some_and(|v| v.starts_with(['"', '\'', '`']));
        if own && value && before.get(start..).is_some_and(|name| member(name) == Member::Pattern) {
            return Some(eq + 1..next_member(body, eq + 1));
        }
        from = eq + 1;
    }
    None
}

/// Where the next member of logfmt begins.
fn next_member(body: &str, from: usize) -> usize {
    let rest = body.get(from..).unwrap_or_default();
    let begins = |at: usize| {
        let word = rest.get(at + 1..).unwrap_or_default();
        let name = word.split('=').next().unwrap_or_default();
        name.len() < word.len() && !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let found = rest.match_indices(' ').map(|(at, _)| at).find(|at| begins(*at));
    found.map_or(body.len(), |at| from + at)
}
