//! A few words of a long text.

/// A message is cut to this many bytes: enough for AWS's longest sentence and two ARNs.
const MAX_MESSAGE: usize = 700;
/// Bytes kept before the words that decided, so that the wrapper's first words show.
const MESSAGE_LEAD: usize = 240;
/// A longer word is cut where the message ends.
const MAX_WORD: usize = 200;

/// The words around `at`, on one line and of bounded length: a word is shown whole, and `…` stands where words are
/// left out.
pub(crate) fn message(text: &str, at: usize) -> String {
    let from = text.floor_char_boundary(at.saturating_sub(MESSAGE_LEAD));
    let start = if from == 0 || begins_word(text, from) { from } else { next_word(text, from) };
    let to = text.floor_char_boundary(start + MAX_MESSAGE);
    let whole = to == text.len() || begins_word(text, to) || text.get(to..).is_some_and(|r| r.starts_with(is_blank));
    let end = if whole { to } else { last_word(text, start, to) };
    let left_out = |part: Option<&str>| part.is_some_and(|p| !p.trim().is_empty()).then_some("…");
    let words = text.get(start..end).unwrap_or_default().split_whitespace();
    let mut out = String::with_capacity(end - start);
    for word in left_out(text.get(..start)).into_iter().chain(words).chain(left_out(text.get(end..))) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

fn begins_word(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|head| head.ends_with(is_blank))
}

/// Where the next word begins; the place itself where none does soon.
fn next_word(text: &str, from: usize) -> usize {
    let rest = text.get(from..text.floor_char_boundary(from + MAX_WORD)).unwrap_or_default();
    rest.find(is_blank).map_or(from, |n| from + n)
}

/// Where the last whole word before `to` ends; `to` itself where the word is longer than any.
fn last_word(text: &str, start: usize, to: usize) -> usize {
    let least = text.floor_char_boundary(to.saturating_sub(MAX_WORD)).max(start);
    let tail = text.get(least..to).unwrap_or_default();
    tail.rfind(is_blank).map_or(to, |n| least + n)
}
