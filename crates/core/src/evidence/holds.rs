//! What of other people's text evidence holds, counted, so that whoever passes it on knows.

use serde::{Deserialize, Serialize};

use super::kept::WITHHELD;
use super::{Evidence, Observed, PodSpec, Role};

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
    /// Counts what some evidence holds.
    pub fn of(evidence: &[Evidence]) -> Self {
        let mut held = Self { identities: evidence.len(), ..Self::default() };
        for e in evidence {
            held.add(e);
        }
        held
    }

    fn add(&mut self, e: &Evidence) {
        let pods = e.pods.known().into_iter().flatten().map(|p| &p.spec);
        for spec in e.workload.known().map(|w| &w.template).into_iter().chain(pods) {
            self.spec(spec);
        }
        let accounts = e.service_account.known().into_iter().chain(e.siblings.known().into_iter().flatten());
        let own = e.workload.known().map(|w| &w.annotations);
        for annotations in accounts.map(|a| &a.annotations).chain(own) {
            self.annotated(annotations.values());
        }
        let own = || [&e.role, &e.association_role, &e.association_target].into_iter().filter_map(Observed::known);
        let roles = || own().chain(e.trusting.known().into_iter().flatten());
        let associations = e.associations.known().into_iter().flatten();
        self.tags += e.provider.known().map_or(0, |p| p.tags.len())
            + roles().map(|r: &Role| r.tags.len()).sum::<usize>()
            + associations.map(|a| a.tags.len()).sum::<usize>();
        let policies = [&e.policies, &e.association_policies].into_iter().filter_map(Observed::known).flatten();
        let documents = policies.filter(|p| p.document.is_some());
        self.policies += roles().count() + documents.count();
        self.claims += e.token.known().map_or(0, |t| t.claims.len());
        self.log_lines += e.logs.known().map_or(0, Vec::len) + e.besides.unclear.len();
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

    fn annotated<'a>(&mut self, values: impl Iterator<Item = &'a String>) {
        for value in values {
            self.annotations += 1;
            self.annotation_values += usize::from(value != WITHHELD);
        }
    }
}
