//! A receipt's history: one entry for every change of its state, each with the digest of the one before.
//!
//! The steps of a receipt say where things stand. The entries say how they came to stand there, and are replayed
//! when a receipt is read: what does not follow from them is not believed. The first entry holds the digest of what
//! the run was about, so that neither can be put in another's place.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::{Made, Receipt, ReceiptStep, StepState};
use super::receipt::Place;

/// SHA-256 in hexadecimal, which this crate is given rather than has.
pub type Digest = fn(&[u8]) -> String;

/// Most entries that are read. A run writes about four for each step, and one can be gone on with many times.
pub const MOST_ENTRIES: usize = 4096;

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

/// Where a history does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// There is none, and the format has one.
    None,
    /// There is one, and the format has none.
    Surplus,
    /// More entries than any run writes.
    TooLong,
    /// An entry does not follow the one before it: one was changed, taken out, put in, or put elsewhere.
    Order {
        /// Which, from one.
        entry: usize,
    },
    /// An entry is about a step that there is not.
    Step {
        /// Which, from one.
        entry: usize,
    },
    /// The steps stand elsewhere than the entries left them.
    End,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("it has no history, and one of its format has"),
            Self::Surplus => f.write_str("it has a history, and one of its format has none"),
            Self::TooLong => write!(f, "its history has more than {MOST_ENTRIES} entries"),
            Self::Order { entry } => write!(f, "entry {entry} of its history does not follow the one before it"),
            Self::Step { entry } => write!(f, "entry {entry} of its history is about a step that it has not got"),
            Self::End => f.write_str("its steps stand elsewhere than its history says"),
        }
    }
}

impl Receipt {
    /// Records a change: as an entry, and in what it changes.
    pub fn record(&mut self, at: i64, event: Event, place: &Place, digest: Digest) {
        let before = self.last_digest(place, digest);
        apply(self, at, &event);
        self.entries.push(Entry { at, event, before });
    }

    /// The digest of the last entry, which stands for the whole history: somebody who has noted it can tell that
    /// nothing was changed since.
    pub fn last_digest(&self, place: &Place, digest: Digest) -> String {
        self.entries.last().map_or_else(|| about(self, place, digest), |entry| of_entry(entry, digest))
    }

    /// Whether the history holds, and leads to where the steps stand. `formatted` says whether the format has one.
    pub(super) fn follows(&self, place: &Place, formatted: bool, digest: Digest) -> Result<(), Break> {
        match (formatted, self.entries.is_empty()) {
            (true, true) => return Err(Break::None),
            (false, false) => return Err(Break::Surplus),
            (false, true) => return Ok(()),
            (true, false) => {}
        }
        if self.entries.len() > MOST_ENTRIES {
            return Err(Break::TooLong);
        }
        let mut replayed = blank(self);
        let mut before = about(self, place, digest);
        for (index, entry) in self.entries.iter().enumerate() {
            let number = index + 1;
            if entry.before != before {
                return Err(Break::Order { entry: number });
            }
            if !apply(&mut replayed, entry.at, &entry.event) {
                return Err(Break::Step { entry: number });
            }
            before = of_entry(entry, digest);
        }
        let stands = (&replayed.steps, replayed.ended, &replayed.verified);
        if stands == (&self.steps, self.ended, &self.verified) { Ok(()) } else { Err(Break::End) }
    }

    /// What a receipt of a format without history says of itself, to begin one with.
    pub fn as_found(&self) -> Event {
        let stood = |s: &ReceiptStep| Stood {
            state: s.state,
            at: s.at,
            began: s.began,
            note: s.note.clone(),
            made: s.made.clone(),
        };
        Event::Found {
            format: self.version,
            steps: self.steps.iter().map(stood).collect(),
            ended: self.ended,
            verified: self.verified.clone(),
        }
    }
}

/// The receipt as it was before its first entry.
fn blank(receipt: &Receipt) -> Receipt {
    let fresh = |s: &ReceiptStep| ReceiptStep {
        step: s.step.clone(),
        state: StepState::Pending,
        at: receipt.began,
        began: None,
        note: None,
        made: None,
    };
    Receipt {
        steps: receipt.steps.iter().map(fresh).collect(),
        entries: Vec::new(),
        ended: None,
        verified: None,
        ..receipt.clone()
    }
}

/// Makes one change; `false` when it is about a step that there is not.
fn apply(receipt: &mut Receipt, at: i64, event: &Event) -> bool {
    match event {
        Event::TakenUp { .. } => true,
        Event::Found { steps, ended, verified, .. } => {
            if steps.len() != receipt.steps.len() {
                return false;
            }
            for (step, stood) in receipt.steps.iter_mut().zip(steps) {
                (step.state, step.at, step.began) = (stood.state, stood.at, stood.began);
                (step.note, step.made) = (stood.note.clone(), stood.made.clone());
            }
            (receipt.ended, receipt.verified) = (*ended, verified.clone());
            true
        }
        Event::Step { step, state, note } => {
            let Some(step) = receipt.steps.get_mut(*step) else { return false };
            (step.state, step.at, step.note) = (*state, at, note.clone());
            match state {
                // What is sent a second time was begun the first time.
                StepState::Started => step.began = step.began.or(Some(at)),
                // Refused: as if it had never been begun.
                StepState::Pending => step.began = None,
                StepState::Done
                | StepState::AlreadyDone
                | StepState::Undoing
                | StepState::UndoRefused
                | StepState::Undone => {}
            }
            true
        }
        Event::Made { step, made } => {
            let Some(step) = receipt.steps.get_mut(*step) else { return false };
            step.made = Some(made.clone());
            true
        }
        Event::Ended { verified } => {
            (receipt.ended, receipt.verified) = (Some(at), verified.clone());
            true
        }
    }
}

/// What the run is about, without the words, which are computed and may be another build's.
fn about(receipt: &Receipt, place: &Place, digest: Digest) -> String {
    let steps: Vec<_> =
        receipt.steps.iter().map(|s| (&s.step.action, &s.step.precondition.expected, s.step.applicability)).collect();
    of(&(&receipt.cures, receipt.began, &receipt.target, place, steps), digest)
}

fn of_entry(entry: &Entry, digest: Digest) -> String {
    of(entry, digest)
}

/// The digest of the compact JSON: what is written reads back as the same value, and a value has one such text.
fn of(value: &impl Serialize, digest: Digest) -> String {
    // Nothing here has keys that are no strings, which is all that could fail.
    digest(&serde_json::to_vec(value).unwrap_or_default())
}
