//! A diagnosis for people: the eleven links, the root cause with its proof, the cure, what changed.

use std::fmt::Write as _;

use trustwalk_core::diagnosis::{Diagnosis, LinkReport, LinkState};
use trustwalk_core::evidence::Target;
use trustwalk_core::finding::{Confidence, Exhibit, Finding};

use super::wrap::wrap;
use crate::exit::Exit;
use crate::style::{Ink, Pen, harmless};
use crate::time;

/// The target in words.
pub(crate) fn target_words(target: &Target) -> String {
    match target {
        Target::Workload { resource, namespace, name } => {
            format!("{}/{name} in namespace {namespace}", resource.to_ascii_lowercase())
        }
        Target::ServiceAccount { namespace, name } => format!("serviceaccount/{name} in namespace {namespace}"),
        Target::Role { arn, subject: Some(sub) } => format!("{arn} for {sub}"),
        Target::Role { arn, subject: None } => arn.clone(),
        Target::Issuer { url } => url.clone(),
        Target::Job { name } => format!("CI job {name}"),
        Target::Log { name } => format!("log {name}"),
    }
}

/// The whole report.
pub(crate) fn human(d: &Diagnosis, pen: Pen, verbose: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", pen.ink(Ink::Strong, &format!("trustwalk: {}", target_words(&d.target))));
    let _ = writeln!(out);
    for link in &d.links {
        link_line(&mut out, link, d, pen, verbose);
    }
    let _ = writeln!(out);
    match &d.root_cause {
        Some(finding) => {
            let _ = writeln!(out, "{}", pen.ink(Ink::Strong, "Root cause"));
            show_finding(&mut out, finding, pen);
        }
        None => out.push_str(&without_cause(d, pen)),
    }
    list_findings(&mut out, "Also broken: it would fail next", &d.also, pen);
    list_findings(&mut out, "Warnings", &d.warnings, pen);
    if !d.consequences.is_empty() {
        let _ = writeln!(out, "{}", pen.ink(Ink::Strong, "What follows from it"));
        for c in &d.consequences {
            let _ = writeln!(out, "{}", wrap(&harmless(&c.sentence), "  - ", "    "));
        }
        let _ = writeln!(out);
    }
    if !d.undetermined.is_empty() {
        let _ = writeln!(out, "{}", pen.ink(Ink::Strong, "Could not be determined"));
        for u in &d.undetermined {
            let words = wrap(&harmless(u), "    ", "    ");
            let _ = writeln!(out, "  {}{}", pen.ink(Ink::Odd, "?"), words.get(3..).unwrap_or_default());
        }
        let _ = writeln!(out);
    }
    if !d.timeline.is_empty() && (d.root_cause.is_some() || verbose) {
        let _ = writeln!(out, "{}", pen.ink(Ink::Strong, "What changed, and when"));
        for c in &d.timeline {
            let who = c.who.as_ref().map(|w| format!(" by {w}")).unwrap_or_default();
            let _ = writeln!(out, "  {}  {}{}", time::stamp(c.at), harmless(&c.what), harmless(&who));
        }
        let _ = writeln!(out);
    }
    out
}

fn link_line(out: &mut String, link: &LinkReport, d: &Diagnosis, pen: Pen, verbose: bool) {
    let (mark, colour) = match link.state {
        LinkState::Pass => ("\u{221a}", Ink::Good),
        LinkState::NotApplicable => ("-", Ink::Faint),
        LinkState::Undetermined => ("?", Ink::Odd),
        LinkState::Warning => ("\u{203c}", Ink::Odd),
        LinkState::Violated => ("\u{d7}", Ink::Bad),
        LinkState::Consequence => ("\u{2193}", Ink::Odd),
    };
    // What is told in full below is named here, not told twice.
    let told = d.root_cause.iter().chain(&d.also).find(|f| f.sentence == link.saw);
    let saw = told.map_or_else(|| link.saw.clone(), |f| format!("{} {}, see below", f.code, f.name));
    let _ = writeln!(out, "  {} {:<16}{}", pen.ink(colour, mark), link.link.name(), harmless(&saw));
    // What is missing is listed below, once for all links.
    if verbose {
        for missing in &link.missing {
            let _ = writeln!(out, "      {}", pen.ink(Ink::Faint, &harmless(missing)));
        }
    }
}

fn without_cause(d: &Diagnosis, pen: Pen) -> String {
    let line = match Exit::of(d) {
        Exit::Findings => pen.ink(Ink::Bad, "Something fails, and the evidence at hand does not name the cause."),
        Exit::Undetermined => pen.ink(Ink::Odd, "Nothing wrong was found, and not everything could be looked at."),
        Exit::Sound => pen.ink(Ink::Good, "No fault found: every link holds."),
    };
    format!("{line}\n\n")
}

fn list_findings(out: &mut String, heading: &str, findings: &[Finding], pen: Pen) {
    if findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", pen.ink(Ink::Strong, heading));
    for f in findings {
        show_finding(out, f, pen);
    }
}

fn show_finding(out: &mut String, f: &Finding, pen: Pen) {
    let sure = match f.confidence {
        Confidence::Certain => "proven",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    };
    let _ = writeln!(
        out,
        "  {} {} {}",
        pen.ink(Ink::Bad, &f.code),
        pen.ink(Ink::Strong, &f.name),
        pen.ink(Ink::Faint, &format!("({} link, {sure})", f.link.name()))
    );
    let _ = writeln!(out, "{}\n", wrap(&harmless(&f.sentence), "  ", "  "));
    show_proof(out, &f.proof, pen);
    if let Some(decide) = &f.decide {
        let _ = writeln!(out, "{}\n", wrap(&harmless(decide), "  To decide: ", "    "));
    }
    for cure in &f.cures {
        let _ = writeln!(out, "  {} {}", pen.ink(Ink::Strong, "Cure:"), harmless(&cure.title));
        for (tool, command) in &cure.by_hand {
            let mut lines = command.lines();
            let _ =
                writeln!(out, "    {:<15}{}", pen.ink(Ink::Faint, tool), harmless(lines.next().unwrap_or_default()));
            for line in lines {
                let _ = writeln!(out, "    {:<15}{}", "", harmless(line));
            }
        }
        let _ = writeln!(out);
    }
}

fn show_proof(out: &mut String, proof: &[Exhibit], pen: Pen) {
    if proof.is_empty() {
        return;
    }
    let width = proof.iter().map(|e| e.label.chars().count()).max().unwrap_or(0);
    for e in proof {
        let mut lines = e.value.lines();
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(out, "    {:<width$}  {}", e.label, harmless(first));
        for line in lines {
            let _ = writeln!(out, "    {:<width$}  {}", "", harmless(line));
        }
        let _ = writeln!(out, "    {:<width$}  {}", "", pen.ink(Ink::Faint, &harmless(&e.origin)));
    }
    let _ = writeln!(out);
}

/// One line per finding, for grep and for pasting.
pub(crate) fn short(d: &Diagnosis) -> String {
    let target = target_words(&d.target);
    let mut out = String::new();
    let groups =
        [("root-cause", d.root_cause.as_slice()), ("also", d.also.as_slice()), ("warning", d.warnings.as_slice())];
    for (kind, findings) in groups {
        for f in findings {
            let _ = writeln!(out, "{} {kind} {} ({target}) {}", f.code, f.name, harmless(&f.sentence));
        }
    }
    for u in &d.undetermined {
        let _ = writeln!(out, "- undetermined ({target}) {}", harmless(u));
    }
    if out.is_empty() {
        let _ = writeln!(out, "ok ({target}) no fault found");
    }
    out
}
