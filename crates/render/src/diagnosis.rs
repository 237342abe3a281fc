//! A diagnosis for people: the eleven links, the root cause with its proof, the cure, what changed.

use trustwalk_core::diagnosis::{After, Candidate, Diagnosis, LinkReport, Outcome};
use trustwalk_core::finding::{Confidence, Finding, Standing};
use trustwalk_core::observation::{Fate, Observation};

use crate::brief::{brief, place};
use crate::closing::closing;
use crate::finding::{QUOTES, has_quotes, show};
use crate::forthcoming::foreseen;
use crate::next::Next;
use crate::page::{Ink, Page, Pen};
use crate::shown::Shown;
use crate::target::{mark, target_words};
use crate::time;

/// Where a link's words begin.
const LINK_MARGIN: &str = "                    ";
/// Where a happening's words begin.
const TIME_MARGIN: &str = "                        ";

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What fits a terminal: the verdict, and what it rests on.
    Brief,
    /// Everything that was found.
    Full,
}

/// A report. Its last lines are what it comes to and what to do next, which is what a terminal shows.
pub fn human(d: &Diagnosis, next: &Next, pen: Pen, detail: Detail) -> Shown {
    if detail == Detail::Brief {
        return brief(d, next, pen);
    }
    let mut out = pen.page();
    out.append(body(d, pen));
    out.append(closing(d, next, pen));
    out.shown()
}

/// What breaks soon, if nobody changes anything.
fn list_forthcoming(out: &mut Page, d: &Diagnosis, pen: Pen) {
    if d.forthcoming.is_empty() {
        return;
    }
    out.line(pen.ink(Ink::Strong, "Breaks soon, if nobody changes anything"));
    for f in &d.forthcoming {
        foreseen(out, f, d.at, &[], pen);
    }
    out.gap();
}

/// The full report without its last lines, for what goes on after it.
pub fn body(d: &Diagnosis, pen: Pen) -> Shown {
    let mut out = pen.page();
    out.line(pen.ink(Ink::Strong, format_args!("trustwalk: {}", target_words(&d.target))));
    place(&mut out, &d.looked, pen);
    out.gap();
    for link in &d.links {
        link_line(&mut out, link, d, pen);
    }
    out.gap();
    if let Some(finding) = &d.root_cause {
        let undecided = finding.confidence == Confidence::Possible;
        let heading = if undecided { "Possible causes, in order" } else { "Root cause" };
        list_findings(&mut out, heading, std::slice::from_ref(finding), pen);
    }
    list_findings(&mut out, "Also broken: it would fail next", &d.also, pen);
    list_findings(&mut out, "Possible too", &d.possible, pen);
    list_findings(&mut out, "Warnings", &d.warnings, pen);
    let mut told = d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings);
    if told.any(has_quotes) {
        out.line(pen.ink(Ink::Faint, QUOTES));
        out.gap();
    }
    if !d.consequences.is_empty() {
        out.line(pen.ink(Ink::Strong, "What follows from it"));
        for c in &d.consequences {
            out.prose(&c.sentence, "  - ", "    ");
        }
        out.gap();
    }
    if let Some(after) = &d.after {
        list_after(&mut out, after, pen);
    }
    list_forthcoming(&mut out, d, pen);
    list_candidates(&mut out, &d.candidates, pen);
    list_observations(&mut out, &d.observations, pen);
    if !d.undetermined.is_empty() {
        out.line(pen.ink(Ink::Strong, "Could not be determined"));
        for u in &d.undetermined {
            out.part(format_args!("  {}", pen.ink(Ink::Odd, "?")));
            out.prose(u, " ", "    ");
        }
        out.gap();
    }
    if !d.timeline.is_empty() {
        out.line(pen.ink(Ink::Strong, "What changed, and when"));
        for c in &d.timeline {
            let who = c.who.as_ref().map(|w| format!(" by {w}")).unwrap_or_default();
            out.prose(&[c.what.as_str(), &who].concat(), &format!("  {}  ", time::stamp(c.at)), TIME_MARGIN);
        }
        out.gap();
    }
    out.shown()
}

fn link_line(out: &mut Page, link: &LinkReport, d: &Diagnosis, pen: Pen) {
    // What is told in full below is named here, not told twice.
    let told = d.root_cause.iter().chain(&d.also).find(|f| f.sentence == link.saw);
    let saw = told.map_or_else(|| link.saw.clone(), |f| format!("{} {}, see below", f.code(), f.name()));
    out.part(format_args!("  {}", mark(link.state, pen)));
    out.prose(&saw, &format!(" {:<15} ", link.link.name()), LINK_MARGIN);
    for missing in &link.missing {
        out.prose(missing, "      - ", "        ");
    }
}

fn list_findings(out: &mut Page, heading: &str, findings: &[Finding], pen: Pen) {
    if findings.is_empty() {
        return;
    }
    out.line(pen.ink(Ink::Strong, heading));
    for f in findings {
        show(out, f, pen);
    }
}

/// What comes of the fix, tried on the evidence: what would still be wrong.
fn list_after(out: &mut Page, after: &After, pen: Pen) {
    out.line(pen.ink(Ink::Strong, "After the fix"));
    out.prose(&after.sentence, "  - ", "    ");
    let left: Vec<String> = after.remains.iter().map(|f| format!("{} {}", f.code, f.name.name())).collect();
    if !left.is_empty() {
        out.prose(&left.join(", "), "  - left for a person, or not decided: ", "    ");
    }
    for open in &after.open {
        out.prose(open, "  ? ", "    ");
    }
    out.gap();
}

/// Every cause that came into question, with what speaks for and against it.
fn list_candidates(out: &mut Page, candidates: &[Candidate], pen: Pen) {
    if candidates.is_empty() {
        return;
    }
    out.line(pen.ink(Ink::Strong, "Causes that came into question"));
    for c in candidates {
        let (word, missing): (&str, &[String]) = match &c.standing {
            Standing::Established => ("established", &[]),
            Standing::Supported { .. } => ("supported", &[]),
            Standing::Open { missing } => ("open", missing),
            Standing::Excluded { .. } => ("excluded", &[]),
        };
        out.line(format_args!("  {} {} {}", c.code, c.cause.name(), pen.ink(Ink::Faint, word)));
        for (sign, texts) in [("for: ", c.speaks_for.as_slice()), ("against: ", &c.against), ("missing: ", missing)] {
            for text in texts {
                out.prose(text, &format!("      {sign}"), "        ");
            }
        }
        if let Standing::Supported { would_decide } = &c.standing {
            out.prose(would_decide, "      to decide: ", "        ");
        }
    }
    out.gap();
}

/// Every failure that was seen, and what became of it.
fn list_observations(out: &mut Page, observations: &[Observation], pen: Pen) {
    if observations.is_empty() {
        return;
    }
    out.line(pen.ink(Ink::Strong, "What was seen to happen, and what became of it"));
    for o in observations {
        let fate = match &o.fate {
            Fate::Explained { by } => {
                format!("explained by {}", by.iter().map(|c| c.name()).collect::<Vec<_>>().join(", "))
            }
            Fate::Over { by } => format!("over: {by}"),
            Fate::SetAside { by } => format!("set aside: older than {by}"),
            Fate::Foreign { by } => format!("of somebody else: {by}"),
            Fate::Unexplained => "not explained".to_owned(),
            Fate::Succeeded => "it succeeded".to_owned(),
        };
        let at = o.at.map(|at| format!("{}  ", time::stamp(at))).unwrap_or_default();
        let times = if o.count == 1 { "once".to_owned() } else { format!("{} times", o.count) };
        out.line(format_args!("  {at}{} ({times}, {})", o.name(), o.origin));
        out.prose(&o.text, "      ", "      ");
        out.prose(&fate, "      -> ", "         ");
    }
    out.gap();
}

/// One line per finding, for grep and for pasting. What the diagnosis comes to is the first line of each target:
/// the root cause itself where there is one.
pub fn short(d: &Diagnosis) -> Shown {
    let target = target_words(&d.target);
    let mut out = Page::new();
    let named = match d.outcome {
        Outcome::RootCause => d.outcome.word(),
        Outcome::Ok | Outcome::Undetermined | Outcome::Broken => {
            out.line(format_args!("{} ({target}) {}", d.outcome.word(), d.meaning()));
            "possible"
        }
    };
    let groups = [
        (named, d.root_cause.as_slice()),
        ("also", d.also.as_slice()),
        ("possible", d.possible.as_slice()),
        ("warning", d.warnings.as_slice()),
    ];
    for (kind, findings) in groups {
        for f in findings {
            let sure = f.confidence.name();
            out.line(format_args!("{} {kind} {} ({target}) {sure}: {}", f.code(), f.name(), f.sentence));
        }
    }
    for u in &d.undetermined {
        out.line(format_args!("- undetermined ({target}) {u}"));
    }
    out.shown()
}
