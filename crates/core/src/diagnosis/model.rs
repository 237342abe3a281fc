//! The types of a diagnosis.

use serde::{Deserialize, Serialize};

use crate::{evidence::Target, finding::Finding, link::Link};

/// State of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// All rules that could judge passed, and none was left open.
    Pass,
    /// Has no bearing on this target.
    NotApplicable,
    /// Something could not be read.
    Undetermined,
    /// Works, with a warning.
    Warning,
    /// Broken here.
    Violated,
    /// Fails because of the root cause in another link.
    Consequence,
}

/// One link's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkReport {
    /// The link.
    pub link: Link,
    /// Its state.
    pub state: LinkState,
    /// What was seen there, one line for people, even when it passed.
    pub saw: String,
    /// What is missing, for `Undetermined`.
    pub missing: Vec<String>,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Unix seconds.
    pub at: i64,
    /// What changed.
    pub what: String,
    /// By whom, when known.
    pub who: Option<String>,
    /// Where that was read.
    pub origin: String,
}

/// A consequence folded under a root cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// In one sentence.
    pub sentence: String,
    /// The link it shows in.
    pub link: Link,
    /// The rule's code, when a rule found it.
    pub code: Option<String>,
}

/// The result of walking the chain for one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Schema version of this document.
    pub schema: u32,
    /// What was asked about.
    pub target: Target,
    /// When, Unix seconds.
    pub at: i64,
    /// All eleven links in order.
    pub links: Vec<LinkReport>,
    /// The root cause, if something is broken: the one that explains the failure seen.
    pub root_cause: Option<Finding>,
    /// Further independent faults: what would fail next once the root cause is cured.
    pub also: Vec<Finding>,
    /// Warnings: nothing fails because of them now.
    pub warnings: Vec<Finding>,
    /// What follows from the root cause.
    pub consequences: Vec<Folded>,
    /// What could not be determined, and what would determine it.
    pub undetermined: Vec<String>,
    /// What changed, oldest first.
    pub timeline: Vec<Change>,
}
