//! Prose in lines a person can read. Words are never broken, so that an ARN or a URL can be copied whole.

use crate::measure::columns;

/// How much further in a line goes on.
const INDENT: usize = 2;
/// What ends ink (ECMA-48, 8.3.117).
const END: &str = "\u{1b}[0m";

/// Longest line of prose, in columns, where nothing tells how wide the screen is.
pub(crate) const WIDTH: usize = 80;

/// The text in lines, the first after `first`, the others after `rest`; both are counted, of so many columns each.
pub(crate) fn wrap(text: &str, first: &str, rest: &str, width: usize) -> String {
    let mut out = String::from(first);
    let mut column = columns(first);
    let mut fresh = true;
    let words: Vec<&str> = text.split(' ').collect();
    for (at, word) in words.iter().enumerate() {
        let length = columns(word);
        let whole = || length + kept_with(words.get(at + 1..).unwrap_or_default(), columns);
        if !fresh && may_begin_a_line(word) && column + 1 + whole() > width {
            out.push('\n');
            out.push_str(rest);
            column = columns(rest);
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        fresh = false;
    }
    out
}

/// A line with ink in lines of so many columns: what is not the first stands two columns further in, and ink does not
/// go over a line's end.
pub(crate) fn fold(line: &str, width: usize) -> String {
    let indent = line.chars().take_while(|c| *c == ' ').count() + INDENT;
    let (mut out, mut column, mut ink) = (String::with_capacity(line.len()), 0, "");
    let words: Vec<&str> = line.split(' ').collect();
    for (position, word) in words.iter().enumerate() {
        let (takes, last) = bare(word);
        let whole = || takes + kept_with(words.get(position + 1..).unwrap_or_default(), |word| bare(word).0);
        if column > indent && may_begin_a_line(without_ink(word)) && column + 1 + whole() > width {
            out.push_str(if ink.is_empty() { "" } else { END });
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            out.push_str(ink);
            column = indent;
        } else if position > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += takes;
        ink = match last {
            Some(END) => "",
            Some(other) => other,
            None => ink,
        };
    }
    out
}

/// Columns that the words take which go on in the same line because they may not begin one, with the blanks before
/// them.
fn kept_with(words: &[&str], columns: impl Fn(&str) -> usize) -> usize {
    words.iter().take_while(|word| !may_begin_a_line(without_ink(word))).map(|word| columns(word) + 1).sum()
}

/// Columns of a text without the sequences of ink in it, and the last of those.
fn bare(text: &str) -> (usize, Option<&str>) {
    let (mut takes, mut last, mut rest) = (0, None, text);
    while let Some(at) = rest.find('\u{1b}') {
        takes += columns(rest.get(..at).unwrap_or_default());
        let ink = rest.get(at..).unwrap_or_default();
        let end = ink.find('m').map_or(ink.len(), |end| end + 1);
        last = ink.get(..end);
        rest = ink.get(end..).unwrap_or_default();
    }
    (takes + columns(rest), last)
}

/// The text after the ink that it begins with.
fn without_ink(word: &str) -> &str {
    word.strip_prefix('\u{1b}').and_then(|rest| rest.split_once('m')).map_or(word, |(_, rest)| rest)
}

/// Not what could be taken for one of the marks that begin a line of a report: where a line ends is for whoever
/// wrote the text to choose.
fn may_begin_a_line(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphanumeric() || "`'\"(/<[{$&|".contains(c))
}

#[cfg(test)]
mod tests {
    use super::{WIDTH, wrap};

    #[test]
    fn lines_are_short_and_words_whole() {
        let long = "x".repeat(WIDTH + 20);
        let text = format!("{} {long} {}", "word ".repeat(40).trim(), "more ".repeat(30).trim());
        let out = wrap(&text, "  - ", "    ", WIDTH);
        assert!(out.lines().all(|l| l.chars().count() <= WIDTH || l.contains(&long)), "{out}");
        assert!(out.lines().skip(1).all(|l| l.starts_with("    ")));
        assert_eq!(out.split_whitespace().skip(1).collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
        assert_eq!(wrap("", "  ", "", WIDTH), "  ");
    }

    #[test]
    fn what_may_not_begin_a_line_takes_the_word_before_it_along() {
        let text = "kubectl create token aws-node -n kube-system --audience sts";
        // As wide at least as the longest of what stays together: `kube-system --audience`.
        for width in 28..60 {
            let (out, folded) = (wrap(text, "  ", "  ", width), super::fold(&["  ", text].concat(), width));
            for line in out.lines().chain(folded.lines()) {
                assert!(line.chars().count() <= width, "{width}: {line}");
                assert!(!line.trim_start().starts_with('-'), "{width}: {line}");
            }
        }
    }

    #[test]
    fn a_line_with_ink_goes_on_further_in_and_ink_ends_with_each_line() {
        let line = "  \u{1b}[36mone two three four\u{1b}[0m five";
        assert_eq!(super::fold(line, 16), "  \u{1b}[36mone two three\u{1b}[0m\n    \u{1b}[36mfour\u{1b}[0m five");
        assert_eq!(super::fold(line, 40), line);
    }

    #[test]
    fn no_line_begins_with_a_mark() {
        for mark in ["\u{221a}", "\u{d7}", "?", "-", "\u{203c}"] {
            for length in WIDTH - 10..WIDTH {
                let out = wrap(&format!("{} {mark} verified", "x".repeat(length)), "  ", "  ", WIDTH);
                assert!(!out.lines().any(|l| l.trim_start().starts_with(mark)), "{out}");
            }
        }
    }
}
