//! The page: text line by line, each through the gate; and ink, which only a pen can put there.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use trustwalk_core::finding::gist;
use trustwalk_foreign::visible;

use crate::measure::{columns, continued, narrow, squeeze};
use crate::shown::Shown;
use crate::wrap::{WIDTH, fold, wrap};

/// Widest line of prose: longer ones are hard to read, however wide the screen is.
const WIDEST_PROSE: usize = 100;
/// Widest word of a short report on a screen.
const WIDEST_WORD: usize = 46;
/// Narrowest screen that is reckoned with.
const NARROWEST: usize = 30;

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

/// The sequences that a pen writes (ECMA-48, 8.3.117), one behind the other. A page tells them from the same characters
/// in a value by where they lie in memory: a value is never a piece of this, whatever constants a compiler unites.
static INKS: &str = "\u{1b}[32m\u{1b}[31m\u{1b}[33m\u{1b}[36m\u{1b}[1m\u{1b}[0m";

/// A sequence by where it stands.
fn sequence(from: usize, to: usize) -> &'static str {
    INKS.get(from..to).unwrap_or_default()
}

/// What ends them all.
fn end() -> &'static str {
    sequence(24, 28)
}

/// Whether a pen wrote it.
fn is_ink(text: &str) -> bool {
    INKS.as_bytes().as_ptr_range().contains(&text.as_ptr())
}

/// How to write for one stream.
#[derive(Debug, Clone, Copy)]
pub struct Pen {
    colour: bool,
    /// Columns of the screen; `None` where it is a pipe or a file, whose lines are cut by nobody.
    screen: Option<usize>,
}

impl Pen {
    /// With colour, or without any, for what is no screen.
    pub fn new(colour: bool) -> Self {
        Self { colour, screen: None }
    }

    /// For a screen of so many columns: there long values lose their middles in short reports, and commands go on in
    /// the next line.
    #[must_use]
    pub fn on_screen(self, columns: usize) -> Self {
        Self { screen: Some(columns.max(NARROWEST)), ..self }
    }

    /// Columns of prose.
    pub fn width(self) -> usize {
        self.screen.unwrap_or(WIDTH).min(WIDEST_PROSE)
    }

    /// Columns of a screen, if it is one.
    pub fn screen(self) -> Option<usize> {
        self.screen
    }

    /// A page of its width.
    pub fn page(self) -> Page {
        Page { text: String::new(), width: self.width(), folds: self.screen }
    }

    /// One line, in as many as the screen needs.
    pub fn line(self, text: impl Display) -> Shown {
        let mut page = self.page();
        page.line(text);
        page.shown()
    }

    /// A text that is to take one line after so many columns; whole where it is no screen.
    pub fn one_line(self, text: &str, after: usize) -> String {
        let gated = visible::line(text);
        match self.screen {
            Some(width) => squeeze(&gated, width.saturating_sub(after)),
            None => gated.into_owned(),
        }
    }

    /// A line of a log in one row: where there is no room for all of it, the part that says what failed.
    pub(crate) fn one_row(self, text: &str, after: usize) -> String {
        let cramped = self.screen.is_some_and(|width| columns(&visible::line(text)) > width.saturating_sub(after));
        self.one_line(if cramped { gist(text) } else { text }, after)
    }

    /// A sentence of a short report, whose words fit in lines after so many columns and leave room for others; whole
    /// where it is no screen.
    pub(crate) fn fitted(self, text: &str, after: usize) -> String {
        let gated = visible::line(text);
        match self.screen {
            Some(_) => narrow(&gated, self.width().saturating_sub(after).min(WIDEST_WORD)),
            None => gated.into_owned(),
        }
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
            Ink::Good => sequence(0, 5),
            Ink::Bad => sequence(5, 10),
            Ink::Odd => sequence(10, 15),
            Ink::Faint => sequence(15, 20),
            Ink::Strong => sequence(20, 24),
        })?;
        self.text.fmt(f)?;
        f.write_str(end())
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
    /// Columns of a screen, on which lines that are wider go on in the next.
    folds: Option<usize>,
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
        Self { text: String::new(), width, folds: None }
    }

    /// One line, whatever is in the values it is made of.
    pub fn line(&mut self, text: impl Display) {
        self.part(text);
        let from = self.text.rfind('\n').map_or(0, |end| end + 1);
        if let Some(screen) = self.folds {
            let last = self.text.split_off(from);
            self.text.push_str(&fold(&last, screen));
        }
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
        // Its escape codes take no room; what stands in the line already is blanks.
        let begun =
            self.text.rfind('\n').map_or(self.text.as_str(), |end| self.text.get(end + 1..).unwrap_or_default());
        let width = columns(begun) + columns(label.text) + 1;
        self.part(label);
        let mut gated = String::new();
        let _ = Gate(&mut gated).write_str(text);
        let lines = wrap(&gated, &" ".repeat(width), rest, self.width);
        self.text.push_str(lines.get(width.saturating_sub(1)..).unwrap_or_default());
        self.text.push('\n');
    }

    /// A command after a label, to be pasted: whole, on a screen in lines that a shell puts together again.
    pub fn command(&mut self, label: Inked<&str>, command: &str, pen: Pen) {
        let mut gated = String::new();
        let _ = Gate(&mut gated).write_str(command);
        let column = columns(label.text) + 1;
        self.part(label);
        self.text.push(' ');
        self.text.push_str(&match pen.screen {
            Some(width) => continued(&gated, column, width),
            None => gated,
        });
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

    /// A page of the catalogue: as it is written, and on a screen with its paragraphs and items in lines that fit.
    pub fn article(&mut self, text: &str) {
        if self.folds.is_none() {
            return self.block(text, "");
        }
        let (mut held, mut fenced) = (String::new(), false);
        for line in text.lines().chain([""]) {
            let fence = line.trim_start().starts_with("```");
            // What a reader's eye takes for a paragraph: words, not a table, a heading, code or what is set in.
            let begins = |c: char| c.is_alphanumeric() || "`'\"([*".contains(c);
            let goes_on = !fenced && !fence && line.trim_start().starts_with(begins);
            let item = line.trim_start().strip_prefix("- ").filter(|_| !fenced);
            if !goes_on && !held.is_empty() {
                let indent = held.chars().take_while(|c| *c == ' ').count();
                let rest = if held.trim_start().starts_with("- ") { indent + 2 } else { indent };
                self.prose(held.trim_start(), &" ".repeat(indent), &" ".repeat(rest));
                held.clear();
            }
            if item.is_some() {
                line.clone_into(&mut held);
            } else if goes_on {
                if !held.is_empty() {
                    held.push(' ');
                }
                held.push_str(if held.is_empty() { line } else { line.trim() });
            } else {
                self.block(line, "");
                if line.is_empty() {
                    self.gap();
                }
            }
            fenced ^= fence;
        }
        // The empty line that was added to end the last paragraph.
        if self.text.ends_with("\n\n") {
            self.text.pop();
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
            self.text = other.text;
        } else {
            self.text.push_str(&other.text);
        }
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What may go to a screen.
    pub fn shown(self) -> Shown {
        Shown { text: self.text, document: false }
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
            "  \u{1b}[32m\u{221a}\u{1b}[0m a\\nb |\\u{1b}[32mx\\u{1b}[0m\n[\u{1b}[36mab  \u{1b}[0m] \
             \u{1b}[31m\\u{1b}[2J\u{1b}[0m\n"
        );
        let mut plain = Page::new();
        plain.line(Pen::new(false).ink(Ink::Good, "\u{1b}[32m"));
        assert_eq!(plain.shown().as_str(), "\\u{1b}[32m\n");
    }

    #[test]
    fn an_article_is_set_anew_for_a_screen_and_as_it_is_elsewhere() {
        let text = "# A\n\none two\nthree\n\n- four five\n  six\n- seven\n\n```\neight  nine\n```\n";
        let on = |pen: Pen| {
            let mut page = pen.page();
            page.article(text);
            page.shown().text
        };
        assert_eq!(on(Pen::new(false)), text);
        assert_eq!(
            on(Pen::new(false).on_screen(80)),
            "# A\n\none two three\n\n- four five six\n- seven\n\n```\neight  nine\n```\n"
        );
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
            let text = page.shown().text;
            let (first, prose) = text.split_once('\n').unwrap();
            let bare = first.replacen(sequence(10, 15), "", 1).replacen(end(), "", 1);
            prop_assert!(!bare.chars().any(visible::is_hidden), "{bare:?}");
            prop_assert!(!prose.chars().any(|c| c != '\n' && visible::is_hidden(c)), "{prose:?}");
        }
    }
}
