//! What was seen to happen, and what became of it: an observation is explained, over, set aside or unexplained, and
//! none is dropped.

use serde::{Deserialize, Serialize};
use trustwalk_symptoms::Symptom;

use crate::cause::Cause;

/// Who saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// A log of the workload or one that was given.
    #[default]
    Log,
    /// Trustwalk's own exchange.
    OwnExchange,
    /// `CloudTrail`.
    Trail,
}

impl Witness {
    /// Whether it is a log.
    pub fn is_log(&self) -> bool {
        *self == Self::Log
    }
}

/// A container that wrote a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The pod's name.
    pub pod: String,
    /// The container's name in it.
    pub container: String,
}

/// Where an observation of the account's own trail stands.
pub(crate) const TRAIL: &str = "CloudTrail";

/// What kind of happening was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// Something failed.
    #[default]
    Failure,
    /// Something succeeded.
    Success,
    /// A line tells of trouble with credentials in words that are not known.
    Unclear,
    /// A line quotes the words of a failure, and does not show that it happened.
    Mentioned,
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
    /// It is older than a change that could have cured it, or than a failure that lies deeper; nothing was seen since.
    SetAside {
        /// The change, or the failure.
        by: String,
    },
    /// It is not of the workload that was asked about, but of somebody else.
    Foreign {
        /// What shows it.
        by: String,
    },
    /// Nothing that was found explains it.
    Unexplained,
    /// It is a success: there is nothing to explain.
    Succeeded,
}

/// One thing that was seen to happen, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Who saw it.
    pub witness: Witness,
    /// What kind it is.
    #[serde(default)]
    pub seen: Seen,
    /// Where: the log, or the call.
    pub origin: String,
    /// The containers that wrote it; empty where nobody knows, or no container did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// How often.
    pub count: u64,
    /// When it was seen last, Unix seconds.
    pub at: Option<i64>,
    /// What a failure means.
    pub symptom: Option<Symptom>,
    /// Its words.
    pub text: String,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
}

impl Observation {
    /// Whether a judgement may rest on it: it is a failure neither over nor set aside.
    pub fn speaks(&self) -> bool {
        match self.fate {
            Fate::Explained { .. } | Fate::Unexplained => self.seen == Seen::Failure,
            Fate::Over { .. } | Fate::SetAside { .. } | Fate::Foreign { .. } | Fate::Succeeded => false,
        }
    }

    /// Whether a cause can show as this.
    pub fn can_come_from(&self, cause: Cause) -> bool {
        self.symptom.is_some_and(|s| cause.shows().contains(&s))
    }

    /// Its meaning in one word, for people.
    pub fn name(&self) -> &'static str {
        match (self.symptom, self.seen) {
            (Some(symptom), _) => symptom.name(),
            (None, Seen::Success) => "success",
            (None, Seen::Unclear | Seen::Failure | Seen::Mentioned) => "not-understood",
        }
    }
}
