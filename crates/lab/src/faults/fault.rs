//! What a fault is.

use std::fmt;

use serde_json::{Value, json};

use super::REGISTRY;
use crate::world::{WorkloadId, World};

/// What a fault breaks, and so what to diagnose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A workload of the cluster.
    Workload(WorkloadId),
    /// The CI job, whose files are in `ci/deploy` of the lab's folder.
    Job,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload(id) => write!(f, "{id}"),
            Self::Job => f.write_str("--job ci/deploy"),
        }
    }
}

/// When the affected processes started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the fault: the workload is rolled out anew.
    AtOnce,
    /// More than a day before: what a process read at its start is out of date.
    LongAgo,
}

/// One root cause.
#[derive(Debug)]
pub struct Fault {
    /// Kebab-case name of the cause.
    pub name: &'static str,
    /// One line: what is wrong.
    pub summary: &'static str,
    /// Where the public record shows it.
    pub source: &'static str,
    /// What it breaks.
    pub target: Target,
    /// Text that appears in the log of what it breaks.
    pub symptom: &'static str,
    /// When the affected processes started.
    pub start: Start,
    /// The edit of the healthy world.
    pub edit: fn(&mut World),
}

/// The fault of that name.
pub fn find(name: &str) -> Option<&'static Fault> {
    REGISTRY.iter().copied().find(|fault| fault.name == name)
}

/// Every fault, for people and programs.
pub fn listed() -> Value {
    REGISTRY
        .iter()
        .map(|fault| {
            json!({
                "name": fault.name, "summary": fault.summary, "source": fault.source,
                "target": fault.target.to_string(),
            })
        })
        .collect()
}
