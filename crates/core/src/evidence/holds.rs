//! What of other people's text evidence holds, counted, so that whoever passes it on knows.

use serde::{Deserialize, Serialize};

use super::kept::WITHHELD;
use super::{Evidence, PodSpec};

/// Counts over all identities of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Holds {
    /// Identities.
    pub identities: usize,
    /// Environment variables of containers and jobs that are named.
    pub variables: usize,
    /// Those of them whose value is kept.
    pub variable_values: usize,
    /// Annotations that are named.
    pub annotations: usize,
    /// Those of them whose value is kept.
    pub annotation_values: usize,
    /// Labels, with their values.
    pub labels: usize,
    /// Tags, with their values.
    pub tags: usize,
    /// Inputs of the step that assumes a role, with their values.
    pub inputs: usize,
    /// Claims of tokens, with their values. Never the token.
    pub claims: usize,
    /// Trust policies and permission policies, as they are stored.
    pub policies: usize,
    /// Failures in logs, each with a line, redacted.
    pub log_lines: usize,
}

impl Holds {
    /// Adds one identity without what it shares.
    pub(super) fn add(&mut self, e: &Evidence) {
        let pods = e.pods.known().into_iter().flatten().map(|p| &p.spec);
        for spec in e.workload.known().map(|w| &w.template).into_iter().chain(pods) {
            self.spec(spec);
        }
        let own = e.workload.known().map(|w| &w.annotations);
        for annotations in e.service_account.known().map(|a| &a.annotations).into_iter().chain(own) {
            self.annotated(annotations.values());
        }
        self.labels += e.service_account.known().map_or(0, |a| a.labels.len());
        self.claims += e.token.known().map_or(0, |t| t.claims.len());
        self.log_lines += e.logs.known().map_or(0, Vec::len) + e.besides.unclear.len() + e.besides.mentioned.len();
        if let Some(job) = e.job.known() {
            self.inputs += job.inputs.len();
            self.variables += job.env.len();
        }
    }

    fn spec(&mut self, spec: &PodSpec) {
        let variables = || spec.containers.iter().flat_map(|c| &c.env);
        self.variables += variables().count();
        self.variable_values += variables().filter(|v| v.value().is_some()).count();
        self.annotated(spec.annotations.values());
        self.labels += spec.labels.len();
    }

    /// Adds annotations by their values.
    pub(super) fn annotated<'a>(&mut self, values: impl Iterator<Item = &'a String>) {
        for value in values {
            self.annotations += 1;
            self.annotation_values += usize::from(value != WITHHELD);
        }
    }
}
