//! Findings and standings: what a question answers, as data. Prose is made by renderers from these.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
pub use trustwalk_symptoms::gist;

use crate::cause::Cause;
use crate::link::Link;
use crate::plan::Cure;
use crate::severity::Severity;

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The symptom fits, and evidence that would decide is missing.
    Possible,
    /// The evidence points here and nothing contradicts it.
    Likely,
    /// The evidence proves it.
    #[serde(alias = "certain")]
    Proven,
}

impl Confidence {
    /// The word that every report and document says.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Proven => "proven",
        }
    }
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The root cause.
    pub cause: Cause,
    /// How bad: that of the cause, or less where nothing fails yet.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence: what, where, why. No full stop is missing, no blame.
    pub sentence: String,
    /// The proof, values side by side.
    pub proof: Vec<Exhibit>,
    /// How to cure it: steps trustwalk can take, commands and patches a person can.
    pub cures: Vec<Cure>,
    /// What would settle it, when it is not proven.
    pub decide: Option<String>,
}

impl Finding {
    /// Code of the cause, `TW014`.
    pub fn code(&self) -> &'static str {
        self.cause.code()
    }

    /// Name of the cause.
    pub fn name(&self) -> &'static str {
        self.cause.name()
    }

    /// The link it breaks.
    pub fn link(&self) -> Link {
        self.cause.link()
    }
}

/// A finding as it stands in documents: the cause's code, name and link beside it.
#[derive(Serialize, Deserialize)]
struct Written {
    code: String,
    name: Cause,
    link: Link,
    severity: Severity,
    confidence: Confidence,
    sentence: String,
    proof: Vec<Exhibit>,
    cures: Vec<Cure>,
    decide: Option<String>,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { cause, severity, confidence, sentence, proof, cures, decide } = self.clone();
        let code = cause.code().to_owned();
        let link = cause.link();
        Written { code, name: cause, link, severity, confidence, sentence, proof, cures, decide }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Finding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { name: cause, severity, confidence, sentence, proof, cures, decide, .. } =
            Written::deserialize(deserializer)?;
        Ok(Self { cause, severity, confidence, sentence, proof, cures, decide })
    }
}

/// What the evidence says of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum Standing {
    /// The deciding facts were read.
    Established,
    /// It fits everything seen, and something speaks for it.
    Supported {
        /// What would settle it.
        would_decide: String,
    },
    /// It fits everything seen; what would decide was not read.
    Open {
        /// What is missing, and how to get it.
        missing: Vec<String>,
    },
    /// A fact or an observation contradicts it.
    Excluded {
        /// Which.
        by: String,
    },
}

/// A cause, and what the evidence says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The cause.
    pub cause: Cause,
    /// Its standing.
    #[serde(flatten)]
    pub standing: Standing,
}
