//! What logs said: failures with what stands around them, successes, lines that nobody understood, and records of
//! `CloudTrail`.

use serde::{Deserialize, Serialize};
use trustwalk_symptoms::{Failure, Mention, Success, TrailRecord};

use super::{Evidence, Observed};
use crate::observation::{Place, Witness};

/// A failure read from a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFailure {
    /// The log: `pod aws-node-2mxxx /host/var/log/aws-routed-eni/ipamd.log`, a file, `-`.
    pub origin: String,
    /// The containers that wrote it, all of one name; empty for what was given, of which nobody knows who wrote it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// How often it was seen.
    pub count: u64,
    /// First and last time, ISO 8601 as the log wrote them.
    pub first: Option<String>,
    /// Last time.
    pub last: Option<String>,
    /// A line of it, redacted.
    pub sample: String,
    /// What it means.
    pub failure: Failure,
    /// Who saw it: the workload's log, or `CloudTrail`, whose records a log may hold.
    #[serde(default, skip_serializing_if = "Witness::is_log")]
    pub witness: Witness,
    /// What stands around it in the log.
    #[serde(default, skip_serializing_if = "Neighbours::is_empty")]
    pub neighbours: Neighbours,
}

/// How the occurrences of one failure lie to successes of the same kind and to starts of the program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Neighbours {
    /// Whether the log shows a start of the program before the first occurrence.
    pub started: bool,
    /// Seconds from the program's start, or else from the log's first line, to the first occurrence.
    pub after_start_seconds: Option<i64>,
    /// The last success before the first occurrence.
    pub succeeded_before: Option<Happening>,
    /// The first success after the last occurrence.
    pub recovered: Option<Happening>,
    /// The success after which it came again, if it did.
    pub again_after: Option<Happening>,
    /// The first start of the program after the last occurrence.
    pub restarted: Option<Happening>,
}

impl Neighbours {
    /// Whether nothing stands around it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A place in a log, with its time, ISO 8601, where the record has one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Happening {
    /// When.
    pub at: Option<String>,
}

impl Happening {
    /// When, in words.
    pub fn words(&self) -> String {
        self.at.as_ref().map_or_else(|| "later in the log".to_owned(), |at| format!("at {at}"))
    }
}

/// A success read from a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSuccess {
    /// The log.
    pub origin: String,
    /// The container that wrote it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// How often it was seen.
    pub count: u64,
    /// When it was seen first, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// When it was seen last, ISO 8601.
    pub last: Option<String>,
    /// What succeeded, as the first one tells it.
    pub success: Success,
}

/// A line about credentials that tells of trouble and that no wording matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogUnclear {
    /// The log.
    pub origin: String,
    /// How often lines came that differ only in numbers.
    pub count: u64,
    /// When the last came, ISO 8601.
    pub last: Option<String>,
    /// The first of them, redacted.
    pub sample: String,
}

/// Words of a failure that a log only quotes: that they stand there does not show that it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogMention {
    /// The log.
    pub origin: String,
    /// How often.
    pub count: u64,
    /// The first of them.
    #[serde(flatten)]
    pub mention: Mention,
}

/// A record of `CloudTrail` that stood in a log, of a call that succeeded. One that was refused is a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// The file.
    pub origin: String,
    /// The record.
    pub record: TrailRecord,
}

/// What logs said besides failures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Besides {
    /// Successes.
    pub successes: Vec<LogSuccess>,
    /// Lines that nobody understood.
    pub unclear: Vec<LogUnclear>,
    /// Words of failures that are only quoted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentioned: Vec<LogMention>,
    /// Lines not understood, records too long, failures of too many kinds: those that no list holds.
    pub uncounted: u64,
    /// A file of the pods' own that could not be read, and why: what stands in it stands in no log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// Records of `CloudTrail` about calls that succeeded.
    pub records: Vec<LogRecord>,
}

impl Besides {
    /// Whether logs said nothing besides failures.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in what another log said.
    pub fn join(&mut self, other: Self) {
        self.successes.extend(other.successes);
        self.unclear.extend(other.unclear);
        self.mentioned.extend(other.mentioned);
        self.uncounted += other.uncounted;
        self.unread = self.unread.take().or(other.unread);
        self.records.extend(other.records);
    }
}

/// All that was read of logs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogsRead {
    /// Failures.
    pub failures: Vec<LogFailure>,
    /// What they said besides.
    pub besides: Besides,
}

impl LogsRead {
    /// Takes in what another log said.
    pub fn join(&mut self, other: Self) {
        self.failures.extend(other.failures);
        self.besides.join(other.besides);
    }

    /// The same, as what one container wrote.
    #[must_use]
    pub fn written_by(mut self, place: &Place) -> Self {
        self.failures.iter_mut().for_each(|f| f.places = vec![place.clone()]);
        self.besides.successes.iter_mut().for_each(|s| s.place = Some(place.clone()));
        self
    }
}

impl LogFailure {
    /// Whether a container of this name wrote it, as far as is known: of what was given, any may have.
    pub fn may_be_of(&self, container: &str) -> bool {
        self.places.is_empty() || self.is_of(container)
    }

    /// Whether it is known that a container of this name wrote it.
    pub fn is_of(&self, container: &str) -> bool {
        self.places.iter().any(|p| p.container == container)
    }
}

impl Evidence {
    /// Takes in what was read of the logs.
    pub fn hear(&mut self, read: Observed<LogsRead>) {
        let besides = &mut self.besides;
        *besides = Besides::default();
        self.logs = read.map(|read| {
            *besides = read.besides;
            read.failures
        });
    }
}
