//! Words to a reader: advice that quotes what a client says where a condition holds. What somebody tells of himself
//! happened, in whatever words: an incident begins with such a message.

use std::ops::Range;

use super::literal::{literals, outside};

/// Words that begin advice. A client begins no message so.
const BEGIN: &[&str] = &[
    "if",
    "unless",
    "whenever",
    "e.g.",
    "example:",
    "tip:",
    "note:",
    "symptom:",
    "troubleshooting:",
    "runbook:",
    "faq:",
    "todo:",
];
/// Words behind `when` where it sets a condition: botocore's own sentence goes on `when calling`.
const WHEN: &[&str] = &["you", "the", "a", "an", "this", "that", "sts", "aws", "it"];
/// Words that advise, wherever they stand outside what is quoted.
const ADVISE: &[&str] = &["you", "your", "if", "whenever", "should", "means", "mean"];
/// Words of somebody who tells what he met.
const OWN: &[&str] = &["i", "i'm", "i've", "my", "me", "we", "we're", "our", "us", "anyone", "anybody"];
/// Words before a quotation that tell of trouble: what is quoted then happened.
const TROUBLE: &[&str] =
    &["fail", "error", "unable", "could not", "couldn't", "cannot", "can't", "denied", "refused", "exception"];

/// The part of a line that words to a reader quote, or all of it.
pub(super) fn within(body: &str) -> Option<Range<usize>> {
    let body_lower = body.to_ascii_lowercase();
    let found = literals(body);
    let around = outside(&body_lower, &found);
    let words = || around.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    if words().any(|word| OWN.contains(&word)) {
        return None;
    }
    let item = body_lower.trim_start_matches(['-', '*', '\u{2022}']).trim_start();
    let mut first = item.split_whitespace().map(|word| word.trim_end_matches(','));
    let begins = first.next().is_some_and(|word| BEGIN.contains(&word))
        || item.starts_with("when ") && first.next().is_some_and(|word| WHEN.contains(&word));
    if begins || is_row(body) || is_markup(&body_lower) {
        return Some(0..body.len());
    }
    let longest = found.iter().max_by_key(|r| r.len())?;
    let before = body_lower.get(..longest.start)?;
    let bare = before.trim_end_matches(['"', '\'', '`', '\u{201c}', '\u{ab}']);
    // Behind a name, an equals sign or a colon stands a value.
    if bare.ends_with(['=', ':']) || bare.trim_end().ends_with(':') || TROUBLE.iter().any(|word| before.contains(word))
    {
        return None;
    }
    words().any(|word| ADVISE.contains(&word)).then(|| longest.clone())
}

/// A row of a table in a document.
fn is_row(body: &str) -> bool {
    body.starts_with('|') && body.trim_end().ends_with('|') && body.matches('|').count() > 2
}

/// Words set in a document's markup, which do not themselves tell of trouble: people set reports in it as well.
fn is_markup(body: &str) -> bool {
    const TAGS: &[&str] = &["<li>", "<h1", "<h2", "<h3", "<blockquote>"];
    let item = body.trim_start_matches(['-', '*']).trim_start();
    let set = body.split("**").nth(1).filter(|_| body.matches("**").count() > 1);
    let bold = set.is_some_and(|set| !TROUBLE.iter().any(|word| set.starts_with(word)));
    bold || TAGS.iter().any(|tag| item.starts_with(tag))
}
