//! A receipt's history: one entry for every change of its state, each with the digest of the one before.
//!
//! The steps of a receipt say where things stand. The entries say how they came to stand there, and are replayed
//! when a receipt is read: what does not follow from them is not believed. The first entry holds the digest of what
//! the run was about, so that neither can be put in another's place.

use std::fmt;

use serde::Serialize;

use super::history::{Entry, Event, Place, StepState, Stood};
use super::model::{Receipt, ReceiptStep};

/// SHA-256 in hexadecimal, which this crate is given rather than has.
pub type Digest = fn(&[u8]) -> String;

/// Most entries that are read. A run writes about four for each step, and one can be gone on with many times.
pub const MOST_ENTRIES: usize = 4096;

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
                | StepState::Undone
                | StepState::Gone => {}
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
