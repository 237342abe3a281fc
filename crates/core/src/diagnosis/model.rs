//! The types of a diagnosis.

use serde::{Deserialize, Serialize};

use super::candidates::Candidate;
use super::looked::Looked;
use crate::cause::Cause;
use crate::evidence::Target;
use crate::finding::{Confidence, Finding};
use crate::forthcoming::Forthcoming;
use crate::link::Link;
use crate::observation::Observation;

/// State of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// Judged, and sound.
    Pass,
    /// Seen, and judged by no question.
    Seen,
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

/// What kind of happening it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// Something was made or changed.
    #[default]
    Change,
    /// The role was given: it worked then.
    Worked,
    /// The first failure that was seen.
    Failed,
    /// How far back was looked.
    Horizon,
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
    /// What kind of happening it is.
    #[serde(default)]
    pub kind: Turn,
}

/// A consequence folded under a root cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// In one sentence.
    pub sentence: String,
    /// The link it shows in.
    pub link: Link,
    /// The cause's code, when it is one.
    pub code: Option<String>,
}

/// What a diagnosis comes to: every format and the exit code say this one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything was looked at, and nothing fails.
    Ok,
    /// Nothing wrong was found, and something could not be looked at.
    Undetermined,
    /// Something fails, and no cause is named.
    Broken,
    /// Something fails, and this is why.
    RootCause,
}

impl Outcome {
    pub(super) fn of(
        root: Option<&Finding>,
        also: &[Finding],
        possible: &[Finding],
        links: &[LinkReport],
        undetermined: &[String],
    ) -> Self {
        let any = |states: &[LinkState]| links.iter().any(|l| states.contains(&l.state));
        if root.is_some_and(|f| f.confidence > Confidence::Possible) {
            Self::RootCause
        } else if !also.is_empty()
            || root.is_some()
            || !possible.is_empty()
            || any(&[LinkState::Violated, LinkState::Consequence])
        {
            Self::Broken
        } else if !undetermined.is_empty() || any(&[LinkState::Undetermined]) {
            Self::Undetermined
        } else {
            Self::Ok
        }
    }

    /// Whether something fails.
    pub fn is_broken(self) -> bool {
        match self {
            Self::Ok | Self::Undetermined => false,
            Self::Broken | Self::RootCause => true,
        }
    }

    /// The one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Undetermined => "undetermined",
            Self::Broken => "broken",
            Self::RootCause => "root-cause",
        }
    }

    /// What it means, in a phrase.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "no fault found, every link holds",
            Self::Undetermined => "nothing wrong was found, and not everything could be looked at",
            Self::Broken => "something fails, and the evidence at hand does not name the cause",
            Self::RootCause => "something fails, and this is why",
        }
    }
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
    /// Where it was looked, and as whom.
    #[serde(default)]
    pub looked: Vec<Looked>,
    /// What it comes to.
    pub outcome: Outcome,
    /// All eleven links in order.
    pub links: Vec<LinkReport>,
    /// The root cause, if something is broken: the one that explains the failure seen. Where it is only possible, it
    /// is the first of several that survive.
    pub root_cause: Option<Finding>,
    /// Further independent faults: what would fail next once the root cause is cured.
    pub also: Vec<Finding>,
    /// What may be the cause besides, in order, where more than one survives: while the root cause is only possible,
    /// it is not yet decided among them.
    #[serde(default)]
    pub possible: Vec<Finding>,
    /// Warnings: nothing fails because of them now.
    pub warnings: Vec<Finding>,
    /// What follows from the root cause.
    pub consequences: Vec<Folded>,
    /// Every cause that came into question, with what speaks for and against it.
    #[serde(default)]
    pub candidates: Vec<Candidate>,
    /// Every failure that was seen, and what became of it.
    #[serde(default)]
    pub observations: Vec<Observation>,
    /// What could not be determined, and what would determine it.
    pub undetermined: Vec<String>,
    /// What changed, oldest first.
    pub timeline: Vec<Change>,
    /// What comes of the cures, tried on the evidence; `None` where nothing is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<After>,
    /// Whether no pod of the target runs now: what was judged is what a new one would get.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// What will break on a day that is known already, the next first. Empty until it is asked for: the crate
    /// `forecast` tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forthcoming: Vec<Forthcoming>,
}

impl Diagnosis {
    /// What it comes to, in a phrase.
    pub fn meaning(&self) -> &'static str {
        if self.idle && self.outcome == Outcome::Ok {
            "no fault found in what a new pod would get, and no pod runs now"
        } else if self.outcome == Outcome::Undetermined && self.failing_otherwise() {
            "the workload is not well, and what could be looked at does not tell whether it is for its identity"
        } else {
            self.outcome.meaning()
        }
    }
}

impl Diagnosis {
    /// Whether something is seen of the workload that may have other reasons than the identity, as pods that are not
    /// ready.
    fn failing_otherwise(&self) -> bool {
        let warned = self.warnings.iter().any(|f| f.link() == Link::Workload);
        !warned && self.links.iter().any(|l| l.link == Link::Workload && l.state == LinkState::Warning)
    }
}

/// What comes of the cures, tried on the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// What would fail next once the root cause alone is cured, or that nothing is known to, in one sentence.
    pub sentence: String,
    /// The changes that trustwalk can make, in the order in which they are to be made.
    pub steps: Vec<AfterStep>,
    /// What would still be wrong once all of them are made: for a person, or not decided.
    pub remains: Vec<Remaining>,
    /// What could not be told then.
    pub open: Vec<String>,
    /// What it would come to.
    pub outcome: Outcome,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterStep {
    /// Code of the cause that it is made for.
    pub code: String,
    /// The cause.
    pub name: Cause,
    /// What is done, in words.
    pub words: String,
    /// What changes, line by line: `- ` goes, `+ ` comes, two spaces stay.
    pub changes: Vec<String>,
}

/// What is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// Code of the cause.
    pub code: String,
    /// The cause.
    pub name: Cause,
    /// How sure it is.
    pub confidence: Confidence,
    /// In one sentence.
    pub sentence: String,
}
