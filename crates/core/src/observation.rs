//! What was seen to happen, and what became of it: an observation is explained, over, set aside or unexplained, and
//! none is dropped.

use serde::{Deserialize, Serialize};
use trustwalk_symptoms::Symptom;

use crate::cause::Cause;

/// Who saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// A log of the workload or one that was given.
    Log,
    /// Trustwalk's own exchange.
    OwnExchange,
    /// `CloudTrail`.
    Trail,
}

/// What became of an observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum Fate {
    /// A finding explains it.
    Explained {
        /// The causes, the first being the one it is put down to.
        by: Vec<Cause>,
    },
    /// The same identity did the same thing later, and it succeeded.
    Over {
        /// What shows it.
        by: String,
    },
    /// It is older than a change that could have cured it; nothing was seen since.
    SetAside {
        /// The change.
        by: String,
    },
    /// Nothing that was found explains it.
    Unexplained,
}

/// One failure that was seen, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Who saw it.
    pub witness: Witness,
    /// Where: the log, or the call.
    pub origin: String,
    /// How often.
    pub count: u64,
    /// When it was seen last, Unix seconds.
    pub at: Option<i64>,
    /// What it means.
    pub symptom: Symptom,
    /// Its words.
    pub text: String,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
}

impl Observation {
    /// Whether a judgement may rest on it: it is neither over nor set aside.
    pub fn speaks(&self) -> bool {
        match self.fate {
            Fate::Explained { .. } | Fate::Unexplained => true,
            Fate::Over { .. } | Fate::SetAside { .. } => false,
        }
    }
}
