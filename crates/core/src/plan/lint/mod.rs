//! Refuses plans that do harm: every plan is looked at as it is built, and again before it is carried out.
//!
//! A rule looks at the evidence right before a step, and at what the step makes of it. What is not known counts as
//! harm. The rules are described in `docs/reference/plan-rules.md`.

mod provider;
mod quota;
mod restart;
mod rule;
mod widened;

pub use rule::{Refusal, Rule};
pub(crate) use widened::shuts_out;
pub use widened::widens;

use std::ops::Deref;

use super::action::Action;
use super::applied::applied;
use super::entry::{Entry, named_by};
use super::model::Plan;
use super::owner::Owner;
use crate::evidence::Evidence;

/// Whether what another tool keeps may be changed past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Drift {
    /// It is left to that tool.
    #[default]
    Avoided,
    /// It is changed, and the tool finds it changed at its next run.
    Forced,
}

/// What the user gave leave for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leave {
    /// Whether the workload may be let into a role.
    pub entry: Entry,
    /// Whether other tools' objects may be changed.
    pub drift: Drift,
}

/// A plan that no rule refuses. Nothing but [`lint`] makes one, and nothing else is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linted(Plan);

impl Linted {
    /// What is left of a plan that is refused: no step, and why.
    pub(super) fn nothing_of(plan: Plan, refused: &[Refusal]) -> Self {
        let mut notes = plan.notes;
        notes.extend(refused.iter().map(|r| format!("nothing of the plan is carried out: {r}")));
        Self(Plan { steps: Vec::new(), notes, ..plan })
    }
}

impl Deref for Linted {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.0
    }
}

/// Looks at a whole plan on the evidence that it is for.
pub fn lint(e: &Evidence, plan: Plan, leave: Leave) -> Result<Linted, Vec<Refusal>> {
    let mut refused = Vec::new();
    let mut before = e.clone();
    for (index, step) in plan.steps.iter().enumerate() {
        refused.extend(of_step(&before, &step.action, leave).map(|r| r.at(index)));
        before = applied(&before, &step.action);
    }
    refused.extend(restart::needless(e, &plan));
    if refused.is_empty() { Ok(Linted(plan)) } else { Err(refused) }
}

/// What the first rule that refuses a step says of it. Who keeps the object is looked at last: what must not be
/// done at all is not to be done through another tool either.
pub(crate) fn of_step(before: &Evidence, action: &Action, leave: Leave) -> Option<Refusal> {
    let rules: [&dyn Fn() -> Option<Refusal>; 5] = [
        &|| entry(before, action, leave.entry),
        &|| widening(before, action),
        &|| provider::refused(before, action),
        &|| quota::exceeded(before, action),
        &|| owned(before, action, leave.drift),
    ];
    rules.iter().find_map(|rule| rule())
}

fn entry(e: &Evidence, action: &Action, entry: Entry) -> Option<Refusal> {
    let (Action::SetTrustPolicy { role, .. } | Action::Associate { role_arn: role, .. }) = action else { return None };
    (entry == Entry::Unasked).then(|| {
        Refusal::new(
            Rule::EntryUnasked,
            format!(
                "nobody is let into the role {role} unasked; if this workload is to have it, name it or its \
                 namespace: {}",
                named_by(e)
            ),
        )
    })
}

fn widening(e: &Evidence, action: &Action) -> Option<Refusal> {
    let Action::SetTrustPolicy { role, document } = action else { return None };
    let who = widens(e, role, document)?;
    let words = format!("a change of the trust policy was refused, as it would also admit {who}");
    Some(Refusal::new(Rule::WidensTrust, words))
}

fn owned(e: &Evidence, action: &Action, drift: Drift) -> Option<Refusal> {
    let owner = Owner::of(e, action).filter(|_| drift == Drift::Avoided)?;
    Some(Refusal::new(Rule::OwnedElsewhere, format!("{} keeps it: the change is made there", owner.words())))
}
