//! How wide a text is on a terminal, and how one that is too wide is made to fit.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Stands where a middle is left out.
const CUT: char = '\u{2026}';
/// A word is not shortened below this: what is left must still tell it from others, and words of a sentence stay whole.
const SHORTEST: usize = 24;

/// Columns that a text takes (Unicode Standard Annex 11: wide signs take two, combining ones none).
pub fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A text with blanks after it, so that it takes so many columns.
pub fn pad(text: &str, width: usize) -> String {
    [text, &" ".repeat(width.saturating_sub(columns(text)))].concat()
}

/// As much of the beginning as takes no more columns.
fn head(text: &str, width: usize) -> &str {
    let mut left = width;
    let end = text.char_indices().find_map(|(at, c)| {
        let takes = c.width().unwrap_or(0);
        let fits = takes <= left;
        left = left.saturating_sub(takes);
        (!fits).then_some(at)
    });
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// As much of the end as takes no more columns.
fn tail(text: &str, width: usize) -> &str {
    let mut left = width;
    let mut from = text.len();
    for (at, c) in text.char_indices().rev() {
        let takes = c.width().unwrap_or(0);
        if takes > left {
            break;
        }
        left -= takes;
        from = at;
    }
    text.get(from..).unwrap_or_default()
}

/// A word in no more columns: its middle goes, for ARNs and addresses differ at both ends.
pub(crate) fn middle(word: &str, width: usize) -> String {
    if columns(word) <= width {
        return word.to_owned();
    }
    let room = width.saturating_sub(1);
    let end = room / 2;
    format!("{}{CUT}{}", head(word, room - end), tail(word, end))
}

/// Words of a sentence, each no wider than so many columns.
pub(crate) fn narrow(text: &str, width: usize) -> String {
    text.split(' ').map(|word| middle(word, width.max(SHORTEST))).collect::<Vec<_>>().join(" ")
}

/// A text on one line of so many columns: its longest words lose their middles first, then its end goes.
pub(crate) fn squeeze(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let longest = text.split(' ').map(columns).max().unwrap_or_default();
    // The widest words that fit: halved, as a stranger's word may be of any length.
    let (mut below, mut above, mut best) = (SHORTEST, longest, None);
    while below < above {
        let most = below + (above - below) / 2;
        let narrowed = narrow(text, most);
        if columns(&narrowed) <= width {
            best = Some(narrowed);
            below = most + 1;
        } else {
            above = most;
        }
    }
    if let Some(text) = best {
        return text;
    }
    if !text.contains(' ') {
        return middle(text, width);
    }
    let text = narrow(text, SHORTEST);
    format!("{}{CUT}", head(&text, width.saturating_sub(1)).trim_end())
}

/// A command in lines that a shell puts together again: broken between words, where no quote is open. A word that is
/// wider than a line stands out of it.
pub(crate) fn continued(command: &str, first: usize, width: usize) -> String {
    const INDENT: usize = 2;
    let mut out = String::new();
    let mut column = first;
    for word in words(command) {
        let takes = columns(word);
        // A blank and the sign that the line goes on.
        if !out.is_empty() && column + 1 + takes + 2 > width {
            out.push_str(" \\\n");
            out.push_str(&" ".repeat(INDENT));
            column = INDENT;
        } else if !out.is_empty() {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += takes;
    }
    out
}

/// The words of a command as they are written, quotes and all.
fn words(command: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut from, mut open, mut escaped) = (0, None::<char>, false);
    for (at, c) in command.char_indices() {
        match (open, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            (None, ' ') => {
                all.push(command.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            (None | Some(_), _) => {}
        }
    }
    all.push(command.get(from..).unwrap_or_default());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use trustwalk_foreign::shell;

    #[test]
    fn wide_and_combining_signs_are_measured() {
        assert_eq!((columns("審査"), columns("e\u{301}"), columns("abc")), (4, 1, 3));
        assert_eq!(pad("審査", 6), "審査  ");
        assert_eq!(middle("審査審査審査", 7), "審…査");
    }

    #[test]
    fn a_long_word_keeps_both_ends() {
        let arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/BFDB01";
        let short = middle(arn, 40);
        assert!(columns(&short) == 40 && short.starts_with("arn:aws:iam") && short.ends_with("/id/BFDB01"), "{short}");
        assert_eq!(squeeze("a b", 3), "a b");
        assert_eq!(squeeze(&format!("role {arn} given"), 60).split(' ').count(), 3);
    }

    proptest! {
        #[test]
        fn what_is_squeezed_fits(text in "[a-z審\u{301} ]{0,120}", width in 8_usize..90) {
            prop_assert!(columns(&squeeze(&text, width)) <= width);
        }

        #[test]
        fn a_command_in_lines_is_the_same_command(
            values in proptest::collection::vec("[ -~]{0,40}", 1..6), width in 20_usize..100
        ) {
            let values: Vec<&str> = values.iter().map(|v| v.trim_start_matches('-')).collect();
            let command = shell::line(&shell::with_list("trustwalk diagnose --option", values.len()), &values);
            let lines = continued(&command, 6, width);
            prop_assert_eq!(lines.replace(" \\\n  ", " "), command.clone());
            for (position, line) in lines.lines().enumerate() {
                let first = if position == 0 { 6 } else { 0 };
                let whole = words(line.trim_end_matches(" \\").trim_start());
                prop_assert!(columns(line) + first <= width || whole.len() == 1 || position == 0, "{}", lines);
            }
        }
    }
}
