//! The last lines of a report: what it comes to, what would decide, and the next command.

use trustwalk_core::diagnosis::{Candidate, Diagnosis, LinkState, Outcome, Place};
use trustwalk_core::finding::{Confidence, Finding, Standing};
use trustwalk_core::observation::{Fate, Observation, Witness};

use crate::next::Next;
use crate::page::{Ink, Pen};
use crate::shown::Shown;

/// Causes named on the last lines; the report has them all.
const NAMED: usize = 3;

/// The last lines of one diagnosis.
pub fn closing(d: &Diagnosis, next: &Next, pen: Pen) -> Shown {
    let (label, text) = verdict(d, true);
    ending(ink_of(d.outcome), &label, &text, next, pen)
}

/// What a diagnosis comes to: a label, and what it says; `whole` with the links that hold.
pub(crate) fn verdict(d: &Diagnosis, whole: bool) -> (String, String) {
    match &d.root_cause {
        Some(root) if d.outcome == Outcome::RootCause => ("Root cause".to_owned(), root_cause(d, root)),
        Some(_) | None => (capital(d.outcome.word()), without_cause(d, whole)),
    }
}

/// The last lines of any report: a verdict as a label and what it says, then what is next.
pub fn ending(ink: Ink, label: &str, text: &str, next: &Next, pen: Pen) -> Shown {
    let mut out = pen.page();
    let label = [label, ":"].concat();
    out.labelled(pen.ink(ink, &label), text, "  ");
    next.told(&mut out, pen);
    out.shown()
}

/// The last lines of many diagnoses: the worst of them decides, and what is next is next for the first of those.
pub fn closing_of_all(all: &[Diagnosis], next: &[Next], incomplete: Option<&str>, pen: Pen) -> Shown {
    let worst = all.iter().map(|d| d.outcome).max().unwrap_or(Outcome::Ok);
    let outcome = if incomplete.is_some() { worst.max(Outcome::Undetermined) } else { worst };
    let count = |outcome: Outcome| all.iter().filter(|d| d.outcome == outcome).count();
    let mut parts = Vec::new();
    let mut causes: Vec<&Finding> = Vec::new();
    for root in all.iter().filter(|d| d.outcome == Outcome::RootCause).filter_map(|d| d.root_cause.as_ref()) {
        if !causes.iter().any(|c| c.cause == root.cause) {
            causes.push(root);
        }
    }
    if worst == Outcome::RootCause {
        parts.push(format!("in {} of {}: {}", count(worst), identities(all.len()), names(&causes)));
    }
    for other in [Outcome::Broken, Outcome::Undetermined] {
        let count = count(other);
        if count > 0 {
            parts.push(format!("in {count} of {}: {}", identities(all.len()), other.meaning()));
        }
    }
    if worst == Outcome::Ok {
        parts.push(match all {
            [one] => one.meaning().to_owned(),
            _ => format!("no fault found, every link holds for each of {}", identities(all.len())),
        });
        let idle = all.iter().filter(|d| d.idle).count();
        parts.extend((idle > 0).then(|| format!("of {idle} no pod runs now, and what a new one would get was judged")));
    }
    parts.extend(incomplete.map(str::to_owned));
    let first = all.iter().position(|d| d.outcome == worst && worst != Outcome::Ok);
    let next = first.and_then(|position| next.get(position)).cloned().unwrap_or_default();
    let label = if outcome == Outcome::RootCause { "Root cause".to_owned() } else { capital(outcome.word()) };
    ending(ink_of(outcome), &label, &parts.join("; "), &Next { decide: None, ..next }, pen)
}

fn identities(count: usize) -> String {
    if count == 1 { "1 identity".to_owned() } else { format!("{count} identities") }
}

pub(crate) fn ink_of(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Ok => Ink::Good,
        Outcome::Undetermined => Ink::Odd,
        Outcome::Broken | Outcome::RootCause => Ink::Bad,
    }
}

/// As at the start of a sentence.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn name(f: &Finding) -> String {
    [f.code(), " ", f.name()].concat()
}

/// The first of several, and how many more there are.
fn names(findings: &[&Finding]) -> String {
    let mut named: Vec<String> = findings.iter().take(NAMED).map(|f| name(f)).collect();
    let more = findings.len().saturating_sub(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

fn root_cause(d: &Diagnosis, root: &Finding) -> String {
    let also: Vec<&Finding> = d.also.iter().collect();
    let also = if also.is_empty() { String::new() } else { format!("; also broken: {}", names(&also)) };
    format!("{} ({}): {}{also}", name(root), root.confidence.name(), root.sentence)
}

fn without_cause(d: &Diagnosis, whole: bool) -> String {
    let others = of_others(d);
    // Where failures of others were given, what was given is not without any.
    let meaning = match d.outcome {
        Outcome::Undetermined if others.is_some() => {
            "nothing wrong was found with what was asked about, and not everything could be looked at"
        }
        Outcome::Ok | Outcome::Undetermined | Outcome::Broken | Outcome::RootCause => d.meaning(),
    };
    let mut parts = vec![meaning.to_owned()];
    let possible: Vec<&Finding> =
        d.root_cause.iter().chain(&d.possible).filter(|f| f.confidence == Confidence::Possible).collect();
    // Where they are listed below, with their sentences, they are not named twice.
    if whole && !possible.is_empty() {
        parts.push(format!("possible: {}", names(&possible)));
    }
    let other = |c: &&Candidate| is_left(c, &possible);
    let word = if possible.is_empty() { "" } else { "other " };
    match d.candidates.iter().filter(|_| d.outcome == Outcome::Broken).filter(other).count() {
        0 => {}
        1 => parts.push(format!("1 {word}cause can show so (-v tells why)")),
        more => parts.push(format!("{more} {word}causes can show so (-v tells why)")),
    }
    parts.extend(over(d));
    parts.extend(others);
    if d.outcome == Outcome::Ok && whole {
        let judged = in_state(d, &[LinkState::Pass, LinkState::Warning]);
        let seen = in_state(d, &[LinkState::Seen]);
        for (what, links) in [("judged", judged), ("seen and not judged", seen)] {
            if !links.is_empty() {
                parts.push(format!("{what}: {}", links.join(", ")));
            }
        }
    }
    if !d.warnings.is_empty() {
        let warnings: Vec<&Finding> = d.warnings.iter().collect();
        let word = if warnings.len() == 1 { "warning" } else { "warnings" };
        parts.push(format!("{} {word}: {}", warnings.len(), names(&warnings)));
    }
    parts.join("; ")
}

/// What became of the failures in a log that was given, where they are over: whoever gave it asks about them.
fn over(d: &Diagnosis) -> Option<String> {
    let given = d.looked.iter().any(|l| l.what == Place::Log);
    let by = |o: &Observation| {
        let Fate::Over { by } = &o.fate else { return None };
        (o.witness == Witness::Log).then(|| by.clone())
    };
    let last = d.observations.iter().filter(|o| by(o).is_some()).max_by_key(|o| o.at).filter(|_| given)?;
    let count: u64 = d.observations.iter().filter(|o| by(o).is_some()).map(|o| o.count).sum();
    let failures = if count == 1 { "1 failure".to_owned() } else { format!("{count} failures") };
    Some(format!("{failures} in the log that was given, over: {}", by(last)?))
}

/// How many of the failures that were given are not of the target: whoever gave them may take them for its own.
fn of_others(d: &Diagnosis) -> Option<String> {
    let given = d.looked.iter().any(|l| l.what == Place::Log);
    // A record of CloudTrail that was given, too: those that were looked up are the target's own.
    let foreign = |o: &&Observation| matches!(o.fate, Fate::Foreign { .. });
    let count: u64 = d.observations.iter().filter(foreign).filter(|_| given).map(|o| o.count).sum();
    match count {
        0 => None,
        1 => Some("1 failure in the log that was given is somebody else's (-v tells whose)".to_owned()),
        more => Some(format!("{more} failures in the log that was given are somebody else's (-v tells whose)")),
    }
}

/// Whether a cause that came into question is left and is not among those that are told.
pub(crate) fn is_left(c: &Candidate, told: &[&Finding]) -> bool {
    !matches!(c.standing, Standing::Excluded { .. }) && told.iter().all(|f| f.cause != c.cause)
}

fn in_state(d: &Diagnosis, states: &[LinkState]) -> Vec<&'static str> {
    d.links.iter().filter(|l| states.contains(&l.state)).map(|l| l.link.name()).collect()
}
