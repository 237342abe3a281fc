//! Cures tried on the evidence: one after the other, until it is sound, or what is left is open or for a person.

use super::engine::walk;
use super::model::Diagnosis;
use crate::cause::Cause;
use crate::evidence::Evidence;
use crate::finding::{Confidence, Finding};
use crate::plan::{Action, Cure, Refusal, Which, applied, may_restart, renewal_of, widens};

/// More changes than this no plan has: there are fewer links that can fail at once.
const MOST: usize = 12;

/// One change of a course, and the evidence right before it.
pub(crate) struct Taken {
    /// The cause that it is taken for.
    pub(crate) cause: Cause,
    pub(crate) action: Action,
    pub(crate) before: Evidence,
}

/// All changes that are taken for one diagnosis.
pub(crate) struct Course {
    pub(crate) taken: Vec<Taken>,
    /// The cures that are not taken.
    pub(crate) refused: Vec<Refused>,
    /// What is diagnosed once all of them are made.
    pub(crate) end: Diagnosis,
}

/// A cure that is not taken.
pub(crate) struct Refused {
    /// The cause that it is for.
    pub(crate) cause: Cause,
    /// Its changes, each with the evidence right before it.
    pub(crate) changes: Vec<(Action, Evidence)>,
    pub(crate) why: Refusal,
}

/// Why a change of the evidence is not made; `None` when it is.
pub(crate) type May<'a> = &'a dyn Fn(&Evidence, &Action) -> Option<Refusal>;

/// Takes what cures the root cause and what fails besides it, and after each looks again.
pub(crate) fn course(e: &Evidence, d: &Diagnosis, may: May<'_>) -> Course {
    let mut out = Course { taken: Vec::new(), refused: Vec::new(), end: d.clone() };
    let mut evidence = e.clone();
    let mut tried: Vec<(Cause, Vec<Action>)> = Vec::new();
    while out.taken.len() < MOST {
        let Some((cause, actions)) = next(&out.end, &tried) else { break };
        tried.push((cause, actions.clone()));
        let (mut after, mut steps) = (evidence.clone(), Vec::new());
        for action in actions {
            let before = after.clone();
            after = applied(&after, &action);
            steps.push(Taken { cause, action, before });
        }
        if let Some(why) = steps.iter().find_map(|s| may(&s.before, &s.action)) {
            let changes = steps.into_iter().map(|s| (s.action, s.before)).collect();
            out.refused.push(Refused { cause, changes, why });
            continue;
        }
        out.end = walk(&after, None);
        evidence = after;
        out.taken.extend(steps);
    }
    again(&mut out, evidence);
    out
}

/// Pods that fail take up what was changed when they are made anew, where nothing said that they have to be.
fn again(out: &mut Course, evidence: Evidence) {
    let restarts = out.taken.iter().any(|t| t.action.renews_pods());
    let Some(cause) = out.taken.first().map(|t| t.cause).filter(|_| !restarts && evidence.pods_down() > 0) else {
        return;
    };
    if let Some(action) = renewal_of(&evidence, Which::Needy) {
        out.end = walk(&applied(&evidence, &action), None);
        out.taken.push(Taken { cause, action, before: evidence });
    }
}

/// What is changed next: the first that is proven and was not tried, new pods last. A guess about the first fault is no
/// ground to change anything for the second.
fn next(d: &Diagnosis, tried: &[(Cause, Vec<Action>)]) -> Option<(Cause, Vec<Action>)> {
    let acting = |f: &Finding| {
        let actions = f.cures.iter().map(|c| &c.actions).find(|a| !a.is_empty())?;
        Some((f.cause, actions.clone())).filter(|one| !tried.contains(one))
    };
    let restarts = |actions: &[Action]| actions.iter().all(Action::renews_pods);
    let root = d.root_cause.as_ref()?;
    let proven = root.confidence == Confidence::Proven;
    let changes = named(d).filter(|f| proven && f.confidence == Confidence::Proven).filter_map(acting);
    let first = changes.into_iter().find(|(_, actions)| !restarts(actions));
    first.or_else(|| named(d).filter(|f| may_restart(f.cause)).filter_map(acting).find(|(_, a)| restarts(a)))
}

/// The root cause and what fails besides it.
pub(crate) fn named(d: &Diagnosis) -> impl Iterator<Item = &Finding> {
    d.root_cause.iter().chain(&d.also)
}

/// Everything that a diagnosis names, however surely.
fn all_named(d: &Diagnosis) -> impl Iterator<Item = &Finding> {
    named(d).chain(&d.possible).chain(&d.warnings)
}

/// Why a cure is not offered, although somebody drafted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Useless {
    /// The finding would stand as it does.
    Stays,
    /// This would fail in its place.
    Adds(Cause),
    /// It lets in somebody else, in words.
    Admits(String),
}

/// Tries a cure on the evidence: whether it cures what it is offered for, breaks nothing and lets in nobody else.
pub(crate) fn tried(e: &Evidence, d: &Diagnosis, finding: &Finding, cure: &Cure) -> Result<(), Useless> {
    for action in &cure.actions {
        if let Action::SetTrustPolicy { role, document } = action
            && let Some(who) = widens(e, role, document)
        {
            return Err(Useless::Admits(who));
        }
    }
    let mut after = cure.actions.iter().fold(e.clone(), |e, action| applied(&e, action));
    let mut told = walk(&after, None);
    // New pods that the change needs belong to it.
    let renewal = named(&told).filter(|f| may_restart(f.cause)).flat_map(|f| &f.cures).flat_map(|c| &c.actions).next();
    if let Some(restart) = renewal.cloned() {
        after = applied(&after, &restart);
        told = walk(&after, None);
    }
    if all_named(&told).any(|f| f.cause == finding.cause) {
        return Err(Useless::Stays);
    }
    let before: Vec<Cause> = all_named(d).map(|f| f.cause).collect();
    let new = |f: &&Finding| f.confidence > Confidence::Possible && !before.contains(&f.cause) && !may_restart(f.cause);
    match named(&told).find(new) {
        Some(f) => Err(Useless::Adds(f.cause)),
        None => Ok(()),
    }
}
