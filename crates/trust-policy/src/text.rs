//! A text of which parts may be unknown, and its comparison with three answers.
//!
//! A value in a file is often a template: `system:serviceaccount:${var.ns}:app`. Its known parts compare, and the
//! same unknown expression equals itself.

use crate::answer::Answer;
use crate::glob::{Unit, units};
use serde::Serialize;

/// Most steps of one comparison: a subject of 255 characters against a value as long as a policy. Above, the answer
/// is unknown.
const MAX_STEPS: usize = 1 << 20;

/// One part of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// These characters.
    Known(String),
    /// Any characters, or none; the name tells one unknown from another.
    Hole(String),
}

/// A text with parts that may be unknown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Text {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Char(char),
    Hole,
}

impl Text {
    /// A text made of parts.
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self { parts: parts.into_iter().collect() }
    }

    /// A text of which nothing is known; the name tells one unknown from another.
    pub fn unknown(name: impl Into<String>) -> Self {
        Self { parts: vec![Part::Hole(name.into())] }
    }

    /// The text itself, when no part of it is unknown.
    pub fn known(&self) -> Option<String> {
        let text = |part: &Part| match part {
            Part::Known(text) => Some(text.clone()),
            Part::Hole(_) => None,
        };
        self.parts.iter().map(text).collect()
    }

    /// The names of its unknown parts, in order.
    pub fn holes(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(name) => Some(name.as_str()),
            Part::Known(_) => None,
        })
    }

    /// Whether two texts are the same: the same parts are, whatever the unknown ones stand for.
    pub fn equals(&self, other: &Self) -> Answer {
        if self.symbols_and_names() == other.symbols_and_names() {
            return Answer::Yes;
        }
        let pattern: Vec<Unit> = other
            .symbols()
            .into_iter()
            .map(|s| match s {
                Symbol::Char(c) => Unit::Char(c),
                Symbol::Hole => Unit::Any,
            })
            .collect();
        if align(&pattern, &self.symbols(), |a, b| a == b, true) { Answer::Unknown } else { Answer::No }
    }

    /// Whether a pattern with `*` and `?` matches the text.
    pub fn matches(&self, pattern: &str) -> Answer {
        self.against(&units(pattern).collect::<Vec<_>>(), |a, b| a == b)
    }

    /// Whether a compiled pattern matches: surely when every unknown part falls under one `*`, surely not when no
    /// filling could match.
    pub(crate) fn against(&self, pattern: &[Unit], same: impl Fn(char, char) -> bool + Copy) -> Answer {
        let symbols = self.symbols();
        if pattern.len().saturating_mul(symbols.len()) > MAX_STEPS {
            return Answer::Unknown;
        }
        if !align(pattern, &symbols, same, true) {
            Answer::No
        } else if align(pattern, &symbols, same, false) {
            Answer::Yes
        } else {
            Answer::Unknown
        }
    }

    fn symbols(&self) -> Vec<Symbol> {
        let mut all = Vec::new();
        for part in &self.parts {
            match part {
                Part::Known(text) => all.extend(text.chars().map(Symbol::Char)),
                Part::Hole(_) => all.push(Symbol::Hole),
            }
        }
        all
    }

    fn symbols_and_names(&self) -> (Vec<Symbol>, Vec<&str>) {
        (self.symbols(), self.holes().collect())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { parts: vec![Part::Known(text.to_owned())] }
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Known(text) => f.write_str(text),
            Part::Hole(name) => write!(f, "${{{name}}}"),
        })
    }
}

/// Whether a pattern and a text with holes can be laid over each other. `absorbing` holes take any part of the
/// pattern (some filling matches); others lie wholly under one `*` (every filling matches).
fn align(pattern: &[Unit], text: &[Symbol], same: impl Fn(char, char) -> bool, absorbing: bool) -> bool {
    // `row[j]`: what is left of the pattern and the text from the j-th symbol on fit. Built from the pattern's end.
    let tail = |rest: &[Symbol]| absorbing && rest.iter().all(|s| *s == Symbol::Hole);
    let mut below: Vec<bool> =
        (0..=text.len()).map(|j| text.get(j..).is_some_and(|r| r.is_empty() || tail(r))).collect();
    for unit in pattern.iter().rev() {
        let mut row = vec![false; below.len()];
        for j in (0..below.len()).rev() {
            let at = |row: &[bool], j: usize| row.get(j).copied().unwrap_or_default();
            let symbol = text.get(j);
            let fits = match (unit, symbol) {
                (Unit::Any, _) => at(&below, j) || (symbol.is_some() && at(&row, j + 1)),
                (_, None) => false,
                (_, Some(Symbol::Hole)) => absorbing && (at(&row, j + 1) || at(&below, j)),
                (Unit::One, Some(Symbol::Char(_))) => at(&below, j + 1),
                (Unit::Char(wanted), Some(Symbol::Char(found))) => same(*wanted, *found) && at(&below, j + 1),
            };
            if let Some(place) = row.get_mut(j) {
                *place = fits;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(template: &str) -> Text {
        let mut parts = Vec::new();
        for (i, part) in template.split('|').enumerate() {
            parts.push(if i % 2 == 0 { Part::Known(part.to_owned()) } else { Part::Hole(part.to_owned()) });
        }
        Text::new(parts)
    }

    #[test]
    fn patterns_and_templates_compare_with_three_answers() {
        for (template, pattern, expected) in [
            ("a", "a", Answer::Yes),
            ("a", "b", Answer::No),
            ("a|x|c", "a*c", Answer::Yes),
            ("a|x|c", "abc", Answer::Unknown),
            ("a|x|c", "ab", Answer::No),
            ("a|x|c", "*", Answer::Yes),
            ("a|x|c", "a?c", Answer::Unknown),
            ("sa:|ns|:app", "sa:*:app", Answer::Yes),
            ("sa:|ns|:app", "sa:prod:app", Answer::Unknown),
            ("sa:|ns|:app", "sa:prod:other", Answer::No),
            ("|x|", "", Answer::Unknown),
            ("|x|", "?*", Answer::Unknown),
        ] {
            assert_eq!(text(template).matches(pattern), expected, "{template} against {pattern}");
        }
    }

    #[test]
    fn an_unknown_equals_itself_and_no_other_for_certain() {
        assert_eq!(text("a|x|c").equals(&text("a|x|c")), Answer::Yes);
        assert_eq!(text("a|x|c").equals(&text("a|y|c")), Answer::Unknown);
        assert_eq!(text("a|x|c").equals(&text("b|x|c")), Answer::No);
        assert_eq!(text("abc").equals(&text("a|x|c")), Answer::Unknown);
        assert_eq!(text("abd").equals(&text("a|x|c")), Answer::No);
        assert_eq!(text("a|x|c").to_string(), "a${x}c");
        assert_eq!((text("ab").known().as_deref(), text("a|x|").known()), (Some("ab"), None));
    }
}
