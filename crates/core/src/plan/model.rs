//! The types of a plan. A plan is made here, carried out in `trustwalk-apply`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::action::Action;
use super::history::{Entry, Made, StepState};
use crate::cause::Cause;

/// What a plan of a rotation cures, in the place of a cause's name.
pub const ROTATION: &str = "certificate-rotation";

/// What stands between the causes that one plan cures.
pub(super) const CAUSES_BETWEEN: &str = ", ";

/// Who may take a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// `fix --approve` takes it.
    NeedsApproval,
    /// Only a person can.
    Manual,
}

/// What must still be true right before a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precondition {
    /// In words.
    pub words: String,
    /// The value that was read when the plan was made, canonical JSON or text.
    pub expected: String,
}

/// What a step touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What is done, in words.
    pub words: String,
    /// What changes, line by line: `- ` goes, `+ ` comes, two spaces stay.
    #[serde(default)]
    pub changes: Vec<String>,
    /// What else depends on the thing changed.
    pub blast_radius: String,
    /// Who keeps the object, in words, where it is changed past them at the user's word (`--force-drift`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<String>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The change.
    pub action: Action,
    /// What must still hold.
    pub precondition: Precondition,
    /// What it does.
    pub effect: Effect,
    /// The change that undoes it; `None` when nothing need be undone (a restart).
    pub inverse: Option<Action>,
    /// Who may take it.
    pub applicability: Applicability,
}

/// An immutable plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Format version.
    pub version: u32,
    /// When it was made, Unix seconds.
    pub made: i64,
    /// The root cause it cures.
    pub cures: String,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// What a person must know or do besides.
    pub notes: Vec<String>,
    /// Changes that are not made here, because another tool keeps the object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
}

/// A change that is left to whoever keeps the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// The change.
    pub action: Action,
    /// What it does, in words.
    pub words: String,
    /// What changes, line by line: `- ` goes, `+ ` comes, two spaces stay.
    pub changes: Vec<String>,
    /// Who keeps the object, in words.
    pub owner: String,
    /// The tool of `by_hand` that is the owner's, where its way is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// The same change by hand, tool by tool.
    pub by_hand: BTreeMap<String, String>,
}

/// One step of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptStep {
    /// The step.
    pub step: Step,
    /// How far it came.
    pub state: StepState,
    /// When the state was recorded, Unix seconds.
    pub at: i64,
    /// When the step was begun, Unix seconds; `None` until then, and in receipts of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<i64>,
    /// What is to be known of the state besides: why a step was refused, what was found after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The provider or the association that the step made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
}

/// What was done, what it replaced, how it was verified; also the journal of a run in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Format version.
    pub version: u32,
    /// The plan's cause.
    pub cures: String,
    /// When the run began, Unix seconds.
    pub began: i64,
    /// When it ended, Unix seconds.
    pub ended: Option<i64>,
    /// The steps.
    pub steps: Vec<ReceiptStep>,
    /// Every change of this receipt, in order; none in formats 1 and 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// The verification, in words, once made.
    pub verified: Option<String>,
    /// What the plan was for, to diagnose it again.
    pub target: crate::evidence::Target,
    /// Whether it came from elsewhere and was taken over at the user's word. It stays foreign for good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
}

impl Receipt {
    /// The causes that it cures; those alone that this version knows.
    pub fn causes(&self) -> Vec<Cause> {
        self.cures.split(CAUSES_BETWEEN).filter_map(Cause::find).collect()
    }

    /// Whether it is of the rotation of an issuer's certificates.
    pub fn is_rotation(&self) -> bool {
        self.cures == ROTATION
    }

    /// The thumbprints that were registered by it and not before: going back takes them away.
    pub fn added(&self) -> Vec<&str> {
        let mut all = Vec::new();
        for step in self.steps.iter().map(|s| &s.step) {
            let Action::SetThumbprints { thumbprints, .. } = &step.action else { continue };
            let before = serde_json::from_str::<Vec<String>>(&step.precondition.expected).unwrap_or_default();
            let is_new = |t: &&str| !before.iter().any(|old| old.eq_ignore_ascii_case(t));
            all.extend(thumbprints.iter().map(String::as_str).filter(is_new));
        }
        all
    }

    /// Whether it takes a thumbprint away that was registered.
    pub fn retires(&self) -> bool {
        let drops = |s: &ReceiptStep| {
            let Action::SetThumbprints { thumbprints, .. } = &s.step.action else { return false };
            let before = serde_json::from_str::<Vec<String>>(&s.step.precondition.expected).unwrap_or_default();
            before.iter().any(|old| !thumbprints.iter().any(|t| t.eq_ignore_ascii_case(old)))
        };
        self.steps.iter().any(drops)
    }

    /// When the last of its changes was recorded as made, Unix seconds; `None` when none was. New pods are no change.
    pub fn changed(&self) -> Option<i64> {
        let done = |s: &&ReceiptStep| matches!(s.state, StepState::Done | StepState::AlreadyDone);
        let changes = self.steps.iter().filter(done).filter(|s| !s.step.action.renews_pods());
        changes.map(|s| s.at).max()
    }
}

/// One write to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// What is done.
    pub words: String,
    /// From what is there now to what will be there, line by line.
    pub changes: Vec<String>,
    /// Who feels it.
    pub touches: String,
    /// Whether the state is looked at again right before the write.
    pub only_while: Option<String>,
    /// Why it cannot be done, where that is known beforehand.
    pub impossible: Option<String>,
}
