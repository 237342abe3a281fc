//! Running, resuming and undoing, one journalled step at a time.

use std::path::PathBuf;
use std::time::Duration;

use trustwalk_collect::World;
use trustwalk_core::evidence::Target;
use trustwalk_core::plan::{
    Action, Applicability, Errand, Linted, Made, ReceiptStep, Step, StepState, Undoing, check_steps,
};

use crate::act;
use crate::error::ApplyError;
use crate::home::Home;
use crate::journal::{Beginning, Journal};
use crate::place;
use crate::preflight;
use crate::progress::Progress;
use crate::rollout::{self, Before};
use crate::standing::{Standing, is_to_undo, standing};
use crate::state::{Failure, same};
use crate::verify::PATIENCE;

/// Carries out the changes of a plan that may be made, which no rule of the linter refused; pods are recreated by
/// [`restart`], once the caller has seen that the changes work. The journal exists before the first change.
pub async fn run(
    world: &World,
    plan: &Linted,
    target: Target,
    path: PathBuf,
    home: &Home,
    progress: &mut impl Progress,
) -> Result<Journal, ApplyError> {
    check_steps(&plan.steps, &target).map_err(ApplyError::Unfit)?;
    let here = place::here(world).await;
    let by = place::hand(world).await;
    let locks = place::lock(&here, home)?;
    let steps: Vec<&Step> = plan.steps.iter().filter(|s| s.applicability == Applicability::NeedsApproval).collect();
    // Every precondition is looked at before the first write, so that a stale plan changes nothing at all.
    for step in &steps {
        let found = act::current(world, &step.action).await?;
        check(&step.action, &step.precondition.words, &step.precondition.expected, &found)?;
    }
    place::must_be(&here, &here, &steps)?;
    let foreseen = preflight::rights(world, &steps, &by).await?;
    let home = home.clone();
    let mut journal = Journal::begin(plan, Beginning { path, target, place: here, by, home, locks })?;
    progress.journal(journal.path());
    progress.unknown_rights(&foreseen.unknown);
    for words in &foreseen.waits {
        progress.waits(words);
    }
    Box::pin(advance(world, &mut journal, is_change, None, progress)).await?;
    Ok(journal)
}

/// Recreates the pods as the plan says and waits until the roll-out is over, or as long as `bound` says.
pub async fn restart(
    world: &World,
    journal: &mut Journal,
    bound: Option<Duration>,
    progress: &mut impl Progress,
) -> Result<(), ApplyError> {
    still_there(world, journal).await?;
    Box::pin(advance(world, journal, Action::renews_pods, bound, progress)).await
}

fn is_change(action: &Action) -> bool {
    !action.renews_pods()
}

/// Goes on with the changes that an interrupted run left; [`restart`] follows as after [`run`].
pub async fn resume(world: &World, journal: Journal, progress: &mut impl Progress) -> Result<Journal, ApplyError> {
    refuse_rolled_back(&journal)?;
    let by = place::hand(world).await;
    let mut journal = journal.take(&place::here(world).await, Errand::Resume, by)?;
    refuse_rolled_back(&journal)?;
    progress.journal(journal.path());
    Box::pin(advance(world, &mut journal, is_change, None, progress)).await?;
    Ok(journal)
}

/// Refuses to go on where somebody began to go back. A rollback of which nothing was done is none.
pub(crate) fn refuse_rolled_back(journal: &Journal) -> Result<(), ApplyError> {
    let steps = &journal.receipt().steps;
    let begun = |s: &&ReceiptStep| matches!(s.state, StepState::Undone | StepState::Undoing | StepState::Gone);
    if steps.iter().filter(begun).count() == 0 {
        return Ok(());
    }
    let path = journal.path().to_owned();
    let undone = steps.iter().filter(|s| s.state == StepState::Undone).count();
    let left = steps.iter().filter(|s| is_to_undo(s)).count();
    if left == 0 {
        return Err(ApplyError::RolledBack { path });
    }
    Err(ApplyError::HalfRolledBack { path, undone, steps: undone + left })
}

/// Looks once more at everything that was written, before pods are made that rest on it. Where two write to the same
/// thing of IAM's in the same instant, the second takes away what the first wrote and cannot know it; the first finds
/// it out here.
async fn still_there(world: &World, journal: &Journal) -> Result<(), ApplyError> {
    for entry in journal.receipt().steps.iter().filter(|e| e.state == StepState::Done) {
        let (step, expected) = (&entry.step, &entry.step.precondition.expected);
        let Some(left) = act::wanted(&step.action, expected) else { continue };
        let found = act::current(world, &step.action).await?;
        // A value of before may be an answer that lags behind.
        if !act::holds(&step.action, &left, &found) && !same(expected, &found) {
            return Err(ApplyError::Contended { what: step.precondition.words.clone(), left, found });
        }
    }
    Ok(())
}

/// What became of something that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It is as it was before the step.
    PutBack,
    /// It is neither as before the step nor as after it.
    Changed,
    /// It is not there.
    Gone,
}

/// What was done and does not stand any more: what is changed, and what became of it. What was written so lately that
/// answers may lag behind it is taken to stand.
pub async fn drifted(world: &World, journal: &Journal) -> Vec<(String, Since)> {
    let patience = i64::try_from(PATIENCE.as_secs()).unwrap_or(i64::MAX);
    let mut all = Vec::new();
    for entry in &journal.receipt().steps {
        let settled = journal.now().saturating_sub(entry.at) >= patience;
        if !settled || !matches!(entry.state, StepState::Done | StepState::AlreadyDone) {
            continue;
        }
        let (step, expected) = (&entry.step, &entry.step.precondition.expected);
        let Some(left) = act::wanted(&step.action, expected) else { continue };
        let since = match act::current(world, &step.action).await {
            Ok(found) if act::holds(&step.action, &left, &found) => continue,
            Ok(found) if same(expected, &found) => Since::PutBack,
            Ok(_) => Since::Changed,
            Err(ApplyError::Gone { .. }) => Since::Gone,
            // Nobody knows.
            Err(_) => continue,
        };
        all.push((step.effect.words.clone(), since));
    }
    all
}

/// Takes every step of one sort that is not yet done, in order.
async fn advance(
    world: &World,
    journal: &mut Journal,
    of_sort: fn(&Action) -> bool,
    bound: Option<Duration>,
    progress: &mut impl Progress,
) -> Result<(), ApplyError> {
    for index in 0..journal.receipt().steps.len() {
        let Some(entry) = journal.receipt().steps.get(index).cloned() else { break };
        let step = entry.step.clone();
        if !of_sort(&step.action) || step.applicability != Applicability::NeedsApproval {
            continue;
        }
        let words = act::words(&step.action);
        if !matches!(entry.state, StepState::Pending | StepState::Started) {
            // Asked for by a run that ended before the pods were ready, or by somebody else.
            let asked = matches!(entry.state, StepState::Done | StepState::AlreadyDone);
            if asked && journal.receipt().ended.is_none() {
                roll_out(world, &step.action, bound, progress).await?;
            }
            continue;
        }
        progress.began(&words);
        if step.action.renews_pods() {
            new_pods(world, journal, (index, &entry), bound, progress).await?;
            continue;
        }
        // Read again right before the write: minutes may lie between plan and approval.
        let expected = &step.precondition.expected;
        let found = act::current(world, &step.action).await?;
        let done = act::wanted(&step.action, expected).is_some_and(|w| act::holds(&step.action, &w, &found));
        if done {
            // What an interrupted run had sent is that run's doing, and a rollback's to undo.
            let ours = entry.state == StepState::Started;
            let state = if ours { StepState::Done } else { StepState::AlreadyDone };
            journal.mark(index, state, None)?;
            progress.ended(&words, Some(if ours { "had arrived" } else { "was so already" }));
            continue;
        }
        check(&step.action, &step.precondition.words, expected, &found)?;
        journal.mark(index, StepState::Started, None)?;
        let note = take(world, journal, index, &step, &words).await?;
        journal.mark(index, StepState::Done, note.clone())?;
        progress.ended(&words, note.as_deref());
    }
    Ok(())
}

/// Pods are made anew where that is needed, and waited for. Evictions are begun, and done when all new pods are ready.
async fn new_pods(
    world: &World,
    journal: &mut Journal,
    (index, entry): (usize, &ReceiptStep),
    bound: Option<Duration>,
    progress: &mut impl Progress,
) -> Result<(), ApplyError> {
    let (action, words) = (&entry.step.action, act::words(&entry.step.action));
    let kube = act::cluster(world)?;
    let (state, note) = match rollout::before(kube, journal.receipt(), entry).await? {
        Before::Newer(why) => (StepState::AlreadyDone, Some(why)),
        Before::Arrived => (StepState::Done, Some("had arrived".to_owned())),
        Before::Needed => {
            journal.mark(index, StepState::Started, None)?;
            rollout::renew(kube, action, bound, progress).await?;
            (StepState::Done, take(world, journal, index, &entry.step, &words).await?)
        }
    };
    journal.mark(index, state, note.clone())?;
    progress.ended(&words, note.as_deref());
    roll_out(world, action, bound, progress).await
}

/// One write. A refusal is written down as one, and the step is as if it had never been begun; a lost answer
/// is looked for in what is there, and where it is not there, leaves the step as begun. Says what else was seen.
async fn take(
    world: &World,
    journal: &mut Journal,
    index: usize,
    step: &Step,
    words: &str,
) -> Result<Option<String>, ApplyError> {
    let expected = &step.precondition.expected;
    // A restart that was sent before is sent again alike, which makes no second one.
    let began = journal.receipt().steps.get(index).and_then(|s| s.began).unwrap_or_else(|| journal.now());
    let mut note = None;
    match act::perform(world, &step.action, expected, began).await {
        Ok(None) => {}
        Ok(Some(arn)) => made(world, journal, index, arn).await?,
        Err(Failure::Refused(reason)) => {
            journal.mark(index, StepState::Pending, Some(format!("refused: {reason}")))?;
            return Err(ApplyError::Refused { step: words.to_owned(), reason });
        }
        Err(Failure::Lost(reason)) => {
            if !has_arrived(world, journal, index, began).await? {
                journal.mark(index, StepState::Started, Some(format!("no answer: {reason}")))?;
                return Err(ApplyError::Lost { step: words.to_owned(), reason });
            }
            note = Some("its answer was lost, and it had arrived".to_owned());
        }
    }
    let Some(after) = act::wanted(&step.action, expected) else { return Ok(note) };
    Ok(act::settled(world, &step.action, expected, &after).await.or(note))
}

/// What was made is recorded before it is read, and read so that it is known again.
async fn made(world: &World, journal: &mut Journal, index: usize, arn: String) -> Result<(), ApplyError> {
    journal.mark_made(index, Made { arn: arn.clone(), as_read: None })?;
    let action = journal.receipt().steps.get(index).map(|s| &s.step.action);
    if !matches!(action, Some(Action::CreateProvider { .. })) {
        return Ok(());
    }
    let as_read = world.aws.provider(&arn).await.known().cloned();
    journal.mark_made(index, Made { arn, as_read })
}

/// Whether a write whose answer was lost is there. What was to be made is known by what was asked for and by its
/// time; a restart is sent once more, which changes nothing where it had arrived.
async fn has_arrived(world: &World, journal: &mut Journal, index: usize, began: i64) -> Result<bool, ApplyError> {
    let Some(entry) = journal.receipt().steps.get(index).cloned() else { return Ok(false) };
    let (action, expected) = (&entry.step.action, &entry.step.precondition.expected);
    if let Action::CreateProvider { .. } = action {
        let Ok(Standing::Changed(Some(arn))) = standing(world, &entry).await else { return Ok(false) };
        made(world, journal, index, arn).await?;
        return Ok(true);
    }
    match act::is_there(world, action, expected).await {
        Some(there) => Ok(there),
        None if act::wanted(action, expected).is_none() => {
            Ok(act::perform(world, action, expected, began).await.is_ok())
        }
        None => Ok(false),
    }
}

async fn roll_out(
    world: &World,
    action: &Action,
    bound: Option<Duration>,
    progress: &mut impl Progress,
) -> Result<(), ApplyError> {
    if matches!(action, Action::Restart { .. }) {
        rollout::wait(act::cluster(world)?, action, bound, progress).await?;
    }
    Ok(())
}

pub(crate) fn check(action: &Action, what: &str, expected: &str, found: &str) -> Result<(), ApplyError> {
    let done = act::wanted(action, expected).is_some_and(|w| act::holds(action, &w, found));
    if done || action.renews_pods() || same(expected, found) {
        return Ok(());
    }
    Err(ApplyError::Stale { what: what.to_owned(), expected: expected.to_owned(), found: found.to_owned() })
}

/// Undoes what a receipt says was done, last step first. When somebody changed one of the things since,
/// nothing is undone at all. A step whose undoing is refused stays done, and one whose object is gone is over; the
/// others are undone all the same. The first refusal is what is returned then.
pub async fn rollback(world: &World, journal: Journal, progress: &mut impl Progress) -> Result<Journal, ApplyError> {
    let by = place::hand(world).await;
    let mut journal = journal.take(&place::here(world).await, Errand::Rollback, by)?;
    for entry in journal.receipt().steps.iter().filter(|e| is_to_undo(e)) {
        standing(world, entry).await?;
    }
    progress.journal(journal.path());
    let mut refused = None;
    for index in (0..journal.receipt().steps.len()).rev() {
        let Some(entry) = journal.receipt().steps.get(index).filter(|e| is_to_undo(e)).cloned() else { continue };
        let words = act::undo_words(&entry.step.action);
        match standing(world, &entry).await? {
            Standing::Before => journal.mark(index, StepState::Undone, None)?,
            Standing::Gone(why) => journal.mark(index, StepState::Gone, Some(why))?,
            Standing::Changed(made) => {
                progress.began(&words);
                match undo(world, &mut journal, index, &entry.step, made.as_deref(), &words).await? {
                    Ok(note) => progress.ended(&words, note.as_deref()),
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
        }
    }
    refused.map_or(Ok(journal), Err)
}

/// Undoes one step: the outer error ends the rollback, the inner one is this step's alone.
async fn undo(
    world: &World,
    journal: &mut Journal,
    index: usize,
    step: &Step,
    made: Option<&str>,
    words: &str,
) -> Result<Result<Option<String>, ApplyError>, ApplyError> {
    let undoing = step.undoing();
    let back = step.action.inverse(&step.precondition.expected);
    // A document that IAM may refuse is tried all the same: IAM decides, and the journal says what it said.
    if let (Undoing::Impossible(why), None) = (&undoing, &back) {
        journal.mark(index, StepState::UndoRefused, Some(why.clone()))?;
        return Ok(Err(ApplyError::NoWayBack { what: act::words(&step.action), why: why.clone() }));
    }
    journal.mark(index, StepState::Undoing, None)?;
    let expected = &step.precondition.expected;
    let left = act::wanted(&step.action, expected).unwrap_or_default();
    let outcome = match &back {
        Some(back) => act::perform(world, back, &left, journal.now()).await.map(drop),
        None => act::take_away(world, &step.action, made).await,
    };
    match outcome {
        Ok(()) => {
            let note = act::settled(world, &step.action, &left, expected).await;
            journal.mark(index, StepState::Undone, note.clone())?;
            Ok(Ok(note))
        }
        Err(Failure::Refused(reason)) => {
            journal.mark(index, StepState::UndoRefused, Some(format!("refused: {reason}")))?;
            Ok(Err(ApplyError::Refused { step: words.to_owned(), reason }))
        }
        Err(Failure::Lost(reason)) => {
            journal.mark(index, StepState::Undoing, Some(format!("no answer: {reason}")))?;
            Err(ApplyError::Lost { step: words.to_owned(), reason })
        }
    }
}
