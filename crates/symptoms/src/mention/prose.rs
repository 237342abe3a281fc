//! Words to a reader: they address somebody, ask or set a condition, and quote what a client says.

use std::ops::Range;

use super::literal::{literals, outside};

/// Words that begin a question or a condition, or address somebody. A client begins no message so.
const BEGIN: &[&str] = &[
    "if",
    "when",
    "whenever",
    "unless",
    "how",
    "why",
    "what",
    "anyone",
    "anybody",
    "does",
    "did",
    "should",
    "hi",
    "hello",
    "hey",
    "i",
    "i'm",
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
/// Words that address somebody or set a condition, wherever they stand outside what is quoted.
const ADDRESS: &[&str] = &[
    "you", "your", "i", "my", "we", "our", "us", "anyone", "somebody", "someone", "if", "whenever", "should", "would",
    "might", "means", "mean", "why", "how",
];
/// Words before a quotation that tell of trouble: what is quoted then happened.
const TROUBLE: &[&str] =
    &["fail", "error", "unable", "could not", "couldn't", "cannot", "can't", "denied", "refused", "exception"];

/// The part of a line that words to a reader quote, or all of it.
pub(super) fn within(body: &str) -> Option<Range<usize>> {
    let body_lower = body.to_ascii_lowercase();
    let item = body_lower.trim_start_matches(['-', '*', '\u{2022}']).trim_start();
    let first = item.split_whitespace().next().unwrap_or_default().trim_end_matches(',');
    if BEGIN.contains(&first) || is_row(body) || is_markup(body) || is_said(body) {
        return Some(0..body.len());
    }
    let found = literals(body);
    let longest = found.iter().max_by_key(|r| r.len())?;
    let quote = body.get(..longest.start)?.chars().next_back()?;
    let before = body_lower.get(..longest.start)?;
    let bare = before.trim_end_matches(['"', '\'', '`', '\u{201c}', '\u{ab}']);
    // Behind a name, an equals sign or a colon stands a value.
    if bare.ends_with(['=', ':']) || bare.trim_end().ends_with(':') || TROUBLE.iter().any(|word| before.contains(word))
    {
        return None;
    }
    let around = outside(&body_lower, &found);
    let mut words = around.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    let addressed = words.any(|word| ADDRESS.contains(&word));
    (addressed || quote == '`').then(|| longest.clone())
}

/// A row of a table in a document.
fn is_row(body: &str) -> bool {
    body.starts_with('|') && body.trim_end().ends_with('|') && body.matches('|').count() > 2
}

/// Words set in a document's markup.
fn is_markup(body: &str) -> bool {
    const TAGS: &[&str] = &["<li>", "<p>", "<td>", "<tr>", "<code>", "<h1", "<h2", "<h3", "<blockquote>"];
    let item = body.trim_start_matches(['-', '*']).trim_start();
    let bold = body.contains("**") && body.matches("**").count() > 1;
    bold || TAGS.iter().any(|tag| item.starts_with(tag))
}

/// Whether somebody says it in a chat: a name in angles, and then words.
fn is_said(body: &str) -> bool {
    let said = || {
        let (name, rest) = body.strip_prefix('<')?.split_once("> ")?;
        let plain = !name.is_empty() && name.len() <= MOST_OF_A_NAME;
        Some(plain && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b)) && !rest.contains("</"))
    };
    said() == Some(true)
}

/// Bytes of the longest name in a chat.
const MOST_OF_A_NAME: usize = 32;
