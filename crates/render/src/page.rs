//! The page: text line by line, each through the gate; and ink, which only a pen can put there.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use serde::Serialize;
use trustwalk_foreign::visible;

use crate::wrap::{WIDTH, wrap};

/// Longest value shown, in characters: a command by hand may hold the longest trust policy that IAM takes (8,192
/// characters: IAM and STS quotas), spaces and quotes added. JSON holds every value whole.
const LONGEST: usize = 16 << 10;

/// A colour with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Sound.
    Good,
    /// Broken.
    Bad,
    /// Unknown, or a warning.
    Odd,
    /// Secondary.
    Faint,
    /// Headings.
    Strong,
}

/// The sequences that a pen writes (ECMA-48, 8.3.117). A page tells them from the same characters in a value by
/// where they lie in memory: a value is never a piece of these.
static GOOD: &str = "\u{1b}[32m";
static BAD: &str = "\u{1b}[31m";
static ODD: &str = "\u{1b}[33m";
static FAINT: &str = "\u{1b}[2m";
static STRONG: &str = "\u{1b}[1m";
static END: &str = "\u{1b}[0m";

/// Whether a pen wrote it.
fn is_ink(text: &str) -> bool {
    [GOOD, BAD, ODD, FAINT, STRONG, END].iter().any(|ink| std::ptr::eq(text, *ink))
}

/// How to write for one stream.
#[derive(Debug, Clone, Copy)]
pub struct Pen {
    colour: bool,
}

impl Pen {
    /// With colour, or without any.
    pub fn new(colour: bool) -> Self {
        Self { colour }
    }

    /// Text in an ink, for a page.
    pub fn ink<T: Display>(self, ink: Ink, text: T) -> Inked<T> {
        Inked { ink: self.colour.then_some(ink), text }
    }
}

/// Text in an ink. Padding counts the text alone.
#[derive(Debug, Clone, Copy)]
pub struct Inked<T> {
    ink: Option<Ink>,
    text: T,
}

impl<T: Display> Display for Inked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(ink) = self.ink else { return self.text.fmt(f) };
        f.write_str(match ink {
            Ink::Good => GOOD,
            Ink::Bad => BAD,
            Ink::Odd => ODD,
            Ink::Faint => FAINT,
            Ink::Strong => STRONG,
        })?;
        self.text.fmt(f)?;
        f.write_str(END)
    }
}

/// A move of the cursor in a view that is rewritten in place (ECMA-48, 8.3.22, 8.3.39 and 8.3.41).
#[derive(Debug, Clone, Copy)]
pub enum Move {
    /// So many lines up.
    Up(usize),
    /// Clear the line.
    ClearLine,
    /// Clear everything below.
    ClearBelow,
}

/// Text for a screen, written line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    text: String,
    width: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self::of_width(WIDTH)
    }
}

impl Page {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty page whose prose takes lines of so many characters.
    pub fn of_width(width: usize) -> Self {
        Self { text: String::new(), width }
    }

    /// One line, whatever is in the values it is made of.
    pub fn line(&mut self, text: impl Display) {
        self.part(text);
        self.text.push('\n');
    }

    /// A part of a line.
    pub fn part(&mut self, text: impl Display) {
        // Writing to memory does not fail; what a value's own `Display` gives up is missing.
        let _ = write!(Gate(&mut self.text), "{text}");
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// One text in lines that a person can read, the first after `first`, the others after `rest`.
    pub fn prose(&mut self, text: &str, first: &str, rest: &str) {
        let mut gated = String::new();
        let _ = Gate(&mut gated).write_str(text);
        self.text.push_str(&wrap(&gated, first, rest, self.width));
        self.text.push('\n');
    }

    /// A label in an ink and prose after it, in lines that a person can read.
    pub fn labelled(&mut self, label: Inked<&str>, text: &str, rest: &str) {
        // Its escape codes take no room.
        let width = label.text.chars().count() + 1;
        self.part(label);
        let mut gated = String::new();
        let _ = Gate(&mut gated).write_str(text);
        let lines = wrap(&gated, &" ".repeat(width), rest, self.width);
        self.text.push_str(lines.get(width.saturating_sub(1)..).unwrap_or_default());
        self.text.push('\n');
    }

    /// A text of several lines, each after `margin`: what is shown as it is written, such as a file's lines.
    pub fn block(&mut self, text: &str, margin: &str) {
        for line in text.lines() {
            self.text.push_str(margin);
            shorten(line, &mut self.text, visible::block);
            self.text.push('\n');
        }
    }

    /// A move of the cursor.
    pub fn cursor(&mut self, to: Move) {
        let _ = match to {
            Move::Up(0) => Ok(()),
            Move::Up(lines) => write!(self.text, "\u{1b}[{lines}A"),
            Move::ClearLine => write!(self.text, "\u{1b}[2K"),
            Move::ClearBelow => write!(self.text, "\u{1b}[J"),
        };
    }

    /// Another page after this one.
    pub fn append(&mut self, other: Shown) {
        if self.text.is_empty() {
            self.text = other.0;
        } else {
            self.text.push_str(&other.0);
        }
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What may go to a screen.
    pub fn shown(self) -> Shown {
        Shown(self.text)
    }
}

/// Lets through a pen's ink and what is visible; writes the rest out, and tells what it cuts.
struct Gate<'a>(&'a mut String);

impl fmt::Write for Gate<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if is_ink(text) {
            self.0.push_str(text);
            return Ok(());
        }
        shorten(text, self.0, visible::line);
        Ok(())
    }
}

/// A value through the gate; of one that is too long the beginning, and how much is left out.
fn shorten(text: &str, out: &mut String, gate: fn(&str) -> Cow<'_, str>) {
    let longer = if text.len() > LONGEST { text.char_indices().nth(LONGEST) } else { None };
    let Some((cut, _)) = longer else {
        out.push_str(&gate(text));
        return;
    };
    let (head, rest) = text.split_at(cut);
    out.push_str(&gate(head));
    let _ = write!(out, "… ({} more characters are not shown)", rest.chars().count());
}

/// Text that went through the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// One line.
    pub fn line(text: impl Display) -> Self {
        let mut page = Page::new();
        page.line(text);
        page.shown()
    }

    /// A text of several lines, as it is written.
    pub fn block(text: &str) -> Self {
        let mut page = Page::new();
        page.block(text, "");
        page.shown()
    }

    /// A JSON document, laid out for people.
    pub fn json(document: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::printed(serde_json::to_string_pretty(document)? + "\n"))
    }

    /// A JSON document on a line of its own.
    pub fn json_line(document: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::printed(serde_json::to_string(document)? + "\n"))
    }

    /// The text of a JSON document that is laid out already.
    pub fn json_text(text: String) -> Self {
        Self::printed(text)
    }

    fn printed(text: String) -> Self {
        let inert = match visible::json(&text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(inert) => Some(inert),
        };
        Self(inert.unwrap_or(text))
    }

    /// As it goes to the screen.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_stays_in_its_line_and_a_pen_alone_colours() {
        let pen = Pen::new(true);
        let mut page = Page::new();
        page.line(format_args!("  {} {:<4}|{}", pen.ink(Ink::Good, "\u{221a}"), "a\nb", "\u{1b}[32mx\u{1b}[0m"));
        page.line(format_args!("[{:<4}] {}", pen.ink(Ink::Faint, "ab"), pen.ink(Ink::Bad, "\u{1b}[2J")));
        assert_eq!(
            page.shown().as_str(),
            "  \u{1b}[32m\u{221a}\u{1b}[0m a\\nb |\\u{1b}[32mx\\u{1b}[0m\n[\u{1b}[2mab  \u{1b}[0m] \
             \u{1b}[31m\\u{1b}[2J\u{1b}[0m\n"
        );
        let mut plain = Page::new();
        plain.line(Pen::new(false).ink(Ink::Good, "\u{1b}[32m"));
        assert_eq!(plain.shown().as_str(), "\\u{1b}[32m\n");
    }

    #[test]
    fn an_endless_value_is_cut_and_the_cut_is_told() {
        let long = "é".repeat(LONGEST + 9);
        for shown in [Shown::line(&long), Shown::block(&long)] {
            assert!(shown.as_str().ends_with("… (9 more characters are not shown)\n"));
            assert!(shown.as_str().starts_with(&"é".repeat(LONGEST)));
        }
        assert_eq!(Shown::json(&long).unwrap().as_str().len(), long.len() + 3);
    }

    #[test]
    fn a_view_in_place_moves_the_cursor_in_three_ways() {
        let mut page = Page::new();
        for to in [Move::Up(0), Move::Up(12), Move::ClearLine, Move::ClearBelow] {
            page.cursor(to);
        }
        assert_eq!(page.shown().as_str(), "\u{1b}[12A\u{1b}[2K\u{1b}[J");
    }

    proptest! {
        #[test]
        fn nothing_hidden_comes_through(values in proptest::collection::vec("\\PC*|[\\s\\p{C}\u{1b}\\[0-9mA]*", 3)) {
            let [a, b, c] = values.as_slice() else { return Ok(()) };
            let mut page = Page::new();
            page.line(format_args!("{a}{b:<9}{}", Pen::new(true).ink(Ink::Odd, c)));
            page.prose(&format!("{a} {b}"), "  - ", "    ");
            let text = page.shown().0;
            let (first, prose) = text.split_once('\n').unwrap();
            let bare = first.replacen(ODD, "", 1).replacen(END, "", 1);
            prop_assert!(!bare.chars().any(visible::is_hidden), "{bare:?}");
            prop_assert!(!prose.chars().any(|c| c != '\n' && visible::is_hidden(c)), "{prose:?}");
        }
    }
}
