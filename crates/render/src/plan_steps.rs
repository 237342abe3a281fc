//! A plan's steps for people, in 80 columns: what is not prose (values, ARNs, commands) is never cut.

use trustwalk_core::plan::{Action, Applicability, PlanDocument, PlannedStep, RiskLevel, UndoWay, Users, Withheld};

use crate::finding::changes;
use crate::page::{Ink, Page, Pen};
use crate::plan::{MARGIN, UNCONDITIONAL};
use crate::shown::Shown;
use crate::target::target_words;

/// Under a step.
const UNDER: &str = "       ";

/// The plan, step by step.
pub fn plan(plan: &PlanDocument, pen: Pen) -> Shown {
    let mut out = pen.page();
    let cures = if plan.cures.is_empty() { "nothing" } else { &plan.cures };
    out.labelled(pen.ink(Ink::Strong, "Plan to fix"), cures, "  ");
    out.labelled(pen.ink(Ink::Faint, "  for:"), &target_words(&plan.target), UNDER);
    if let Some(place) = place(plan) {
        out.labelled(pen.ink(Ink::Faint, "  at:"), &place, UNDER);
    }
    if plan.steps.is_empty() {
        out.line("  There is nothing trustwalk can change here.");
    }
    for (i, one) in plan.steps.iter().enumerate() {
        step(&mut out, i + 1, one, pen);
    }
    for one in &plan.withheld {
        withheld(&mut out, one, pen);
    }
    if let Some(after) = &plan.after {
        out.labelled(pen.ink(Ink::Strong, "  after:"), &after.sentence, UNDER);
    }
    // A note may end in a command, which is pasted whole.
    for note in &plan.notes {
        out.line(format_args!("  {} {note}", pen.ink(Ink::Odd, "note:")));
    }
    out.shown()
}

fn place(plan: &PlanDocument) -> Option<String> {
    let place = &plan.place;
    let cluster = place.cluster.as_ref().or(place.server.as_ref());
    let parts = [("account", place.account.as_ref()), ("region", place.region.as_ref()), ("cluster", cluster)];
    let known: Vec<String> = parts.into_iter().filter_map(|(what, name)| Some(format!("{what} {}", name?))).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

fn step(out: &mut Page, number: usize, step: &PlannedStep, pen: Pen) {
    let who = match step.applicability {
        Applicability::NeedsApproval => "",
        Applicability::Manual => " (by hand)",
    };
    out.labelled(pen.ink(Ink::Strong, &format!("  {number}.")), &[&step.effect.words, who].concat(), "     ");
    changes(out, &step.effect.changes, MARGIN, pen);
    let mut told = |ink: Ink, label: &str, text: &str| {
        out.labelled(pen.ink(ink, &["     ", label].concat()), text, UNDER);
    };
    if !step.precondition.expected.is_empty() {
        let again = match &step.action {
            Action::SetThumbprints { .. } | Action::SetTrustPolicy { .. } => UNCONDITIONAL,
            Action::AddClientId { .. }
            | Action::CreateProvider { .. }
            | Action::Annotate { .. }
            | Action::AttachPolicy { .. }
            | Action::SetWebhook { .. }
            | Action::Associate { .. }
            | Action::Restart { .. }
            | Action::Renew { .. } => "",
        };
        told(Ink::Faint, "only while:", &format!("{} unchanged{again}", step.precondition.words));
    }
    told(Ink::Faint, "touches:", &step.effect.blast_radius);
    if let Some(text) = users(&step.users) {
        told(Ink::Faint, "used by:", &text);
    }
    if let Some(text) = not_known(&step.users) {
        told(Ink::Faint, "not known:", &text);
    }
    let ink = if step.risk.level == RiskLevel::OutageForOthers { Ink::Bad } else { Ink::Faint };
    told(ink, "risk:", &format!("{}: {}", step.risk.level.words(), step.risk.reason));
    let ink = if step.undo.way == UndoWay::Impossible { Ink::Bad } else { Ink::Faint };
    told(ink, "undo:", &step.undo.words);
    let tools: Vec<&str> = step.by_hand.keys().map(String::as_str).collect();
    if !tools.is_empty() {
        told(Ink::Faint, "by hand:", &format!("with {}: -o json has each", tools.join(", ")));
    }
}

/// Who else uses an object.
fn users(users: &Users) -> Option<String> {
    let named = users.lists().into_iter().filter(|(_, list)| !list.names.is_empty());
    let parts: Vec<String> = named.map(|(what, list)| format!("{what} {}", list.names.join(", "))).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Which lists are not whole, each reason once.
fn not_known(users: &Users) -> Option<String> {
    let mut why: Vec<&str> = users.lists().into_iter().filter_map(|(_, list)| list.not_known.as_deref()).collect();
    why.dedup();
    (!why.is_empty()).then(|| why.join("; "))
}

/// A change that is left to whoever keeps the object, and how it is made there.
fn withheld(out: &mut Page, one: &Withheld, pen: Pen) {
    out.labelled(pen.ink(Ink::Odd, "  not done here:"), &one.words, "     ");
    changes(out, &one.changes, MARGIN, pen);
    out.labelled(pen.ink(Ink::Faint, "     kept by:"), &one.owner, UNDER);
    let own = one.through.as_ref().and_then(|tool| one.by_hand.get_key_value(tool));
    for (tool, text) in own.map_or_else(|| one.by_hand.iter().collect::<Vec<_>>(), |way| vec![way]) {
        out.line(format_args!("     {} {text}", pen.ink(Ink::Faint, format_args!("{tool}:"))));
    }
}
