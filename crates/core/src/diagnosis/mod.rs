//! From evidence to a diagnosis: links, root cause, consequences, gaps, timeline.

mod engine;
mod model;
mod possible;
mod saw;
mod timeline;

pub use engine::diagnose;
pub use model::{Change, Diagnosis, Folded, LinkReport, LinkState, Outcome};
