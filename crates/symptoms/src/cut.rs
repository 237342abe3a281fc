//! Lines that end in the middle of a sentence of STS's: loggers and collectors cut what is longer than they take.

use crate::rules::{GENERIC_CODE, SPECIFIC};
use crate::symptom::Symptom;
use crate::{marks, text::extract};

/// A shorter piece begins more sentences than one: `web identity token` is in many.
const SHORTEST: usize = 20;

/// What ends a line that was cut besides its words.
const ENDS: &[char] = &[' ', '\n', '"', '\'', '}', ']', '\\', '.', '\u{2026}'];

/// The sentence that the text ends in the middle of, where it tells of the exchange: elsewhere the same words begin
/// other sentences, too. `None` where two that mean different things begin so.
pub(crate) fn sentence(lower: &str) -> Option<(Symptom, usize)> {
    if !marks::is_exchange(lower) && marks::answered(GENERIC_CODE.1, lower).is_none() {
        return None;
    }
    let whole = lower.trim_end_matches(ENDS);
    let begun = |part: &'static str| {
        let ends_with = |to: &usize| part.get(..*to).is_some_and(|piece| whole.ends_with(piece));
        let longest = (SHORTEST..part.len()).rev().find(ends_with)?;
        let at = whole.len() - longest;
        extract::stands_alone(lower, at, longest).then_some((longest, at))
    };
    let mut found: Vec<(usize, usize, Symptom)> = SPECIFIC
        .iter()
        .filter_map(|row| match row.parts {
            [only] if !row.shared => begun(only).map(|(length, at)| (length, at, row.symptom)),
            _ => None,
        })
        .collect();
    found.sort_by_key(|(length, ..)| std::cmp::Reverse(*length));
    let (length, at, symptom) = *found.first()?;
    let alike = found.iter().take_while(|(other, ..)| *other == length).all(|(.., other)| *other == symptom);
    alike.then_some((symptom, at))
}
