//! From evidence to a diagnosis: links, root cause, candidates, observations, consequences, gaps, timeline.

mod candidates;
mod engine;
mod habitat;
mod model;
mod saw;
mod survivors;
mod timeline;

pub use candidates::Candidate;
pub use engine::diagnose;
pub use model::{Change, Diagnosis, Folded, LinkReport, LinkState, Outcome};
