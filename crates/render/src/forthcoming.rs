//! What will break, in words: the day first, as whoever plans reads it.

use trustwalk_core::diagnosis::Diagnosis;
use trustwalk_core::evidence::Target;
use trustwalk_core::finding::Confidence;
use trustwalk_core::forthcoming::{Forthcoming, When};

use crate::page::{Ink, Page, Pen};
use crate::target::target_words;
use crate::time;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Targets that are named of those that something concerns.
const NAMED: usize = 4;

/// How far off a moment is: `today`, `in 1 day`, `in 40 days`.
pub fn days(at: i64, now: i64) -> String {
    match at.saturating_sub(now).div_euclid(DAY) {
        ..=0 => "within a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    }
}

/// When, in words: the day, and how far off it is.
fn when(f: &Forthcoming, now: i64) -> String {
    match &f.when {
        When::On { at } => format!("{}, {}", time::date(*at), days(*at, now)),
        When::By { at } => format!("by {}, {}", time::date(*at), days(*at, now)),
        When::Since { at } => format!("any day, since {}", time::date(*at)),
        When::Once { what, since: Some(at) } => format!("when {what} (since {})", time::date(*at)),
        When::Once { what, since: None } => format!("when {what}"),
    }
}

/// What it will be called: the cause, or the entry of the register, or the link.
fn name(f: &Forthcoming) -> String {
    match (&f.code, f.name, &f.entry) {
        (Some(code), Some(name), _) => format!("{code} {}", name.name()),
        (_, _, Some(entry)) => entry.clone(),
        _ => f.link.name().to_owned(),
    }
}

/// One of them, with whom it concerns where several were looked at.
pub fn foreseen(out: &mut Page, f: &Forthcoming, now: i64, whom: &[Target], pen: Pen) {
    let (ink, mark) = if f.fails { (Ink::Odd, "\u{203c}") } else { (Ink::Faint, "\u{b7}") };
    let sure = if f.confidence == Confidence::Proven { String::new() } else { format!(" ({})", f.confidence.name()) };
    out.part(format_args!("  {}", pen.ink(ink, mark)));
    let title = format!("{}: {}{sure}", when(f, now), name(f));
    out.prose(&pen.fitted(&title, 4), " ", "    ");
    out.prose(&f.sentence, "    ", "    ");
    for exhibit in f.proof.iter().take(NAMED) {
        let line = format!("{}  {}  ({})", exhibit.label, exhibit.value, exhibit.origin);
        out.prose(&line, "      ", "        ");
    }
    if !whom.is_empty() {
        let mut names: Vec<String> = whom.iter().take(NAMED).map(target_words).collect();
        let more = whom.len().saturating_sub(NAMED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        out.labelled(pen.ink(Ink::Faint, "    Whom:"), &names.join(", "), "      ");
    }
    if !f.advice.is_empty() {
        out.labelled(pen.ink(Ink::Faint, "    Do:"), &f.advice, "      ");
    }
    for source in &f.sources {
        out.labelled(pen.ink(Ink::Faint, "    Source:"), source, "      ");
    }
}

/// The next of what breaks soon, in one line.
pub(crate) fn soon(out: &mut Page, d: &Diagnosis, pen: Pen) {
    let Some(first) = d.forthcoming.first() else { return };
    let more = match d.forthcoming.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let text = format!("{}: {}{more} (`trustwalk forecast` tells all)", when(first, d.at), name(first));
    out.labelled(pen.ink(Ink::Odd, "Later:"), &pen.one_line(&text, 8), "  ");
}
