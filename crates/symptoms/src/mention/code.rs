//! Source code and what tests print: words in a literal, with the syntax of a program around it.

use std::ops::Range;

use super::literal::{literals, outside};

/// Words that begin a line of a program.
const KEYWORDS: &[&str] = &[
    "assert",
    "if",
    "elif",
    "else",
    "case",
    "return",
    "throw",
    "raise",
    "const",
    "let",
    "var",
    "val",
    "def",
    "fn",
    "func",
    "function",
    "public",
    "private",
    "protected",
    "static",
    "final",
    "export",
    "import",
    "from",
    "with",
    "except",
    "catch",
    "rescue",
    "unless",
    "require",
    "use",
    "print",
    "println",
    "match",
    "switch",
    "while",
    "for",
    "echo",
    "await",
    "yield",
    "expect",
    "it",
    "describe",
    "test",
];
/// Names whose value is what happened, in code's dress, too.
const ANSWERS: &[&str] = &["error", "err", "message", "msg", "reason", "exception", "cause", "detail", "details"];
/// Classes of exceptions that are written as a call without a capital.
const THROWN: &[&str] = &["gaierror", "timeout", "error", "err", "some", "ok"];

/// The longest literal of a line of a program.
pub(super) fn quoted(body: &str) -> Option<Range<usize>> {
    let found = literals(body);
    let first = found.first()?;
    let bare = outside(body, &found);
    let trimmed = bare.trim_end();
    let program = begins(&bare) && has_syntax(trimmed)
        || operator(trimmed)
        || calls(body, &found)
        || assigned(trimmed)
        || listed(body, first, trimmed);
    found.iter().max_by_key(|range| range.len()).filter(|_| program).cloned()
}

/// Whether the first word is one of a program's language.
fn begins(bare: &str) -> bool {
    let word: String = bare.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    KEYWORDS.contains(&word.as_str()) || bare.starts_with('@')
}

/// Whether a line that begins with such a word has a program's marks, too: words of a sentence begin lines as well.
fn has_syntax(bare: &str) -> bool {
    bare.ends_with([';', '{', ':', '}', ')', ','])
        || ["(", "==", "!=", " in ", " = ", "[", "=>"].iter().any(|mark| bare.contains(mark))
        || bare.starts_with("assert ")
        || bare.starts_with("return ")
        || bare.ends_with(['"', '\'', '`'])
}

/// Operators that compare or bind; not `=` and `:` alone, which records have.
fn operator(bare: &str) -> bool {
    const ALL: &[&str] = &[
        " == ", " != ", " === ", " !== ", " := ", " => ", " && ", " =~ ", " !~ ", " |= ", " |~ ", " like '",
        " like \"", " LIKE '",
    ];
    ALL.iter().any(|op| bare.contains(op)) || bare.ends_with(");") || bare.ends_with("\";") || bare.ends_with("';")
}

/// Whether a literal is what a function is called with: its name begins small, as no exception's does, and stands right
/// before.
fn calls(body: &str, found: &[Range<usize>]) -> bool {
    found.iter().any(|range| {
        let Some(before) = range.start.checked_sub(1).and_then(|quote| body.get(..quote)) else { return false };
        let after = body.get(range.end..).unwrap_or_default().trim_start_matches(['"', '\'', '`']);
        let Some(named) = before.trim_end_matches(['r', 'f', 'b', '@', '$']).strip_suffix('(') else { return false };
        let from = named.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |n| n + 1);
        let name = named.get(from..).unwrap_or_default();
        // Go's functions of other packages begin with a capital, behind the package's name.
        let within = named.get(..from).and_then(|before| before.strip_suffix('.'));
        let package = within.is_some_and(|b| b.ends_with(|c: char| c.is_ascii_lowercase())) && !is_thrown(name);
        let small = package || name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        small && !THROWN.contains(&name) && after.starts_with([')', ',', ' ', ';'])
    })
}

/// Whether a name is a class of exceptions, which is written so where one is shown.
fn is_thrown(name: &str) -> bool {
    name.ends_with("Error") || name.ends_with("Exception")
}

/// Whether a name is given the literal as its value, in a program's way: `NAME = "…"`.
fn assigned(bare: &str) -> bool {
    let Some((name, value)) = bare.split_once(" = ") else { return false };
    let last = name.rsplit([' ', '.']).next().unwrap_or(name);
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_. :<>*&".contains(&b));
    plain
        && value.starts_with(['"', '\'', '`', '[', '{', '('])
        && !ANSWERS.contains(&last.to_ascii_lowercase().as_str())
}

/// Whether a literal is an item of a list, or the name of a member, as programs have them.
fn listed(body: &str, first: &Range<usize>, bare: &str) -> bool {
    if first.start != 1 {
        return false;
    }
    let after = body.get(first.end + 1..).unwrap_or_default().trim_start();
    let named = after.starts_with("=>") || after.starts_with(':') && first.len() > MOST_OF_A_NAME;
    after == "," || named && bare.len() > first.len()
}

/// Bytes of the longest name of a member that records have.
const MOST_OF_A_NAME: usize = 40;

/// What a test expected, where a line says so: to what came instead, or to the line's end.
pub(super) fn expected(body: &str, loud: bool) -> Option<Range<usize>> {
    const INSTEAD: &[&str] = &[" got", " but ", " actual", " received", " was ", " found "];
    let lower = body.to_ascii_lowercase();
    let failed =
        ["assertionerror", "assertionfailederror", "comparisonfailure", "failed asserting", "assertion failed"];
    if failed.iter().any(|mark| lower.contains(mark)) {
        // What it compared stands in the same line, and neither part happened to a program.
        return Some(0..body.len());
    }
    let at = lower
        .match_indices("expected")
        .map(|(at, _)| at)
        .chain(lower.find("want "))
        .chain(lower.find("wanted "))
        .find(|at| {
            let before = lower.get(..*at).unwrap_or_default();
            !before.ends_with(|c: char| c.is_alphanumeric())
        })?;
    let rest = lower.get(at..)?;
    let open = literals(body).into_iter().find(|r| r.start > at);
    // A literal may hold any word.
    let skip = open.as_ref().map_or(0, |r| r.end - at);
    let quoted = open.is_some();
    let end = rest.get(skip..).and_then(|after| INSTEAD.iter().filter_map(|w| after.find(w)).min());
    let end = end.map_or(body.len(), |n| at + skip + n);
    let end = if quoted { end } else { INSTEAD.iter().filter_map(|w| rest.find(w)).min().map_or(end, |n| at + n) };
    (quoted || !loud).then_some(at..end)
}

/// Whether a line is the name of a test with what became of it.
pub(super) fn is_test(body: &str) -> bool {
    let end = body.trim_end();
    let numbered = || body.strip_prefix("not ").unwrap_or(body).strip_prefix("ok ");
    let ticked = ["\u{2713}", "\u{2714}", "--- PASS", "=== RUN", "PASS "].iter().any(|b| body.starts_with(b));
    let passed = end.ends_with(" PASSED") || body.starts_with("test ") && end.ends_with(" ok");
    ticked || passed || numbered().is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
