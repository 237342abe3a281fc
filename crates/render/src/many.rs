//! Many diagnoses at once, for people: one line each, and every root cause told once.

use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, Outcome};

use super::diagnosis::{body, target_words};
use crate::closing::closing;
use crate::next::Next;
use crate::page::{Ink, Page, Pen, Shown};

/// Reports that are told in full. Who has more root causes than this works them off one by one.
const FULL_REPORTS: usize = 8;

/// Widest column of targets: a longer name stands out of it, and does not move the others.
const WIDEST: usize = 80;

/// An overview, then whatever is not sound, each with what is next for it. A root cause that several share is told
/// with the first of them.
pub fn many(all: &[Diagnosis], next: &[Next], pen: Pen) -> Shown {
    let mut out = Page::new();
    out.append(overview(all, pen));
    let telling = |(position, d): &(usize, &Diagnosis)| {
        d.outcome != Outcome::Ok && same_cause(all.split_at(*position).0, d).is_none()
    };
    let to_tell: Vec<(usize, &Diagnosis)> = all.iter().enumerate().filter(telling).collect();
    for (position, d) in to_tell.iter().take(FULL_REPORTS) {
        out.gap();
        out.append(body(d, pen, false));
        if let Some(next) = next.get(*position) {
            out.append(closing(d, next, pen));
        }
        let others: Vec<&Diagnosis> = all.iter().skip(position + 1).filter(|o| shares_cause(d, o)).collect();
        if !others.is_empty() {
            out.gap();
            out.line(pen.ink(Ink::Strong, "The same root cause in"));
            for other in others {
                out.line(format_args!("  - {}", target_words(&other.target)));
            }
        }
    }
    let left = to_tell.len().saturating_sub(FULL_REPORTS);
    if left > 0 {
        out.gap();
        out.line(format_args!(
            "{left} more are not told here: ask about one of them, as in `trustwalk diagnose KIND/NAME -n \
             NAMESPACE`, or about all with -v or -o json."
        ));
    }
    out.shown()
}

/// One line for each target, and how many are in which state.
pub fn overview(all: &[Diagnosis], pen: Pen) -> Shown {
    let count = |outcomes: &[Outcome]| all.iter().filter(|d| outcomes.contains(&d.outcome)).count();
    let parts = [
        (count(&[Outcome::Ok]), Outcome::Ok),
        (count(&[Outcome::RootCause, Outcome::Broken]), Outcome::Broken),
        (count(&[Outcome::Undetermined]), Outcome::Undetermined),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, outcome)| format!("{n} {}", outcome.word())).collect();
    let mut out = Page::new();
    out.line(pen.ink(Ink::Strong, format_args!("trustwalk: {} identities, {}", all.len(), parts.join(", "))));
    out.gap();
    let words: Vec<String> = all.iter().map(|d| target_words(&d.target)).collect();
    let width = words.iter().map(|w| w.chars().count()).max().unwrap_or_default().min(WIDEST);
    for (d, words) in all.iter().zip(&words) {
        let (colour, mark) = match d.outcome {
            Outcome::Ok if d.warnings.is_empty() => (Ink::Good, "\u{221a}"),
            Outcome::Ok => (Ink::Odd, "\u{203c}"),
            Outcome::Broken | Outcome::RootCause => (Ink::Bad, "\u{d7}"),
            Outcome::Undetermined => (Ink::Odd, "?"),
        };
        let named = d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings);
        let named: Vec<String> = named.map(|f| format!("{} {}", f.code(), f.name())).collect();
        let line = format!("{words:<width$}  {}", named.join(", "));
        out.line(format_args!("  {} {}", pen.ink(colour, mark), line.trim_end()));
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
