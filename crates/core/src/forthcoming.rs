//! What will break on a day that is known already, or with a change that was announced: as data, beside the findings
//! of now. The crate `forecast` works it out.

use serde::{Deserialize, Serialize};
use trustwalk_x509::Certificate;

use crate::cause::Cause;
use crate::evidence::{Evidence, View};
use crate::finding::{Confidence, Exhibit};
use crate::link::Link;
use crate::question;

/// When something breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum When {
    /// It has been announced, and the day is past: it may come any day.
    Since {
        /// Unix seconds.
        at: i64,
    },
    /// From this moment on.
    On {
        /// Unix seconds.
        at: i64,
    },
    /// At this moment at the latest, and likely before.
    By {
        /// Unix seconds.
        at: i64,
    },
    /// With the next such happening, whenever that is.
    Once {
        /// What has to happen, as a clause: `the repository is renamed`.
        what: String,
        /// Since when that is so, Unix seconds.
        since: Option<i64>,
    },
}

impl When {
    /// The moment that is ahead, where one is known.
    pub fn ahead(&self) -> Option<i64> {
        match self {
            Self::On { at } | Self::By { at } => Some(*at),
            Self::Since { .. } | Self::Once { .. } => None,
        }
    }

    /// What may come any day stands first, then what has a day by that day, then what waits for something to happen.
    pub fn rank(&self) -> (u8, i64) {
        match self {
            Self::Since { at } => (0, *at),
            Self::On { at } | Self::By { at } => (1, *at),
            Self::Once { since, .. } => (2, since.unwrap_or_default()),
        }
    }
}

/// What a prediction rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// A certificate ends.
    Certificate,
    /// Published signing keys.
    Key,
    /// A limit on how many there may be.
    Quota,
    /// A limit on how long something may be.
    Size,
    /// A token ends.
    Token,
    /// A policy names a day.
    Policy,
    /// Somebody announced a change.
    Announced,
}

/// Something sound that will not stay so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forthcoming {
    /// When.
    pub when: When,
    /// Code of the cause that it will be.
    pub code: Option<String>,
    /// Name of that cause.
    pub name: Option<Cause>,
    /// The link it concerns.
    pub link: Link,
    /// What it rests on.
    pub basis: Basis,
    /// Whether something fails by it; else it is only to be known.
    pub fails: bool,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence: what, where, why.
    pub sentence: String,
    /// The proof, values side by side.
    pub proof: Vec<Exhibit>,
    /// What to do before.
    pub advice: String,
    /// The entry of the register of announced changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Where it was announced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

impl Forthcoming {
    /// One that breaks, of a cause that is known.
    pub fn of(cause: Cause, basis: Basis, when: When, sentence: impl Into<String>) -> Self {
        Self {
            when,
            code: Some(cause.code().to_owned()),
            name: Some(cause),
            link: cause.link(),
            basis,
            fails: true,
            confidence: Confidence::Proven,
            sentence: sentence.into(),
            proof: Vec::new(),
            advice: String::new(),
            entry: None,
            sources: Vec::new(),
        }
    }
}

/// The certificates that a host presents, and whether AWS compares them with registered thumbprints.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The host.
    pub host: String,
    /// Whether thumbprints are compared, and not only asked for where the library of roots does not do.
    pub consulted: bool,
    /// As presented, leaf first.
    pub certificates: Vec<Certificate>,
    /// The root that the chain ends at, where it verifies.
    pub root: Option<Certificate>,
}

/// Every chain that was read, weighed as a diagnosis weighs it.
pub fn presented(evidence: &Evidence) -> Vec<Presented> {
    let weighed = question::weigh(&View::new(evidence));
    let each = weighed.into_iter().map(|w| Presented {
        host: w.host,
        consulted: w.consulted,
        certificates: w.certificates,
        root: w.root,
    });
    each.collect()
}
