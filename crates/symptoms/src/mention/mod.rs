//! Words of a failure that are quoted and do not tell that it happened: a comment, source code, a command that was
//! printed, what a test expects, a pattern that is looked for, advice. What decides is what stands around the words,
//! not the words: a record of a logger, an exception, an answer are failures whatever they say.

mod code;
mod happened;
mod head;
mod keys;
mod literal;
mod prose;

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::judge::symptoms;
use crate::symptom::Symptom;
use crate::text::excerpt::message;

pub(crate) use happened::has_request;
pub(crate) use keys::{Member, member};

/// What the words of a failure stand in, where that does not show that it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dress {
    /// A comment, or a heading of a document.
    Comment,
    /// Source code.
    Code,
    /// A command that a shell or a runner printed before it ran it.
    Command,
    /// What a test expects, or a test's name.
    Expectation,
    /// A pattern that is looked for, or the description in a rule.
    Pattern,
    /// Words to a reader: advice, a question, a table of errors.
    Prose,
}

impl Dress {
    /// What it is, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Comment => "a comment or a heading",
            Self::Code => "source code",
            Self::Command => "a command that was printed",
            Self::Expectation => "what a test expects",
            Self::Pattern => "a pattern or a description",
            Self::Prose => "words to a reader",
        }
    }
}

/// Words of a failure that are quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// What they would mean.
    pub symptom: Symptom,
    /// What they stand in.
    pub dress: Dress,
    /// The words, on one line, redacted and cut to a bounded length.
    pub message: String,
}

impl Mention {
    /// The mentions in a text that is only quoted.
    pub(crate) fn all(dress: Dress, text: &str) -> impl Iterator<Item = Self> + '_ {
        let found = symptoms(text, &text.to_ascii_lowercase());
        found.into_iter().map(move |(symptom, at)| Self { symptom, dress, message: message(text, at) })
    }
}

/// The text without what is only quoted in it, and what that mentions. A failure that stands elsewhere in the text,
/// too, is one.
pub(crate) fn part(text: &str) -> (Cow<'_, str>, Vec<Mention>) {
    let mut cut: Vec<(Range<usize>, Dress)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let words = line.trim_end_matches(['\n', '\r']);
        if let Some((within, dress)) = quoted(words)
            && let Some(part) = words.get(within.clone())
            && !symptoms(part, &part.to_ascii_lowercase()).is_empty()
        {
            cut.push((at + within.start..at + within.end, dress));
        }
        at += line.len();
    }
    if cut.is_empty() {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (range, _) in &cut {
        kept.push_str(text.get(from..range.start).unwrap_or_default());
        kept.push(' ');
        from = range.end;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    let happened = symptoms(&kept, &kept.to_ascii_lowercase());
    let mut mentions: Vec<Mention> = Vec::new();
    for (range, dress) in cut {
        for mention in Mention::all(dress, text.get(range).unwrap_or_default()) {
            let known = happened.iter().any(|(s, _)| *s == mention.symptom)
                || mentions.iter().any(|m| m.symptom == mention.symptom);
            if !known {
                mentions.push(mention);
            }
        }
    }
    (Cow::Owned(kept), mentions)
}

/// Whether what stands before a document makes it part of a comment or of a command.
pub(crate) fn is_quoted_as_a_whole(before: &str) -> bool {
    let head = head::of(before);
    let body = before.get(head.body..).unwrap_or_default();
    !head.loud && (head::is_comment(body) || head::is_command(body))
}

/// The part of a line that is only quoted, and in what.
pub(crate) fn quoted(line: &str) -> Option<(Range<usize>, Dress)> {
    let head = head::of(line);
    let body = line.get(head.body..)?;
    let whole = || head.body..line.len();
    let shift = |r: Range<usize>| head.body + r.start..head.body + r.end;
    if let Some(range) = code::expected(body, head.loud) {
        return Some((shift(range), Dress::Expectation));
    }
    if let Some(range) = keys::logfmt(body) {
        return Some((shift(range), Dress::Pattern));
    }
    if head.loud {
        return None;
    }
    if head::is_comment(body) {
        return Some((whole(), Dress::Comment));
    }
    if head::is_command(body) {
        // Of a program that looks for words, what follows is what it looks for.
        let output = if head::searches(body) { None } else { happened::output(body) };
        let end = output.map_or(line.len(), |at| head.body + at);
        return Some((head.body..end, Dress::Command));
    }
    if code::is_test(body) {
        return Some((whole(), Dress::Expectation));
    }
    if keys::described(body).is_some_and(|value| happened::is_told(value, head.timed)) {
        return None;
    }
    if keys::is_quoting_line(body) {
        return Some((whole(), Dress::Pattern));
    }
    if let Some(range) = code::quoted(body) {
        return Some((shift(range), Dress::Code));
    }
    if let Some(range) = head::trailing_comment(body) {
        return Some((shift(range), Dress::Comment));
    }
    prose::within(body).map(|range| (shift(range), Dress::Prose))
}
