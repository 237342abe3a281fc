//! The gate for text on its way to a screen: what a terminal would obey, and what an eye would miss, is written out.
//!
//! A character that moves the cursor, changes the direction of writing or has no width can make a report say
//! what nobody wrote (Unicode Technical Report 36, 2 and 3; CVE-2021-42574). Such a character is shown by its
//! number, `\u{202e}`, which also tells two values apart that look alike.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text within one line: line breaks are written out as well.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden, rust)
}

/// Text of several lines: line breaks and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_hidden(c) && !matches!(c, '\n' | '\t'), rust)
}

/// A JSON text, as any serialiser writes it: the same document, with `\u` escapes for what is hidden in its
/// strings. Line breaks and tabs stand between values there and stay.
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(
        text,
        |c| is_hidden(c) && !matches!(c, '\n' | '\t' | '\r'),
        |c, out| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        },
    )
}

/// Whether a terminal would obey the character, or an eye would miss it or take it for a plain blank.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            // Blanks that are not the blank, soft hyphen, joiners and fillers.
            0xa0 | 0xad | 0x34f | 0x115f..=0x1160 | 0x1680 | 0x17b4..=0x17b5 | 0x180b..=0x180f
            | 0x2000..=0x200b | 0x200c..=0x200d | 0x202f | 0x205f | 0x2060..=0x2064 | 0x3000 | 0x3164 | 0xffa0
            // Direction: marks, embeddings, overrides and isolates (Unicode Standard Annex 9, 2).
            | 0x61c | 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x206f
            // Separators of lines and paragraphs.
            | 0x2028..=0x2029
            // Variation selectors, byte order mark, annotations, musical and tag characters.
            | 0xfe00..=0xfe0f | 0xfeff | 0xfff0..=0xfffb | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff
            // Private use and what is no character.
            | 0xe000..=0xf8ff | 0xf_0000..=0x10_ffff | 0xfdd0..=0xfdef)
        || u32::from(c) & 0xfffe == 0xfffe
}

fn rust(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        other => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(other));
        }
    }
}

fn escaped(text: &str, hidden: impl Fn(char) -> bool, write: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let Some(first) = text.find(&hidden) else { return Cow::Borrowed(text) };
    let (head, rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(head);
    for c in rest.chars() {
        if hidden(c) { write(c, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        assert_eq!(line("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
        assert_eq!(block("a\u{9b}31mb\n\tc"), "a\\u{9b}31mb\n\tc");
        assert_eq!(line("\u{202e}drowssap\u{2066}"), "\\u{202e}drowssap\\u{2066}");
        assert_eq!(line("sts.amazonaws.com\u{200b}"), "sts.amazonaws.com\\u{200b}");
    }

    #[test]
    fn plain_text_of_any_language_stays() {
        for text in ["", "plain", "Größe", "審査", "שלום", "مرحبا", "√ × ↓ …"] {
            assert!(matches!(line(text), Cow::Borrowed(t) if t == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_comes_out(text in "\\PC*|.*|[\\s\\p{C}]*") {
            prop_assert!(!line(&text).chars().any(is_hidden));
            prop_assert!(!block(&text).chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'));
        }
    }
}
