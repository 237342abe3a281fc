//! Prose in lines a person can read. Words are never broken, so that an ARN or a URL can be copied whole.

/// Longest line of prose, in characters.
pub(crate) const WIDTH: usize = 100;

/// The text in lines, the first after `first`, the others after `rest`; both are counted, of so many characters each.
pub(crate) fn wrap(text: &str, first: &str, rest: &str, width: usize) -> String {
    let mut out = String::from(first);
    let mut column = first.chars().count();
    let mut fresh = true;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !fresh && column + 1 + length > width && may_begin_a_line(word) {
            out.push('\n');
            out.push_str(rest);
            column = rest.chars().count();
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
    fn no_line_begins_with_a_mark() {
        for mark in ["\u{221a}", "\u{d7}", "?", "-", "\u{203c}"] {
            for length in WIDTH - 10..WIDTH {
                let out = wrap(&format!("{} {mark} verified", "x".repeat(length)), "  ", "  ", WIDTH);
                assert!(!out.lines().any(|l| l.trim_start().starts_with(mark)), "{out}");
            }
        }
    }
}
