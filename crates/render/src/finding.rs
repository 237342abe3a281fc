//! One finding: its sentence, its proof side by side, and its fix as a change and a command.

use std::fmt::Display;

use trustwalk_core::diagnosis::Diagnosis;
use trustwalk_core::finding::{Exhibit, Finding};
use trustwalk_core::plan::Cure;
use trustwalk_foreign::shell;

use crate::measure::{columns, pad};
use crate::page::{Ink, Page, Pen};
use crate::shown::Shown;

/// Widest column of labels: a longer one stands out of it, and does not move the others.
const WIDEST_LABEL: usize = 40;
/// Where the texts of tools begin.
const TOOL_MARGIN: usize = 19;
/// Tools whose text is a command; of the others (Terraform, Helm, the CDK, git) it is a piece of configuration, or
/// words.
const COMMANDS: [&str; 7] = ["aws", "kubectl", "eksctl", "curl", "gh", "openssl", "trustwalk"];
/// The key under which words for a person stand.
pub(crate) const NOTE: &str = "note";

/// Said once below the commands of a report.
pub(crate) const QUOTES: &str =
    "The quotes in commands are those of sh, bash and zsh; PowerShell, cmd and fish have rules of their own.";

/// Whether a tool's text is a command.
pub(crate) fn is_command(tool: &str) -> bool {
    COMMANDS.contains(&tool)
}

/// The text of the tool through which a cure goes: that of the object's owner, else the first command, else the
/// first of whatever there is.
pub(crate) fn command_of(cure: &Cure) -> Option<(&str, &str)> {
    let owner = cure.through.as_ref().and_then(|tool| cure.by_hand.get_key_value(tool));
    let at_hand = COMMANDS.iter().find_map(|tool| cure.by_hand.get_key_value(*tool));
    let any = cure.by_hand.iter().find(|(tool, _)| *tool != NOTE).or_else(|| cure.by_hand.first_key_value());
    owner.or(at_hand).or(any).map(|(tool, text)| (tool.as_str(), text.as_str()))
}

/// Whether a text among those shown is a command with quotes.
pub(crate) fn has_quotes(f: &Finding) -> bool {
    let quoted = |(tool, text): (&String, &String)| is_command(tool) && shell::is_quoted(text);
    f.cures.iter().any(|cure| cure.by_hand.iter().any(quoted))
}

/// Lines of a change: what goes, what comes, what stays.
pub(crate) fn changes(out: &mut Page, lines: &[String], margin: &str, pen: Pen) {
    for line in lines {
        let ink = match line.as_bytes().first() {
            Some(b'+') => Ink::Good,
            Some(b'-') => Ink::Bad,
            _ => Ink::Faint,
        };
        // A blank at the end is what the eye misses, and may be all that changes.
        let seen = line.trim_end_matches(' ');
        let blanks = "\\u{20}".repeat(line.len() - seen.len());
        out.line(format_args!("{margin}{}", pen.ink(ink, [seen, &blanks].concat())));
    }
}

pub(crate) fn show(out: &mut Page, f: &Finding, pen: Pen) {
    let sure = f.confidence.name();
    out.line(format_args!(
        "  {} {} {}",
        pen.ink(Ink::Bad, f.code()),
        pen.ink(Ink::Strong, f.name()),
        pen.ink(Ink::Faint, format_args!("({} link, {sure}):", f.link().name()))
    ));
    out.prose(&f.sentence, "  ", "  ");
    out.gap();
    proof(out, &f.proof, pen);
    if let Some(decide) = &f.decide {
        out.prose(decide, "  To decide: ", "    ");
        out.gap();
    }
    for one in &f.cures {
        cure(out, one, pen);
    }
}

fn proof(out: &mut Page, proof: &[Exhibit], pen: Pen) {
    if proof.is_empty() {
        return;
    }
    let width = proof.iter().map(|e| columns(&e.label)).max().unwrap_or(0).min(WIDEST_LABEL);
    let margin = format!("    {:<width$}  ", "");
    for e in proof {
        let value = if e.value.is_empty() { "(empty)" } else { &e.value };
        labelled(out, &format_args!("    {}  ", pad(&e.label, width)), &margin, value);
        if !e.origin.is_empty() {
            out.line(format_args!("{margin}{}", pen.ink(Ink::Faint, &e.origin)));
        }
    }
    out.gap();
}

/// How a person carries out the first cure of the root cause: with every tool.
pub fn by_hand_words(d: &Diagnosis, pen: Pen) -> Shown {
    let mut out = pen.page();
    if let Some(first) = d.root_cause.iter().flat_map(|f| &f.cures).next() {
        cure(&mut out, first, pen);
    }
    out.shown()
}

/// What a cure changes, the command of the tool that owns the object, then the other tools'.
fn cure(out: &mut Page, cure: &Cure, pen: Pen) {
    out.labelled(pen.ink(Ink::Strong, "  Fix:"), &cure.title, "    ");
    changes(out, &cure.changes, "      ", pen);
    let told = command_of(cure).map(|(tool, _)| tool);
    let first = cure.by_hand.iter().filter(|(tool, _)| told == Some(tool.as_str()));
    let others = cure.by_hand.iter().filter(|(tool, _)| told != Some(tool.as_str()));
    for (tool, text) in first.chain(others) {
        labelled(out, &format_args!("    {:<14} ", pen.ink(Ink::Faint, tool)), &" ".repeat(TOOL_MARGIN), text);
    }
    out.gap();
}

/// A text of several lines beside its label.
fn labelled(out: &mut Page, label: &dyn Display, margin: &str, text: &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    out.line(format_args!("{label}{first}"));
    out.block(rest, margin);
}
