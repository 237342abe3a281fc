//! What the cures of the scenarios do.

use std::collections::{BTreeMap, BTreeSet};

use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::diagnose;
use trustwalk_core::plan::Action;

use crate::error::ScenarioError;
use crate::scenario::{Expect, scenarios};

/// What the cures of a cause do, over all scenarios in which it is found.
#[derive(Debug, Clone, Default)]
pub struct Offered {
    /// The names of their actions.
    pub actions: BTreeSet<String>,
    /// Of each cure with actions, whether these are of pods alone.
    pub pods_alone: BTreeSet<bool>,
    /// The cause's own scenarios for which there is such a cure, without their ending.
    acts: BTreeSet<String>,
    /// Those for which there is none.
    leaves: BTreeSet<String>,
}

impl Offered {
    /// Which of the cause's own scenarios are acted on, and which are left; empty where that is the same for all.
    pub fn acts_on(&self) -> String {
        let list = |all: &BTreeSet<String>| all.iter().map(|f| format!("`{f}`")).collect::<Vec<_>>().join(", ");
        let left: BTreeSet<String> = self.leaves.difference(&self.acts).cloned().collect();
        if self.acts.is_empty() || left.is_empty() {
            return String::new();
        }
        format!("{}; not {}", list(&self.acts), list(&left))
    }
}

/// The cures of every cause.
pub fn offered() -> Result<BTreeMap<Cause, Offered>, ScenarioError> {
    let broken = [Expect::Violated, Expect::Possible, Expect::Warning];
    let mut all: BTreeMap<Cause, Offered> = BTreeMap::new();
    for (name, file, scenario) in scenarios()?.into_iter().filter(|(_, _, s)| broken.contains(&s.expect)) {
        let d = diagnose(&scenario.evidence()?);
        let stem = file.trim_end_matches(".toml").to_owned();
        for finding in d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings) {
            let own = finding.name() == name;
            let of = all.entry(finding.cause).or_default();
            let mut acts = false;
            for cure in finding.cures.iter().filter(|c| !c.actions.is_empty()) {
                acts = true;
                of.pods_alone.insert(cure.actions.iter().all(Action::renews_pods));
                of.actions.extend(cure.actions.iter().filter_map(name_of));
            }
            if own {
                if acts {
                    of.acts.insert(stem.clone())
                } else {
                    of.leaves.insert(stem.clone())
                };
            }
        }
    }
    Ok(all)
}

/// The name under which an action stands in documents.
fn name_of(action: &Action) -> Option<String> {
    serde_json::to_value(action).ok()?.get("action")?.as_str().map(str::to_owned)
}
