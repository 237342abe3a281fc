//! What going on with a receipt, or going back, would write: looked at and shown before anybody approves it.

use trustwalk_collect::World;
use trustwalk_core::plan::{
    Applicability, Outlook, ReceiptStep, StepState, Undoing, describe, reach, reach_of_undoing,
};

use crate::act;
use crate::error::ApplyError;
use crate::journal::Journal;
use crate::place;
use crate::run::{check, refuse_rolled_back};
use crate::standing::{Standing, is_to_undo, standing};

/// Where a receipt is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On, as `fix --resume`.
    On,
    /// Back, as `rollback`.
    Back,
}

/// What would be written, in order. Reads, and changes nothing.
pub async fn outlook(world: &World, journal: &Journal, way: Way) -> Result<Vec<Outlook>, ApplyError> {
    journal.must_be(&place::here(world).await)?;
    let mut all = Vec::new();
    match way {
        Way::On => {
            refuse_rolled_back(journal)?;
            for entry in &journal.receipt().steps {
                all.extend(on(world, entry).await?);
            }
        }
        Way::Back => {
            for entry in journal.receipt().steps.iter().rev().filter(|e| is_to_undo(e)) {
                all.extend(back(world, entry).await?);
            }
        }
    }
    Ok(all)
}

async fn on(world: &World, entry: &ReceiptStep) -> Result<Option<Outlook>, ApplyError> {
    let step = &entry.step;
    let open = matches!(entry.state, StepState::Pending | StepState::Started);
    if !open || step.applicability != Applicability::NeedsApproval {
        return Ok(None);
    }
    let found = act::current(world, &step.action).await?;
    check(&step.action, &step.precondition.words, &step.precondition.expected, &found)?;
    if act::wanted(&step.action, &step.precondition.expected).is_some_and(|w| act::holds(&step.action, &w, &found)) {
        return Ok(None);
    }
    let told = describe(&step.action, &found);
    let watched = !step.action.renews_pods();
    Ok(Some(Outlook {
        words: told.words,
        changes: told.changes,
        touches: reach(&step.action),
        only_while: watched.then_some(told.place),
        impossible: None,
    }))
}

/// What cannot be undone, as there is nothing left to undo it at.
fn gone(entry: &ReceiptStep, why: &str) -> Outlook {
    let action = &entry.step.action;
    Outlook {
        words: act::undo_words(action),
        changes: Vec::new(),
        touches: reach_of_undoing(action),
        only_while: None,
        impossible: Some(format!("{why}: nothing can be put back there, and everything else is undone")),
    }
}

async fn back(world: &World, entry: &ReceiptStep) -> Result<Option<Outlook>, ApplyError> {
    let step = &entry.step;
    match standing(world, entry).await? {
        Standing::Before => return Ok(None),
        Standing::Gone(why) => return Ok(Some(gone(entry, &why))),
        Standing::Changed(_) => {}
    }
    let impossible = match step.undoing() {
        Undoing::Impossible(why) => Some(why),
        Undoing::Restore(_) | Undoing::TakeAway | Undoing::Nothing => None,
    };
    Ok(Some(Outlook {
        words: act::undo_words(&step.action),
        changes: step.undone_changes(),
        touches: reach_of_undoing(&step.action),
        only_while: Some(step.precondition.words.clone()),
        impossible,
    }))
}
