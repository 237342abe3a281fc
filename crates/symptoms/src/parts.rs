//! Which parts of the rows of wordings a text holds, found in one pass: there are hundreds of them.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::rules::{GENERIC, Row, SPECIFIC};

/// An automaton of every part, and for each row the numbers of its parts.
struct Parts {
    finder: AhoCorasick,
    specific: Vec<Vec<usize>>,
    generic: Vec<Vec<usize>>,
    count: usize,
}

static PARTS: LazyLock<Option<Parts>> = LazyLock::new(|| {
    let mut parts: Vec<&'static str> = SPECIFIC.iter().chain(GENERIC).flat_map(|r| r.parts).copied().collect();
    parts.sort_unstable();
    parts.dedup();
    let number = |rows: &[Row]| {
        let of = |r: &Row| r.parts.iter().filter_map(|p| parts.binary_search(p).ok()).collect();
        rows.iter().map(of).collect()
    };
    let finder = AhoCorasick::new(&parts).ok()?;
    Some(Parts { finder, specific: number(SPECIFIC), generic: number(GENERIC), count: parts.len() })
});

/// Where each part stands first in a text.
pub(crate) struct Held {
    at: Vec<Option<usize>>,
}

impl Held {
    /// Looks for all of them. The text is in lower case.
    pub(crate) fn of(lower: &str) -> Self {
        let Some(parts) = PARTS.as_ref() else { return Self { at: Vec::new() } };
        let mut at = vec![None; parts.count];
        for hit in parts.finder.find_overlapping_iter(lower) {
            if let Some(first @ None) = at.get_mut(hit.pattern().as_usize()) {
                *first = Some(hit.start());
            }
        }
        Self { at }
    }

    /// Rows that name a cause and of which every part is there, with where the first part stands.
    pub(crate) fn specific(&self) -> impl Iterator<Item = (&'static Row, usize)> {
        self.rows(SPECIFIC, PARTS.as_ref().map_or(&[][..], |p| &p.specific))
    }

    /// The same of wrappers and of waiting.
    pub(crate) fn generic(&self) -> impl Iterator<Item = (&'static Row, usize)> {
        self.rows(GENERIC, PARTS.as_ref().map_or(&[][..], |p| &p.generic))
    }

    fn rows(
        &self,
        rows: &'static [Row],
        numbers: &'static [Vec<usize>],
    ) -> impl Iterator<Item = (&'static Row, usize)> {
        let place = |number: &usize| self.at.get(*number).copied().flatten();
        rows.iter().zip(numbers).filter_map(move |(row, numbers)| {
            let first = place(numbers.first()?)?;
            numbers.iter().all(|n| place(n).is_some()).then_some((row, first))
        })
    }
}
