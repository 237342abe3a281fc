//! Workloads that were looked at because they fail, and show no sign that an identity is what they lack.

use super::model::Diagnosis;
use crate::cause::Cause;
use crate::evidence::{Evidence, Target};
use crate::finding::{Confidence, Finding};
use crate::observation::{Observation, Seen};

/// Why nothing was judged of a workload: it names no role, and nothing that was seen of it speaks of credentials.
/// `None` where something does.
pub fn besides_identity(e: &Evidence, d: &Diagnosis) -> Option<String> {
    if !matches!(e.target, Target::Workload { .. }) || e.names_identity() {
        return None;
    }
    // What could not be read may name one.
    if e.service_account.is_open() || e.role_arn.is_open() || e.associations.is_refused() {
        return None;
    }
    let mut named = d.root_cause.iter().chain(&d.also).chain(&d.possible).chain(&d.warnings);
    // That it names no role is what it is looked at for, and no sign that it should.
    let told = |f: &Finding| f.cause != Cause::AnnotationMissingOnServiceAccount || f.confidence == Confidence::Proven;
    let speaks = |o: &Observation| o.speaks() || o.seen == Seen::Unclear;
    if named.any(told) || d.observations.iter().any(speaks) {
        return None;
    }
    Some(match e.logs.gap() {
        None => "it names no role, and its log says nothing of credentials".to_owned(),
        Some(gap) => format!("it names no role, and its log was not read ({gap})"),
    })
}
