//! A scenario as it outlives its lab: its text. What its files of manifests had is in the clusters by then.

use std::collections::BTreeMap;
use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::Scenario;
use crate::LabError;

/// The scenario that a lab began with.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptScenario {
    text: String,
    /// SHA-256 of its text and its manifests.
    digest: String,
}

fn digest_of(scenario: &Scenario) -> String {
    let mut all = scenario.text.clone();
    for (cluster, manifests) in &scenario.manifests {
        for manifest in manifests {
            // Writing to a string cannot fail.
            let _ = write!(all, "\n{cluster}\n{manifest}");
        }
    }
    let mut hex = String::new();
    for byte in digest(&SHA256, all.as_bytes()).as_ref() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

impl From<&Scenario> for KeptScenario {
    fn from(scenario: &Scenario) -> Self {
        let digest = scenario.kept_digest.clone().unwrap_or_else(|| digest_of(scenario));
        Self { text: scenario.text.clone(), digest }
    }
}

impl KeptScenario {
    /// Whether a scenario that was read is this one.
    pub(crate) fn is_of(&self, scenario: &Scenario) -> bool {
        self.digest == digest_of(scenario)
    }

    /// The scenario once more, without manifests.
    pub(crate) fn again(&self) -> Result<Scenario, LabError> {
        let mut scenario = Scenario::of(&self.text, BTreeMap::new())?;
        scenario.kept_digest = Some(self.digest.clone());
        Ok(scenario)
    }
}
