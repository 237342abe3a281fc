//! A plan for people, before anybody approves it.

use trustwalk_core::plan::{Action, Applicability, Outlook, Plan, Undoing};

use crate::finding::changes;
use crate::page::{Ink, Page, Pen, Shown};

/// Said of what IAM replaces whole: there is no "only if it is still so" in its calls.
const UNCONDITIONAL: &str = "; IAM has no conditional write, so it is read right before and right after";

/// Where the lines of a change begin.
const MARGIN: &str = "       ";

/// What a receipt would have written, from what is there now.
pub fn outlook(title: &str, steps: &[Outlook], pen: Pen) -> Shown {
    let mut out = Page::new();
    out.line(pen.ink(Ink::Strong, title));
    if steps.is_empty() {
        out.line("  There is nothing left to write.");
    }
    for (i, step) in steps.iter().enumerate() {
        out.line(format_args!("  {}. {}", i + 1, pen.ink(Ink::Strong, &step.words)));
        changes(&mut out, &step.changes, MARGIN, pen);
        if let Some(watched) = &step.only_while {
            out.line(format_args!("     {} {watched} is as shown", pen.ink(Ink::Faint, "only while:")));
        }
        out.line(format_args!("     {} {}", pen.ink(Ink::Faint, "touches:"), step.touches));
        if let Some(why) = &step.impossible {
            out.line(format_args!("     {} {why}", pen.ink(Ink::Bad, "but:")));
        }
    }
    out.shown()
}

/// The plan, step by step.
pub fn plan(plan: &Plan, pen: Pen) -> Shown {
    let mut out = Page::new();
    out.line(format_args!("{} {}", pen.ink(Ink::Strong, "Plan to fix"), plan.cures));
    if plan.steps.is_empty() {
        out.line("  There is nothing trustwalk can change here.");
    }
    for (i, step) in plan.steps.iter().enumerate() {
        let who = match step.applicability {
            Applicability::NeedsApproval => "",
            Applicability::Manual => " (by hand)",
        };
        out.line(format_args!("  {}. {}{who}", i + 1, pen.ink(Ink::Strong, &step.effect.words)));
        changes(&mut out, &step.effect.changes, MARGIN, pen);
        if !step.precondition.expected.is_empty() {
            let again = match &step.action {
                Action::SetThumbprints { .. } | Action::SetTrustPolicy { .. } => UNCONDITIONAL,
                Action::AddClientId { .. }
                | Action::CreateProvider { .. }
                | Action::Annotate { .. }
                | Action::AttachPolicy { .. }
                | Action::SetWebhook { .. }
                | Action::Associate { .. }
                | Action::Restart { .. } => "",
            };
            let watched = &step.precondition.words;
            out.line(format_args!("     {} {watched} unchanged{again}", pen.ink(Ink::Faint, "only while:")));
        }
        out.line(format_args!("     {} {}", pen.ink(Ink::Faint, "touches:"), step.effect.blast_radius));
        let undo = match step.undoing() {
            Undoing::Restore(_) => "trustwalk rollback restores what was there".to_owned(),
            Undoing::Nothing => "nothing to undo".to_owned(),
            Undoing::TakeAway => "trustwalk rollback takes it away again".to_owned(),
            Undoing::Impossible(why) => format!("cannot be relied on: {why}"),
        };
        out.line(format_args!("     {} {undo}", pen.ink(Ink::Faint, "undo:")));
    }
    for note in &plan.notes {
        out.line(format_args!("  {} {}", pen.ink(Ink::Odd, "note:"), note));
    }
    out.shown()
}
