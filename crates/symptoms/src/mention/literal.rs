//! Spans of a line that stand in quotes.

use std::ops::Range;

/// Quotes that open and close, and whether the closing one is another.
const PAIRS: [(char, char); 5] = [('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{ab}', '\u{bb}')];

/// What stands between quotes, the quotes left out, in their order. An apostrophe within or after a word opens none.
pub(super) fn literals(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut before: Option<char> = None;
    while let Some((at, c)) = chars.next() {
        let opens = PAIRS.iter().find(|(open, _)| *open == c).map(|(_, close)| *close);
        let after_word = before.is_some_and(char::is_alphanumeric);
        before = Some(c);
        let Some(close) = opens.filter(|_| !(c == '\'' && after_word)) else { continue };
        let from = at + c.len_utf8();
        if let Some(end) = end_of(text.get(from..).unwrap_or_default(), close) {
            out.push(from..from + end);
            let next = from + end + close.len_utf8();
            while chars.peek().is_some_and(|(at, _)| *at < next) {
                chars.next();
            }
            before = Some(close);
        }
    }
    out
}

/// Where a quote closes, one behind a backslash not counting, nor an apostrophe within a word.
fn end_of(text: &str, close: char) -> Option<usize> {
    let mut escaped = false;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == close {
            let next = text.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
            let in_word = c == '\'' && before.is_alphanumeric() && next.is_some_and(char::is_alphanumeric);
            if !in_word {
                return Some(at);
            }
        }
        before = c;
    }
    None
}

/// The text with what stands in quotes blanked, byte for byte.
pub(super) fn outside(text: &str, literals: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in literals {
        out.push_str(text.get(from..range.start).unwrap_or_default());
        out.extend(std::iter::repeat_n(' ', range.len()));
        from = range.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::{literals, outside};

    #[test]
    fn quotes_are_found_and_apostrophes_are_none() {
        let of =
            |text: &str| literals(text).into_iter().filter_map(|r| text.get(r)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(of(r#"a "b" 'c d' `e`"#), ["b", "c d", "e"]);
        assert_eq!(of(r#"Couldn't "it's" don't"#), ["it's"]);
        assert_eq!(of(r#"f("a \" b", 1)"#), [r#"a \" b"#]);
        assert_eq!(of("it says “x” and 'y's z'"), ["x", "y's z"]);
        assert_eq!(of("open \"only"), Vec::<String>::new());
        let text = "x 'ü' y";
        assert_eq!(outside(text, &literals(text)), "x '  ' y");
    }
}
