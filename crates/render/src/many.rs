//! Many diagnoses at once, for people: one line each, and every root cause told once.

use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome};

use super::target::{of_log, target_words};
use crate::brief::{end, place};
use crate::measure::{columns, pad};
use crate::page::{Ink, Page, Pen};
use crate::shown::Shown;

/// Root causes that are told, where there are several. Who has more than these works them off one by one.
const TOLD: usize = 3;
/// Identities that an overview has a line for each; of more, those that are sound are counted.
const LISTED: usize = 5;

/// Widest column of targets: a longer name stands out of it, and does not move the others.
const WIDEST: usize = 80;

/// An overview, then whatever is not sound: a root cause that all of it shares with its values, several in a line
/// each. What is next is for the last lines to say.
pub fn many(all: &[Diagnosis], pen: Pen) -> Shown {
    let mut out = pen.page();
    out.append(overview(all, pen));
    let telling = |(position, d): &(usize, &Diagnosis)| {
        d.outcome != Outcome::Ok && same_cause(all.split_at(*position).0, d).is_none()
    };
    let mut to_tell: Vec<(usize, &Diagnosis)> = all.iter().enumerate().filter(telling).collect();
    to_tell.sort_by_key(|(position, d)| (std::cmp::Reverse(d.outcome), *position));
    let others = |position: usize, d: &Diagnosis| all.iter().skip(position + 1).filter(|o| shares_cause(d, o)).count();
    if let [(position, d)] = to_tell.as_slice() {
        out.gap();
        whose(&mut out, d, others(*position, d), pen);
        out.append(end(d, pen));
        return out.shown();
    }
    if to_tell.is_empty() {
        return out.shown();
    }
    out.gap();
    out.line(pen.ink(Ink::Strong, "What fails (-v has all of it)"));
    let told = if pen.screen().is_some() { TOLD } else { to_tell.len() };
    for (position, d) in to_tell.iter().take(told) {
        let words = match (&d.root_cause, others(*position, d)) {
            (Some(f), 0) => format!("{} {} ({}): {}", f.code(), f.name(), f.confidence.name(), f.sentence),
            (Some(f), more) => {
                let (code, name, sure) = (f.code(), f.name(), f.confidence.name());
                format!("{code} {name} ({sure}), and the same in {more} more: {}", f.sentence)
            }
            (None, _) => d.undetermined.first().cloned().unwrap_or_else(|| d.meaning().to_owned()),
        };
        // The log itself is named above, once.
        let words = match of_log(&d.target) {
            Some(whose) => format!("{whose}: {words}"),
            None => words,
        };
        out.line(format_args!("  {} {}", mark(d, pen), pen.one_line(&words, 4)));
    }
    if to_tell.len() > told {
        out.line(format_args!("  and {} more", to_tell.len() - told));
    }
    out.shown()
}

/// Of whom a cause is told, and how many share it.
fn whose(out: &mut Page, d: &Diagnosis, others: usize, pen: Pen) {
    let more = if others == 0 { String::new() } else { format!(", and the same in {others} more") };
    let words = [target_words(&d.target), more].concat();
    out.line(format_args!("{} {}", mark(d, pen), pen.ink(Ink::Strong, pen.one_line(&words, 2))));
}

fn mark(d: &Diagnosis, pen: Pen) -> crate::page::Inked<&'static str> {
    let (colour, mark) = match d.outcome {
        Outcome::Ok if d.warnings.is_empty() => (Ink::Good, "\u{221a}"),
        Outcome::Ok => (Ink::Odd, "\u{203c}"),
        Outcome::Broken | Outcome::RootCause => (Ink::Bad, "\u{d7}"),
        Outcome::Undetermined => (Ink::Odd, "?"),
    };
    pen.ink(colour, mark)
}

/// How many identities are in which state, where it was looked, and a line for each; of a large number, for those that
/// are not sound.
pub fn overview(all: &[Diagnosis], pen: Pen) -> Shown {
    let count = |outcomes: &[Outcome]| all.iter().filter(|d| outcomes.contains(&d.outcome)).count();
    let parts = [
        (count(&[Outcome::Ok]), Outcome::Ok),
        (count(&[Outcome::RootCause, Outcome::Broken]), Outcome::Broken),
        (count(&[Outcome::Undetermined]), Outcome::Undetermined),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, outcome)| format!("{n} {}", outcome.word())).collect();
    let mut out = pen.page();
    out.line(pen.ink(Ink::Strong, format_args!("trustwalk: {} identities, {}", all.len(), parts.join(", "))));
    if let Some(first) = all.first() {
        place(&mut out, &first.looked, pen);
    }
    out.gap();
    let sound = |d: &&Diagnosis| d.outcome == Outcome::Ok && d.warnings.is_empty();
    // Who reads a pipe looks for each of them.
    let whole = pen.screen().is_none() || all.len() <= LISTED;
    if !whole && all.iter().any(|d| sound(&d)) {
        let ok = pen.ink(Ink::Good, "\u{221a}");
        out.line(format_args!("  {ok} {} are sound, which -v names", all.iter().filter(sound).count()));
    }
    let listed: Vec<(&Diagnosis, String)> =
        all.iter().filter(|d| whole || !sound(d)).map(|d| (d, target_words(&d.target))).collect();
    let shown = if whole { listed.len() } else { LISTED };
    let width = listed.iter().take(shown).map(|(_, w)| columns(w)).max().unwrap_or_default().min(WIDEST);
    for (d, words) in listed.iter().take(shown) {
        let named = d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings);
        let named: Vec<String> = named.map(|f| format!("{} {}", f.code(), f.name())).collect();
        let line = format!("{}  {}", pad(words, width), named.join(", "));
        out.line(format_args!("  {} {}", mark(d, pen), pen.one_line(line.trim_end(), 4)));
    }
    if listed.len() > shown {
        out.line(format_args!("  and {} more that are not sound", listed.len() - shown));
    }
    out.shown()
}

/// In place of a report: whose it would repeat.
pub fn repeated(d: &Diagnosis, first: &Diagnosis) -> Shown {
    let (this, first) = (target_words(&d.target), target_words(&first.target));
    let mut out = Page::new();
    out.line(format_args!("trustwalk: {this}, the same root cause as {first}"));
    out.gap();
    out.shown()
}

/// In place of a report: what was repaired for another was all that this one lacked.
pub fn sound_since(d: &Diagnosis) -> Shown {
    Shown::line(format_args!("trustwalk: {} is sound since the repair above", target_words(&d.target)))
}

/// The first of these that has the same root cause.
pub fn same_cause<'a>(told: &'a [Diagnosis], d: &Diagnosis) -> Option<&'a Diagnosis> {
    told.iter().find(|other| shares_cause(other, d))
}

/// Whether the same is wrong, in the same words: what differs is where it was seen.
fn shares_cause(one: &Diagnosis, other: &Diagnosis) -> bool {
    one.root_cause.is_some() && wrong(one).eq(wrong(other))
}

fn wrong(d: &Diagnosis) -> impl Iterator<Item = (Cause, &str)> {
    d.root_cause.iter().chain(&d.also).map(|f| (f.cause, f.sentence.as_str()))
}
