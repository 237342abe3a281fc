//! From evidence to a diagnosis: links, root cause, candidates, observations, consequences, gaps, timeline.

mod after;
mod candidates;
mod course;
mod engine;
mod habitat;
mod model;
mod saw;
mod survivors;
mod timeline;

pub use after::{After, AfterStep, Remaining};
pub use candidates::Candidate;
pub(crate) use course::{course, named};
pub use engine::diagnose;
pub use model::{Change, Diagnosis, Folded, LinkReport, LinkState, Outcome};
