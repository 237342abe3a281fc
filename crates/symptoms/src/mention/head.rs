//! How a line begins: the time, level and logger before its words, a comment's mark, a prompt.

use std::ops::Range;

/// Where the words of a line begin, and whether what stands before them, or they themselves, say that something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Where the words begin.
    pub(super) body: usize,
    /// Whether it is a record of trouble: a level, an exception's class, a client's own beginning.
    pub(super) loud: bool,
    /// Whether a time stands before them, as in a logger's record.
    pub(super) timed: bool,
}

/// Levels of trouble, in lower case.
const LOUD: &[&str] =
    &["error", "err", "warn", "warning", "fatal", "critical", "crit", "severe", "panic", "alert", "emerg"];
/// Other levels.
const QUIET: &[&str] = &["info", "debug", "trace", "notice", "log", "verbose"];
/// How clients and runners begin what they say of a failure, in lower case.
const BEGINNINGS: &[&str] = &[
    "##[error]",
    "##[warning]",
    "::error",
    "an error occurred (",
    "caused by:",
    "exception in thread",
    "unhandled exception",
    "uncaught ",
    "operation error ",
    "api error ",
    "failed ",
    "failed:",
    "unable to ",
    "could not ",
    "couldn't ",
    "cannot ",
    "fatal error",
];
/// Words taken off a line's beginning at most: a time of two words, a level, a logger, markers.
const MOST: usize = 8;

/// Reads a line's beginning.
pub(super) fn of(line: &str) -> Head {
    let mut at = 0;
    let (mut loud, mut stamped) = (false, false);
    for _ in 0..MOST {
        let rest = line.get(at..).unwrap_or_default();
        let skipped = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        at += skipped;
        if let Some(len) = marker(rest) {
            at += len;
            continue;
        }
        let word = rest.split_whitespace().next().unwrap_or_default();
        if word.len() == rest.trim_end().len() {
            break;
        }
        let bare = word.trim_matches(|c: char| matches!(c, '[' | ']' | ':' | '|' | '(' | ')'));
        let value = bare.split_once('=').filter(|(k, _)| matches!(*k, "level" | "lvl" | "severity"));
        let level = value.map_or(bare, |(_, level)| level).trim_matches('"').to_ascii_lowercase();
        let timed = is_time(bare) || bare.starts_with("time=") || bare.starts_with("ts=");
        stamped |= timed;
        if LOUD.contains(&level.as_str()) {
            loud = true;
        } else if !(timed || QUIET.contains(&level.as_str())) {
            loud |= klog(bare).is_some_and(|severe| severe);
            if klog(bare).is_none() {
                break;
            }
        }
        at += word.len();
    }
    let body = line.get(at..).unwrap_or_default();
    Head { body: at, loud: loud || is_loud(body), timed: stamped }
}

/// The length of what quotes a line as a whole: pytest's mark of an error, a mail's and an issue's of a quotation, an
/// item of a list.
fn marker(rest: &str) -> Option<usize> {
    ["E   ", "> ", ">       "].iter().find(|m| rest.starts_with(**m)).map(|m| m.len())
}

/// Whether a word is of digits and of what stands between the parts of a time.
fn is_time(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    digits >= 4 && word.bytes().all(|b| b.is_ascii_digit() || b"-:.,+TZ/".contains(&b))
}

/// Whether the word is klog's beginning (`E1123`), and of trouble.
fn klog(word: &str) -> Option<bool> {
    let (level, digits) = word.split_at_checked(1)?;
    let date = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    (date && matches!(level, "I" | "W" | "E" | "F")).then_some(level != "I")
}

/// Whether the words begin as those of a failure do.
fn is_loud(body: &str) -> bool {
    let start = body.get(..body.floor_char_boundary(64)).unwrap_or_default().to_ascii_lowercase();
    if BEGINNINGS.iter().any(|b| start.starts_with(b)) {
        return true;
    }
    let Some((word, _)) = body.split_once([':', '(']) else { return false };
    let class = word.rsplit(['.', ':', '$', '\\']).next().unwrap_or(word);
    let name = !class.is_empty() && class.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let ends = |end: &str| class.to_ascii_lowercase().ends_with(end);
    let thrown = ["error", "exception", "err", "fault"].iter().any(|end| ends(end));
    name && thrown && !class.to_ascii_lowercase().starts_with("assertion")
}

/// Whether the words are a comment's, or a heading's.
pub(super) fn is_comment(body: &str) -> bool {
    let heading = body.trim_start_matches('#');
    let hash = heading.len() < body.len() && heading.starts_with([' ', '!']);
    let others = ["// ", "/// ", "//! ", "/*", "-- ", "<!--", "; ", ";; ", "REM ", "rem ", "%% ", "\"\"\"", "'''"];
    hash || others.iter().any(|mark| body.starts_with(mark))
}

/// The comment behind a piece of code or of YAML.
pub(super) fn trailing_comment(body: &str) -> Option<Range<usize>> {
    let (at, mark) = [" # ", " // "].iter().find_map(|mark| body.find(mark).map(|at| (at, *mark)))?;
    let before = body.get(..at)?.trim_end();
    let value = || {
        let (key, rest) = before.trim_start_matches("- ").split_once(':').unwrap_or((before, "-"));
        let name = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
        name && (rest.is_empty() || rest.starts_with(' ')) && !rest.trim().contains(' ')
    };
    let closed = before.ends_with([';', '{', '}', ')', ']', ',', '"', '\'']);
    (closed || mark == " # " && value()).then_some(at..body.len())
}

/// Programs that look for words or print them: what follows is what they are told to look for.
const SEARCHES: &[&str] = &[
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
    "rg",
    "awk",
    "gawk",
    "sed",
    "jq",
    "yq",
    "findstr",
    "select-string",
    "echo",
    "printf",
    "[[",
];

/// Whether the words are a command that was printed: by `set -x`, behind a prompt, by a runner; or one of those that
/// look for words.
pub(super) fn is_command(body: &str) -> bool {
    let traced = body.trim_start_matches('+');
    if traced.len() < body.len() && traced.starts_with(' ') {
        return true;
    }
    if ["$ ", "% ", "\u{276f} ", "##[command]", "[command]", "##[group]Run ", "RUN "]
        .iter()
        .any(|p| body.starts_with(p))
    {
        return true;
    }
    searches(body)
}

/// Whether the words are a command of a program that looks for words or prints them, or lead to one.
pub(super) fn searches(body: &str) -> bool {
    let body = body.trim_start_matches(['+', '$', '%', '\u{276f}']).trim_start();
    // A history's number.
    let numbered = body.trim_start_matches(|c: char| c.is_ascii_digit());
    let line = if numbered.starts_with(' ') { numbered.trim_start() } else { body };
    let first = line.split_whitespace().next().unwrap_or_default();
    let named = |word: &str| {
        let program = word.rsplit('/').next().unwrap_or(word).to_ascii_lowercase();
        SEARCHES.contains(&program.trim_end_matches(':'))
    };
    let piped = line.split(" | ").skip(1).any(|part| {
        let word = part.split_whitespace().next().unwrap_or_default();
        named(word) && word.bytes().all(|b| b.is_ascii_lowercase())
    });
    named(first) && line.len() > first.len() || piped
}
