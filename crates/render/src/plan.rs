//! A plan for people, before anybody approves it.

use trustwalk_core::plan::{Action, Applicability, Plan};

use crate::page::{Ink, Page, Pen, Shown};

/// The plan, step by step.
pub fn plan(plan: &Plan, pen: Pen) -> Shown {
    let mut out = Page::new();
    out.line(format_args!("{} {}", pen.ink(Ink::Strong, "Plan to cure"), plan.cures));
    if plan.steps.is_empty() {
        out.line("  There is nothing trustwalk can change to cure this.");
    }
    for (i, step) in plan.steps.iter().enumerate() {
        let who = match step.applicability {
            Applicability::NeedsApproval => "",
            Applicability::Manual => " (by hand)",
        };
        out.line(format_args!("  {}. {}{who}", i + 1, pen.ink(Ink::Strong, &step.effect.words)));
        for line in &step.effect.changes {
            let ink = match line.as_bytes().first() {
                Some(b'+') => Ink::Good,
                Some(b'-') => Ink::Bad,
                _ => Ink::Faint,
            };
            out.line(format_args!("       {}", pen.ink(ink, line)));
        }
        if !step.precondition.expected.is_empty() {
            out.line(format_args!("     {} {} unchanged", pen.ink(Ink::Faint, "only while:"), step.precondition.words));
        }
        out.line(format_args!("     {} {}", pen.ink(Ink::Faint, "touches:"), step.effect.blast_radius));
        let undo = match (&step.inverse, &step.action) {
            (Some(_), _) => "trustwalk rollback restores what was there",
            (None, Action::Restart { .. }) => "nothing to undo",
            (None, _) => "trustwalk rollback takes it away again",
        };
        out.line(format_args!("     {} {undo}", pen.ink(Ink::Faint, "undo:")));
    }
    for note in &plan.notes {
        out.line(format_args!("  {} {}", pen.ink(Ink::Odd, "note:"), note));
    }
    out.shown()
}
