//! From evidence to a diagnosis: links, root cause, candidates, observations, consequences, gaps, timeline.

mod after;
mod beside;
mod candidates;
mod course;
mod deciding;
mod engine;
mod looked;
mod model;
mod refused;
mod saw;
mod survivors;
mod timeline;
mod unlikely;
mod whom;

pub(crate) use after::remaining;
pub use beside::besides_identity;
pub use candidates::Candidate;
pub(crate) use course::{Refused, course, named};
pub use deciding::{Deciding, deciding};
pub(crate) use engine::walk;
pub use looked::{Looked, Place};
pub use model::{After, AfterStep, Change, Diagnosis, Folded, LinkReport, LinkState, Outcome, Remaining, Turn};
pub use refused::told_by_account;
pub use whom::{Named, identities_of_log, named_in_logs, object_in_logs, tells};

use crate::evidence::Evidence;

/// Walks the chain for one target, by the servers' clock where this machine's is off.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let corrected = evidence.by_servers_clock();
    let seen = corrected.as_ref().unwrap_or(evidence);
    let mut diagnosis = engine::walk(seen, corrected.as_ref().and_then(|_| evidence.clock_off()));
    after::follow(seen, &mut diagnosis);
    diagnosis
}
