//! A plan for people, before anybody approves it.

use std::fmt::Write as _;

use trustwalk_core::plan::{Action, Applicability, Plan};

use crate::style::{Ink, Pen, harmless};

/// The plan, step by step.
pub(crate) fn plan(plan: &Plan, pen: Pen) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {}", pen.ink(Ink::Strong, "Plan to cure"), harmless(&plan.cures));
    if plan.steps.is_empty() {
        let _ = writeln!(out, "  There is nothing trustwalk can change to cure this.");
    }
    for (i, step) in plan.steps.iter().enumerate() {
        let who = match step.applicability {
            Applicability::NeedsApproval => "",
            Applicability::Manual => " (by hand)",
        };
        let _ = writeln!(out, "  {}. {}{who}", i + 1, pen.ink(Ink::Strong, &harmless(&step.effect.words)));
        for line in &step.effect.changes {
            let ink = match line.as_bytes().first() {
                Some(b'+') => Ink::Good,
                Some(b'-') => Ink::Bad,
                _ => Ink::Faint,
            };
            let _ = writeln!(out, "       {}", pen.ink(ink, &harmless(line)));
        }
        if !step.precondition.expected.is_empty() {
            let _ = writeln!(
                out,
                "     {} {} unchanged",
                pen.ink(Ink::Faint, "only while:"),
                harmless(&step.precondition.words)
            );
        }
        let _ = writeln!(out, "     {} {}", pen.ink(Ink::Faint, "touches:"), harmless(&step.effect.blast_radius));
        let undo = match (&step.inverse, &step.action) {
            (Some(_), _) => "trustwalk rollback restores what was there",
            (None, Action::Restart { .. }) => "nothing to undo",
            (None, _) => "trustwalk rollback takes it away again",
        };
        let _ = writeln!(out, "     {} {undo}", pen.ink(Ink::Faint, "undo:"));
    }
    for note in &plan.notes {
        let _ = writeln!(out, "  {} {}", pen.ink(Ink::Odd, "note:"), harmless(note));
    }
    out
}
