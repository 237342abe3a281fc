//! IAM's wildcards: `*` for any run of characters, `?` for one.

use std::str::Chars;

/// One position of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// This character itself.
    Char(char),
    /// `?`.
    One,
    /// `*`.
    Any,
}

/// Reads the wildcards of a text.
pub(crate) fn units(text: &str) -> impl Iterator<Item = Unit> {
    text.chars().map(|c| match c {
        '*' => Unit::Any,
        '?' => Unit::One,
        other => Unit::Char(other),
    })
}

/// A compiled pattern: literal ends, compared as bytes, and what lies between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    prefix: Box<str>,
    suffix: Box<str>,
    /// From the first wildcard to the last; empty when the pattern is a plain text.
    middle: Box<[Unit]>,
}

impl Glob {
    /// Compiles a pattern.
    pub(crate) fn new(all: &[Unit]) -> Self {
        let wild = |u: &Unit| !matches!(u, Unit::Char(_));
        let Some(first) = all.iter().position(wild) else {
            return Self { prefix: literal(all), suffix: "".into(), middle: [].into() };
        };
        let last = all.iter().rposition(wild).unwrap_or(first);
        let (head, rest) = all.split_at(first);
        let (middle, tail) = rest.split_at(last - first + 1);
        Self { prefix: literal(head), suffix: literal(tail), middle: middle.into() }
    }

    /// The literal text before the first wildcard and after the last.
    pub(crate) fn ends(&self) -> (&str, &str) {
        (&self.prefix, &self.suffix)
    }

    /// Whether the pattern has no wildcard.
    pub(crate) fn is_literal(&self) -> bool {
        self.middle.is_empty()
    }

    /// Whether a single `*` stands between the ends.
    pub(crate) fn is_one_star(&self) -> bool {
        matches!(*self.middle, [Unit::Any])
    }

    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        if self.is_literal() {
            return *self.prefix == *text;
        }
        let Some(rest) = text.strip_prefix(&*self.prefix).and_then(|r| r.strip_suffix(&*self.suffix)) else {
            return false;
        };
        self.is_one_star() || matches(&self.middle, rest, |a, b| a == b)
    }
}

/// The text of units that are all characters.
fn literal(part: &[Unit]) -> Box<str> {
    let chars = part.iter().filter_map(|u| if let Unit::Char(c) = u { Some(*c) } else { None });
    chars.collect::<String>().into()
}

/// Whether a pattern matches a whole text, by the greedy walk with one remembered star: at worst
/// the product of both lengths, never exponential.
pub(crate) fn matches(pattern: &[Unit], text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let mut pattern = pattern;
    let mut rest = text.chars();
    let mut star: Option<(&[Unit], Chars<'_>)> = None;
    loop {
        if let Some((Unit::Any, after)) = pattern.split_first() {
            star = Some((after, rest.clone()));
            pattern = after;
            continue;
        }
        let mut ahead = rest.clone();
        let step = match (pattern.split_first(), ahead.next()) {
            (None, None) => return true,
            (Some((Unit::One, after)), Some(_)) => Some(after),
            (Some((Unit::Char(wanted), after)), Some(found)) if same(*wanted, found) => Some(after),
            _ => None,
        };
        if let Some(after) = step {
            (pattern, rest) = (after, ahead);
            continue;
        }
        let Some((after, resume)) = star.as_mut() else { return false };
        if resume.next().is_none() {
            return false;
        }
        (pattern, rest) = (*after, resume.clone());
    }
}

/// Whether a text is of a pattern in which `*` is any text and `?` any letter, as `StringLike` compares.
pub fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<Unit> = units(pattern).collect();
    matches(&pattern, text, |a, b| a == b)
}

/// Whether two characters are the same but for letter case.
pub(crate) fn same_letter(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str, text: &str) -> bool {
        let pattern: Vec<Unit> = units(pattern).collect();
        let compiled = Glob::new(&pattern).matches(text);
        assert_eq!(compiled, matches(&pattern, text, |a, b| a == b), "both ways agree");
        compiled
    }

    #[test]
    fn wildcards_match_anywhere_and_nothing_else_does() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("a*c", "ac", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("ab*ba", "aba", false),
            ("system:serviceaccount:*:app", "system:serviceaccount:ns:app", true),
            ("*a*b*", "xxaxxb", true),
            ("*a?b", "ab", false),
            ("*a?b", "aacb", true),
            ("?é", "xé", true),
            ("A*", "abc", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} against {text}");
        }
    }

    #[test]
    fn many_stars_stay_polynomial() {
        assert!(!glob(&"*a".repeat(200), &"a".repeat(199)));
        assert!(!glob(&format!("{}b", "a*".repeat(100)), &"a".repeat(5_000)));
    }
}
