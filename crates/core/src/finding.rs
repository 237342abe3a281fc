//! Verdicts and findings: what a rule answers, as data. Prose is made by renderers from these.

use serde::{Deserialize, Serialize};

use crate::{link::Link, plan::Cure};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nothing fails.
    Info,
    /// Works now, or fails only in part.
    Warning,
    /// The exchange or the workload fails because of it.
    Error,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The symptom fits, and evidence that would decide is missing.
    Possible,
    /// The evidence points here and nothing contradicts it.
    Likely,
    /// The evidence proves it.
    Certain,
}

/// One value of a proof, with the object and field it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhibit {
    /// What it is, such as `token sub`.
    pub label: String,
    /// The value, verbatim.
    pub value: String,
    /// Object and field, such as `role/cni AssumeRolePolicyDocument.Statement[0].Condition.StringEquals`.
    pub origin: String,
}

impl Exhibit {
    /// An exhibit.
    pub fn new(label: impl Into<String>, value: impl Into<String>, origin: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), origin: origin.into() }
    }
}

/// One fault, with its proof and its cure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Code of the rule, `TW014`.
    pub code: String,
    /// Name of the rule, which is the root cause's name.
    pub name: String,
    /// The link it breaks.
    pub link: Link,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence: what, where, why. No full stop is missing, no blame.
    pub sentence: String,
    /// The proof, values side by side.
    pub proof: Vec<Exhibit>,
    /// How to cure it: steps trustwalk can take, commands and patches a person can.
    pub cures: Vec<Cure>,
    /// What would settle it, when confidence is below certain.
    pub decide: Option<String>,
}

/// What a rule answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Looked, and sound.
    Pass,
    /// Has no bearing on this target.
    NotApplicable {
        /// Why not.
        why: String,
    },
    /// Could not tell.
    Undetermined {
        /// What is missing, and which permission or command would supply it.
        missing: Vec<String>,
    },
    /// Broken.
    Violated {
        /// Each fault found.
        findings: Vec<Finding>,
    },
}
