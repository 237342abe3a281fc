//! From evidence to a diagnosis: links, root cause, consequences, gaps, timeline.

mod model;

pub use model::{Change, Diagnosis, Folded, LinkReport, LinkState};
