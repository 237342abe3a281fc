//! What a fault is.

use std::fmt;

use serde_json::{Value, json};

use super::REGISTRY;
use crate::world::{Place, WorkloadId, World};

/// What a fault breaks, and so what to diagnose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A workload of the cluster.
    Workload(WorkloadId),
    /// The CI job, whose files are in `ci/deploy` of the lab's folder.
    Job,
}

impl Target {
    /// The workload, if it is one.
    pub fn workload(self) -> Option<WorkloadId> {
        match self {
            Self::Workload(id) => Some(id),
            Self::Job => None,
        }
    }
}

/// Whom a fault hits: a workload with what its identity hangs on. The CI job has nothing here, as there is but one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The workload.
    pub id: WorkloadId,
    /// Name of the role that it is meant to have.
    pub role: String,
    /// Where its cluster is.
    pub place: Place,
}

impl Mark {
    /// A workload of a world; the story's application where none is named.
    pub fn of(world: &World, id: Option<WorkloadId>) -> Self {
        let id = id.unwrap_or(crate::world::LEDGER);
        let role = world.workloads.get(&id).map(|workload| workload.role.clone()).unwrap_or_default();
        Self { id, role, place: world.place.clone() }
    }

    /// ARN of the role.
    pub fn role_arn(&self) -> String {
        self.place.role_arn(&self.role)
    }

    /// URL of the cluster's issuer.
    pub fn issuer(&self) -> &str {
        &self.place.issuer
    }
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
    pub edit: fn(&mut World, &Mark),
}

impl Fault {
    /// Whether it and another one can be there together in the story's world. They can where neither takes the other's
    /// place: which comes first makes no difference, and each changes something that the other leaves as it is.
    pub fn stands_with(&self, other: &Self) -> bool {
        let healthy = World::healthy();
        let with = |faults: &[&Self]| {
            let mut world = healthy.clone();
            for fault in faults {
                (fault.edit)(&mut world, &Mark::of(&healthy, fault.target.workload()));
            }
            world
        };
        let both = with(&[self, other]);
        both == with(&[other, self]) && both != with(&[self]) && both != with(&[other])
    }
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
