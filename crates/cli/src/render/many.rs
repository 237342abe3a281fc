//! Many diagnoses at once, for people: one line each, and every root cause told once.

use std::fmt::Write as _;

use trustwalk_core::diagnosis::Diagnosis;

use super::diagnosis::{human, target_words};
use crate::exit::Exit;
use crate::style::{Ink, Pen, harmless};

/// Reports that are told in full. Who has more root causes than this works them off one by one.
const FULL_REPORTS: usize = 8;

/// An overview, then whatever is not sound. A root cause that several share is told with the first of them.
pub(crate) fn many(all: &[Diagnosis], pen: Pen) -> String {
    let mut out = overview(all, pen);
    let telling = |(position, d): &(usize, &Diagnosis)| {
        Exit::of(d) != Exit::Sound && same_cause(all.split_at(*position).0, d).is_none()
    };
    let to_tell: Vec<(usize, &Diagnosis)> = all.iter().enumerate().filter(telling).collect();
    for (position, d) in to_tell.iter().take(FULL_REPORTS) {
        let _ = write!(out, "\n{}", human(d, pen, false));
        let others: Vec<&Diagnosis> = all.iter().skip(position + 1).filter(|o| shares_cause(d, o)).collect();
        if !others.is_empty() {
            let _ = writeln!(out, "{}", pen.ink(Ink::Strong, "The same root cause in"));
            for other in others {
                let _ = writeln!(out, "  - {}", harmless(&target_words(&other.target)));
            }
            out.push('\n');
        }
    }
    let left = to_tell.len().saturating_sub(FULL_REPORTS);
    if left > 0 {
        let _ = writeln!(
            out,
            "\n{left} more are not told here: ask about one of them, as in `trustwalk diagnose KIND/NAME -n NAMESPACE`, or about all with -v or -o json."
        );
    }
    out
}

/// One line for each target, and how many are in which state.
pub(crate) fn overview(all: &[Diagnosis], pen: Pen) -> String {
    let count = |exit| all.iter().filter(|d| Exit::of(d) == exit).count();
    let parts = [(Exit::Sound, "sound"), (Exit::Findings, "broken"), (Exit::Undetermined, "not fully seen")];
    let parts: Vec<String> = parts
        .iter()
        .map(|(exit, word)| (count(*exit), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, w)| format!("{n} {w}"))
        .collect();
    let title = format!("trustwalk: {} identities, {}", all.len(), parts.join(", "));
    let mut out = format!("{}\n\n", pen.ink(Ink::Strong, &title));
    let words: Vec<String> = all.iter().map(|d| harmless(&target_words(&d.target))).collect();
    let width = words.iter().map(|w| w.chars().count()).max().unwrap_or_default();
    for (d, words) in all.iter().zip(&words) {
        let (colour, mark) = match Exit::of(d) {
            Exit::Sound if d.warnings.is_empty() => (Ink::Good, "\u{221a}"),
            Exit::Sound => (Ink::Odd, "\u{203c}"),
            Exit::Findings => (Ink::Bad, "\u{d7}"),
            Exit::Undetermined => (Ink::Odd, "?"),
        };
        let named = d.root_cause.iter().chain(&d.also).chain(&d.warnings);
        let named: Vec<String> = named.map(|f| format!("{} {}", f.code, f.name)).collect();
        let line = format!("{words:<width$}  {}", named.join(", "));
        let _ = writeln!(out, "  {} {}", pen.ink(colour, mark), line.trim_end());
    }
    out
}

/// In place of a report: whose it would repeat.
pub(crate) fn repeated(d: &Diagnosis, first: &Diagnosis) -> String {
    let (this, first) = (harmless(&target_words(&d.target)), harmless(&target_words(&first.target)));
    format!("trustwalk: {this}, the same root cause as {first}\n\n")
}

/// The first of these that has the same root cause.
pub(crate) fn same_cause<'a>(told: &'a [Diagnosis], d: &Diagnosis) -> Option<&'a Diagnosis> {
    told.iter().find(|other| shares_cause(other, d))
}

/// Whether the same is wrong, in the same words: what differs is where it was seen.
fn shares_cause(one: &Diagnosis, other: &Diagnosis) -> bool {
    one.root_cause.is_some() && wrong(one).eq(wrong(other))
}

fn wrong(d: &Diagnosis) -> impl Iterator<Item = (&str, &str)> {
    d.root_cause.iter().chain(&d.also).map(|f| (f.code.as_str(), f.sentence.as_str()))
}
