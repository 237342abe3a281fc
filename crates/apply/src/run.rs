//! Running, resuming and undoing, one journalled step at a time.

use std::path::PathBuf;

use trustwalk_collect::World;
use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{Action, Applicability, Plan, ReceiptStep, StepState};

use crate::act;
use crate::error::ApplyError;
use crate::journal::Journal;
use crate::place::Place;
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
    let place = Place::here(world).await;
    let lock = place.lock()?;
    // Every precondition is looked at before the first write, so that a stale plan changes nothing at all.
    for step in plan.steps.iter().filter(|s| s.applicability == Applicability::NeedsApproval) {
        let found = act::current(world, &step.action).await?;
        check(&step.action, &step.precondition.words, &step.precondition.expected, &found)?;
    }
    let mut journal = Journal::begin(path, plan, target, world.options.now, place, lock)?;
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
pub async fn resume(world: &World, journal: Journal, progress: &mut impl Progress) -> Result<Journal, ApplyError> {
    let mut journal = journal.take(&Place::here(world).await)?;
    if journal.receipt().steps.iter().any(|s| s.state == StepState::Undone) {
        return Err(ApplyError::RolledBack { path: journal.path().to_owned() });
    }
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
        if !of_sort(&step.action) || step.applicability != Applicability::NeedsApproval {
            continue;
        }
        let words = act::words(&step.action);
        if !matches!(entry.state, StepState::Pending | StepState::Started) {
            // Asked for by a run that ended before the pods were ready.
            if entry.state == StepState::Done && journal.receipt().ended.is_none() {
                roll_out(world, &step.action, progress).await?;
            }
            continue;
        }
        progress.began(&words);
        // Read again right before the write: minutes may lie between plan and approval.
        let found = act::current(world, &step.action).await?;
        let done = act::wanted(&step.action, &step.precondition.expected).is_some_and(|w| act::same(&w, &found));
        if done {
            // What an interrupted run had sent is that run's doing, and a rollback's to undo.
            let ours = entry.state == StepState::Started;
            let state = if ours { StepState::Done } else { StepState::AlreadyDone };
            journal.mark(index, state, world.options.now)?;
            progress.ended(&words, Some(if ours { "had arrived" } else { "was so already" }));
            continue;
        }
        check(&step.action, &step.precondition.words, &step.precondition.expected, &found)?;
        journal.mark(index, StepState::Started, world.options.now)?;
        act::perform(world, &step.action, world.options.now).await?;
        journal.mark(index, StepState::Done, world.options.now)?;
        progress.ended(&words, None);
        roll_out(world, &step.action, progress).await?;
    }
    Ok(())
}

async fn roll_out(world: &World, action: &Action, progress: &mut impl Progress) -> Result<(), ApplyError> {
    if let Action::Restart { resource, namespace, name } = action {
        rollout::wait(world, resource, namespace, name, progress).await?;
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

/// Undoes what a receipt says was done, last step first. When somebody changed one of the things since,
/// nothing is undone at all.
pub async fn rollback(world: &World, journal: Journal, progress: &mut impl Progress) -> Result<Journal, ApplyError> {
    let mut journal = journal.take(&Place::here(world).await)?;
    for entry in &journal.receipt().steps {
        still_ours(world, entry).await?;
    }
    for index in (0..journal.receipt().steps.len()).rev() {
        let Some(entry) = journal.receipt().steps.get(index).cloned() else { continue };
        if !matches!(entry.state, StepState::Done | StepState::Started) {
            continue;
        }
        let step = &entry.step;
        let words = format!("undo: {}", act::words(&step.action));
        if still_ours(world, &entry).await? == Standing::Changed {
            progress.began(&words);
            act::undo(world, &step.action, step.inverse.as_ref(), world.options.now).await?;
            let note = matches!(step.action, Action::Restart { .. }).then_some("a restart needs no undoing");
            progress.ended(&words, note);
        }
        journal.mark(index, StepState::Undone, world.options.now)?;
    }
    Ok(journal)
}

/// What a step left of the thing it is about.
#[derive(PartialEq, Eq)]
enum Standing {
    /// As before the step: it never arrived, or is undone already.
    Before,
    /// As the step made it.
    Changed,
}

/// Where a step's thing stands; an error when it is neither as before the step nor as after it.
async fn still_ours(world: &World, entry: &ReceiptStep) -> Result<Standing, ApplyError> {
    let step = &entry.step;
    if !matches!(entry.state, StepState::Done | StepState::Started) {
        return Ok(Standing::Before);
    }
    let Some(left) = act::wanted(&step.action, &step.precondition.expected) else { return Ok(Standing::Changed) };
    let found = act::current(world, &step.action).await?;
    if act::same(&found, &step.precondition.expected) {
        Ok(Standing::Before)
    } else if act::same(&left, &found) {
        Ok(Standing::Changed)
    } else {
        Err(ApplyError::Overtaken { what: step.precondition.words.clone(), left, found })
    }
}
