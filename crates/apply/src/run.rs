//! Running, resuming and undoing, one journalled step at a time.

use std::path::PathBuf;

use trustwalk_collect::World;
use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{Action, Applicability, Plan, StepState};

use crate::act;
use crate::error::ApplyError;
use crate::journal::Journal;
use crate::rollout::{self, RolloutView};

/// What the caller is told as things happen.
pub trait Progress {
    /// A step begins.
    fn began(&mut self, words: &str);
    /// A step ended; `note` says how, when there is more to say than that it worked.
    fn ended(&mut self, words: &str, note: Option<&str>);
    /// Pods of a roll-out, whenever they change.
    fn rollout(&mut self, view: &RolloutView);
}

/// Carries out the changes of a plan that may be made; pods are recreated by [`restart`], once the caller has
/// seen that the changes work. The journal exists before the first change.
pub async fn run(
    world: &World,
    plan: &Plan,
    target: Target,
    path: PathBuf,
    progress: &mut impl Progress,
) -> Result<Journal, ApplyError> {
    let mut journal = Journal::begin(path, plan, target, world.options.now)?;
    // Every precondition is looked at before the first write, so that a stale plan changes nothing at all.
    for step in plan.steps.iter().filter(|s| s.applicability == Applicability::NeedsApproval) {
        let found = act::current(world, &step.action).await?;
        check(&step.action, &step.precondition.words, &step.precondition.expected, &found)?;
    }
    advance(world, &mut journal, is_change, progress).await?;
    Ok(journal)
}

/// Recreates the pods as the plan says and waits until all of them are ready.
pub async fn restart(world: &World, journal: &mut Journal, progress: &mut impl Progress) -> Result<(), ApplyError> {
    advance(world, journal, |action| !is_change(action), progress).await
}

fn is_change(action: &Action) -> bool {
    !matches!(action, Action::Restart { .. })
}

/// Goes on with the changes that an interrupted run left; [`restart`] follows as after [`run`].
pub async fn resume(world: &World, mut journal: Journal, progress: &mut impl Progress) -> Result<Journal, ApplyError> {
    advance(world, &mut journal, is_change, progress).await?;
    Ok(journal)
}

/// Takes every step of one sort that is not yet done, in order.
async fn advance(
    world: &World,
    journal: &mut Journal,
    of_sort: fn(&Action) -> bool,
    progress: &mut impl Progress,
) -> Result<(), ApplyError> {
    for index in 0..journal.receipt().steps.len() {
        let Some(entry) = journal.receipt().steps.get(index).cloned() else { break };
        let step = entry.step;
        if !of_sort(&step.action)
            || step.applicability != Applicability::NeedsApproval
            || !matches!(entry.state, StepState::Pending | StepState::Started)
        {
            continue;
        }
        let words = act::words(&step.action);
        progress.began(&words);
        // Read again right before the write: minutes may lie between plan and approval.
        let found = act::current(world, &step.action).await?;
        let done = act::wanted(&step.action, &step.precondition.expected).is_some_and(|w| act::same(&w, &found));
        if done {
            journal.mark(index, StepState::AlreadyDone, world.options.now)?;
            progress.ended(&words, Some("was so already"));
            continue;
        }
        check(&step.action, &step.precondition.words, &step.precondition.expected, &found)?;
        journal.mark(index, StepState::Started, world.options.now)?;
        act::perform(world, &step.action, world.options.now).await?;
        journal.mark(index, StepState::Done, world.options.now)?;
        progress.ended(&words, None);
        if let Action::Restart { resource, namespace, name } = &step.action {
            rollout::wait(world, resource, namespace, name, progress).await?;
        }
    }
    Ok(())
}

fn check(action: &Action, what: &str, expected: &str, found: &str) -> Result<(), ApplyError> {
    let done = act::wanted(action, expected).is_some_and(|w| act::same(&w, found));
    if done || matches!(action, Action::Restart { .. }) || act::same(expected, found) {
        return Ok(());
    }
    Err(ApplyError::Stale { what: what.to_owned(), expected: expected.to_owned(), found: found.to_owned() })
}

/// Undoes what a receipt says was done, last step first. What somebody changed since is left alone.
pub async fn rollback(
    world: &World,
    mut journal: Journal,
    progress: &mut impl Progress,
) -> Result<Journal, ApplyError> {
    for index in (0..journal.receipt().steps.len()).rev() {
        let Some(entry) = journal.receipt().steps.get(index).cloned() else { continue };
        let step = entry.step;
        let words = format!("undo: {}", act::words(&step.action));
        match entry.state {
            StepState::Done => {}
            // It may or may not have arrived: the state tells.
            StepState::Started => {
                let found = act::current(world, &step.action).await?;
                if act::same(&found, &step.precondition.expected) {
                    journal.mark(index, StepState::Undone, world.options.now)?;
                    continue;
                }
            }
            StepState::Pending | StepState::AlreadyDone | StepState::Undone => continue,
        }
        progress.began(&words);
        if let Some(wanted) = act::wanted(&step.action, &step.precondition.expected) {
            let found = act::current(world, &step.action).await?;
            if !act::same(&wanted, &found) && !act::same(&found, &step.precondition.expected) {
                return Err(ApplyError::Stale { what: step.precondition.words.clone(), expected: wanted, found });
            }
        }
        act::undo(world, &step.action, step.inverse.as_ref(), world.options.now).await?;
        journal.mark(index, StepState::Undone, world.options.now)?;
        progress.ended(&words, matches!(step.action, Action::Restart { .. }).then_some("a restart needs no undoing"));
    }
    Ok(journal)
}
