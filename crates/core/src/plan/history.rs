//! What a receipt's history is made of.

use serde::{Deserialize, Serialize};

use crate::evidence::Provider;

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Sent, answer not yet recorded: the state must be read again.
    Started,
    /// Done and recorded.
    Done,
    /// Found done already; nothing was changed.
    AlreadyDone,
    /// Undoing was sent, its answer not yet recorded: the state must be read again.
    Undoing,
    /// Undoing was refused, so that it is still done; the note says why.
    UndoRefused,
    /// Undone.
    Undone,
    /// What it changed is not there any more, so that nothing could be put back; the note says what is not.
    Gone,
}

/// A provider or an association as it was made, to be known again before it is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The provider's ARN or the association's id, as the call that made it answered.
    pub arn: String,
    /// The provider, as it was read right after; `None` when that could not be read, and of an association.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_read: Option<Provider>,
}

/// Account and cluster of a run. A receipt is good for these alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Account number; `None` when the caller is not known.
    pub account: Option<String>,
    /// IAM's endpoint.
    pub endpoint: String,
    /// The API server's URL; `None` without a cluster.
    pub cluster: Option<String>,
}

/// What a run was taken up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errand {
    /// To carry a plan out.
    Fix,
    /// To go on with one.
    Resume,
    /// To undo one.
    Rollback,
}

/// Who took a run up, from where, and with what. None of it is a secret, and all of it is what services and the
/// system themselves answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    /// ARN of the caller, as `sts:GetCallerIdentity` gives it; `None` where that is not known.
    pub caller: Option<String>,
    /// Name of the Kubernetes user, as a `SelfSubjectReview` gives it; `None` where that is not known.
    pub user: Option<String>,
    /// Name of the machine.
    pub machine: Option<String>,
    /// Name and version of the program.
    pub tool: String,
}

/// How far a step had come in a receipt without entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    /// How far it had come.
    pub state: StepState,
    /// When that was recorded, Unix seconds.
    pub at: i64,
    /// When it was begun, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<i64>,
    /// What was to be known besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The provider it had made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
}

/// One change of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Event {
    /// Somebody took the run up.
    TakenUp {
        /// For what.
        errand: Errand,
        /// Who.
        by: Hand,
    },
    /// The receipt was of a format without entries, and stood so.
    Found {
        /// That format.
        format: u32,
        /// The steps, in their order.
        steps: Vec<Stood>,
        /// When the run had ended, Unix seconds.
        ended: Option<i64>,
        /// How it had been verified.
        verified: Option<String>,
    },
    /// A step came to a state.
    Step {
        /// Which step, from zero.
        step: usize,
        /// The state.
        state: StepState,
        /// What is to be known besides.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A step made a provider.
    Made {
        /// Which step, from zero.
        step: usize,
        /// The provider.
        made: Made,
    },
    /// The run ended.
    Ended {
        /// How it was verified, in words.
        verified: Option<String>,
    },
}

/// One entry of a receipt's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, Unix seconds.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
    /// SHA-256 of the entry before, in hexadecimal; of the first, of what the run is about.
    pub before: String,
}
