//! The gate for text on its way to a screen: what a terminal would obey, and what an eye would miss, is written out.
//!
//! A character that moves the cursor, changes the direction of writing or has no width can make a report say
//! what nobody wrote (Unicode Technical Report 36, 2 and 3; CVE-2021-42574). Such a character is shown by its
//! number, `\u{202e}`, which also tells two values apart that look alike.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Bytes looked at together, few enough for a processor's vectors.
const CHUNK: usize = 32;

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
            | 0x2000..=0x200d | 0x202f | 0x205f..=0x2065 | 0x2800 | 0x3000 | 0x3164 | 0xffa0 | 0x1_d159
            // Direction: marks, embeddings, overrides and isolates (Unicode Standard Annex 9, 2).
            | 0x61c | 0x200e..=0x200f | 0x202a..=0x202e | 0x2066..=0x206f
            // Separators of lines and paragraphs.
            | 0x2028..=0x2029
            // Variation selectors, byte order mark, annotations, format controls of scripts and music, tags.
            | 0xfe00..=0xfe0f | 0xfeff | 0xfff0..=0xfffb | 0x1_3430..=0x1_3440 | 0x1_bca0..=0x1_bca3
            | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff
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
    let Some(first) = next(text, 0, &hidden) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    let (mut from, mut found) = (0, Some(first));
    while let Some((at, c)) = found {
        out.push_str(text.get(from..at).unwrap_or_default());
        write(c, &mut out);
        from = at + c.len_utf8();
        found = next(text, from, &hidden);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

/// The next hidden character. Stretches of plain bytes, which is nearly all text, are passed over many at once.
fn next(text: &str, from: usize, hidden: &impl Fn(char) -> bool) -> Option<(usize, char)> {
    let mut at = from;
    loop {
        let rest = text.as_bytes().get(at..)?;
        at += plain(rest);
        let c = text.get(at..)?.chars().next()?;
        if hidden(c) {
            return Some((at, c));
        }
        at += c.len_utf8();
    }
}

/// How many bytes at the start are printable ASCII.
fn plain(bytes: &[u8]) -> usize {
    let is = |b: &u8| (b' '..=b'~').contains(b);
    let mut chunks = bytes.chunks_exact(CHUNK);
    let whole = chunks.by_ref().take_while(|c| c.iter().fold(true, |all, b| all & is(b))).count() * CHUNK;
    let rest = bytes.get(whole..).unwrap_or_default();
    whole + rest.iter().take_while(|b| is(b)).count()
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

    #[test]
    fn blanks_that_are_not_the_blank_are_told_apart() {
        for c in ['\u{a0}', '\u{2800}', '\u{3000}', '\u{3164}', '\u{200b}', '\u{2065}', '\u{feff}', '\u{e0041}'] {
            let seen = line(&format!("a{c}b")).into_owned();
            assert_eq!(seen, format!("a\\u{{{:x}}}b", u32::from(c)));
        }
    }

    proptest! {
        #[test]
        fn a_document_stays_the_same_and_holds_nothing_hidden(
            text in "[a-z\"\\\\\\s\\p{C}\u{80}-\u{a0}\u{2028}\u{e0041}\u{fffe}]{0,80}", name in "\\PC*"
        ) {
            let document = serde_json::json!({ name: [text.clone(), { "x": text.repeat(9) }] });
            for printed in [document.to_string(), serde_json::to_string_pretty(&document).unwrap()] {
                let shown = json(&printed);
                prop_assert!(!shown.chars().any(|c| is_hidden(c) && c != '\n'), "{shown:?}");
                prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&shown).unwrap(), &document);
            }
        }

        #[test]
        fn what_is_plain_stays_whatever_its_length(text in "[ -~]{0,200}", hidden in 0_usize..200) {
            prop_assert!(matches!(line(&text), Cow::Borrowed(_)));
            let at = hidden.min(text.len());
            let (head, tail) = text.split_at(at);
            prop_assert_eq!(line(&format!("{head}\u{1b}{tail}")).into_owned(), format!("{head}\\u{{1b}}{tail}"));
        }

        #[test]
        fn nothing_hidden_comes_out(text in "\\PC*|.*|[\\s\\p{C}]*") {
            prop_assert!(!line(&text).chars().any(is_hidden));
            prop_assert!(!block(&text).chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'));
        }
    }
}
