//! A report for people: each finding with the lines of the files that it stands in.

use trustwalk_core::diagnosis::Outcome;
use trustwalk_core::severity::Severity;
use trustwalk_preflight::{Found, Report, Spot, Standing, TrustChange, Verdict};
use trustwalk_render::{Ink, Page, Pen, Shown, Typed, columns};

use super::files::Checkout;
use super::{counted, identities, line, set_aside};
use crate::style;

/// Letters of a line that are shown.
const LETTERS: usize = 110;
/// Other places of a finding that are shown with their line.
const PLACES: usize = 3;

/// The report.
pub(super) fn words(report: &Report, checkout: &Checkout, typed: &Typed) -> Shown {
    let pen = style::pen();
    let mut page = pen.page();
    for found in &report.findings {
        finding(&mut page, pen, found, checkout);
    }
    for change in &report.changes {
        changed(&mut page, pen, change);
    }
    rehearsed(&mut page, pen, report);
    section(&mut page, pen, "not decided", Ink::Odd, report.undetermined.iter().map(line));
    section(&mut page, pen, "not read", Ink::Odd, report.unread.iter().map(line));
    section(&mut page, pen, "to look at", Ink::Faint, report.notes.iter().map(line));
    let aside = report.suppressed.iter().map(|s| format!("{}: {} by {}: {}", s.at, s.code, s.by, s.reason));
    section(&mut page, pen, "set aside", Ink::Faint, aside);
    page.line(summary(report));
    if let Some(first) = report.findings.first() {
        page.line(format_args!("Next: {}", typed.command("explain {}", &[first.finding.code()], &[])));
    }
    page.shown()
}

/// What a change makes of one policy's trust.
fn changed(page: &mut Page, pen: Pen, change: &TrustChange) {
    let (ink, word) = if change.widens() { (Ink::Bad, "wider trust") } else { (Ink::Faint, "changed trust") };
    page.part(pen.ink(ink, word));
    page.line(format_args!(" of {} at {}", change.role, change.at));
    for who in &change.gains {
        page.prose(who, "  + ", "    ");
    }
    for who in &change.loses {
        page.prose(who, "  - ", "    ");
    }
    if change.gains.is_empty() && change.loses.is_empty() && change.open.is_none() {
        page.line("  nobody gains the role and nobody loses it");
    }
    page.gap();
}

/// What the lab answered: the judgement's mark, and beside it the answer.
fn rehearsed(page: &mut Page, pen: Pen, report: &Report) {
    let Some(all) = report.rehearsal.as_ref().filter(|all| !all.is_empty()) else { return };
    page.line(pen.ink(Ink::Faint, "rehearsed in a lab:"));
    for one in all {
        let (ink, mark) = match one.verdict {
            Verdict::Agree => (Ink::Good, "agree   "),
            Verdict::Disagree => (Ink::Bad, "disagree"),
            Verdict::NotRehearsed => (Ink::Odd, "open    "),
        };
        page.part(format_args!("  {} ", pen.ink(ink, mark)));
        page.prose(&format!("{}: {}", one.title(), one.answer()), "", "             ");
        if !one.stood_in.is_empty() {
            page.prose(
                &format!("stood in for by the lab: {}", one.stood_in.join(", ")),
                "             ",
                "             ",
            );
        }
    }
    page.gap();
}

fn section(page: &mut Page, pen: Pen, title: &str, ink: Ink, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    page.line(pen.ink(ink, format_args!("{title}:")));
    for text in lines {
        page.prose(&text, "  - ", "    ");
    }
    page.gap();
}

fn finding(page: &mut Page, pen: Pen, found: &Found, checkout: &Checkout) {
    let finding = &found.finding;
    let (ink, word) = match finding.severity {
        Severity::Error => (Ink::Bad, "error"),
        Severity::Warning | Severity::Info => (Ink::Odd, finding.severity.name()),
    };
    page.part(pen.ink(ink, word));
    let head = format!(" {} {} ({}): {}", finding.code(), finding.name(), finding.confidence.name(), finding.sentence);
    page.prose(&head, "", "  ");
    excerpt(page, pen, &found.at, checkout, None);
    for related in found.related.iter().take(PLACES) {
        excerpt(page, pen, &related.at, checkout, Some(&related.label));
    }
    if let Some(others) = found.others() {
        page.prose(&format!("also: {others}"), "  = ", "    ");
    }
    if let Some(decide) = &finding.decide {
        page.prose(&format!("to decide: {decide}"), "  = ", "    ");
    }
    for cure in finding.cures.iter().take(1) {
        page.prose(&format!("fix: {}", cure.title), "  = ", "    ");
        for change in &cure.changes {
            page.line(format_args!("      {change}"));
        }
    }
    page.gap();
}

/// A line of a file with an arrow under what is meant.
fn excerpt(page: &mut Page, pen: Pen, at: &Spot, checkout: &Checkout, label: Option<&str>) {
    let number = at.line.to_string();
    let margin = " ".repeat(number.len());
    let arrow = if label.is_some() { ":::" } else { "-->" };
    let label = label.map(|l| format!(" ({l})")).unwrap_or_default();
    page.line(format_args!("{margin}{} {at}{label}", pen.ink(Ink::Faint, arrow)));
    let Some(text) = checkout.text(&at.file) else { return };
    let Some(line) = text.lines().nth(at.line.saturating_sub(1) as usize) else { return };
    let line = line.replace('\t', " ");
    let (start, end) = (at.column.saturating_sub(1) as usize, at.end_column.saturating_sub(1) as usize);
    let whole = line.chars().count();
    let end = if at.end_line > at.line { whole } else { end.min(whole) };
    // Of a long line the part around what is meant.
    let from = if whole > LETTERS { start.saturating_sub(LETTERS / 4) } else { 0 };
    let shown: String = line.chars().skip(from).take(LETTERS).collect();
    let before: String = line.chars().skip(from).take(start.saturating_sub(from)).collect();
    let meant: String = line.chars().skip(start).take(end.saturating_sub(start).min(LETTERS)).collect();
    let bar = pen.ink(Ink::Faint, "|");
    page.line(format_args!("{margin} {bar}"));
    page.line(format_args!("{} {bar} {}", pen.ink(Ink::Faint, &number), shown.trim_end()));
    let under = "^".repeat(columns(&meant).max(1));
    page.line(format_args!("{margin} {bar} {}{}", " ".repeat(columns(&before)), pen.ink(Ink::Bad, &under)));
}

/// What it comes to, in one line.
pub(super) fn summary(report: &Report) -> String {
    let of = |standing: Standing| report.identities.iter().filter(|i| i.standing == standing).count();
    // That nothing was judged is no praise.
    let nothing = report.identities.is_empty() && report.outcome == Outcome::Ok && report.suppressed.is_empty();
    let mut parts = vec![format!(
        "{}: {} in {}",
        if nothing { "nothing to judge" } else { report.outcome.word() },
        identities(report.identities.len()),
        counted(report.files, "file")
    )];
    for (standing, word) in [
        (Standing::Sound, "sound"),
        (Standing::Broken, "broken"),
        (Standing::Undetermined, "not decided"),
        (Standing::Elsewhere, "with a role that is declared elsewhere"),
    ] {
        let count = of(standing);
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
        let taken = report.identities.iter().filter(|i| !i.taken.is_empty()).count();
        if standing == Standing::Sound && taken > 0 {
            parts.push(format!("{taken} of these only if what nothing but the trust policy tells is so"));
        }
    }
    parts.push(counted(report.findings.len(), "finding"));
    let wider = report.changes.iter().filter(|change| change.widens()).count();
    if wider > 0 {
        parts.push(format!("{wider} with wider trust than before"));
    }
    if let Some(all) = &report.rehearsal {
        let of = |verdict: Verdict| all.iter().filter(|one| one.verdict == verdict).count();
        let told = [
            (of(Verdict::Agree), "in agreement"),
            (of(Verdict::Disagree), "in disagreement"),
            (of(Verdict::NotRehearsed), "not made"),
        ];
        let told = told.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        let told: Vec<String> = told.collect();
        let none = told.is_empty();
        parts.push(format!("exchanges in a lab: {}", if none { "none".to_owned() } else { told.join(", ") }));
    }
    parts.extend(set_aside(report));
    parts.join(", ")
}
