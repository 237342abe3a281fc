//! For tests only: healthy evidence to start from, certificates made on the spot, and scenarios
//! as patches on that evidence.

mod base;
mod certificates;
mod crowd;
mod hostile;
mod scenario;

pub use base::{NOW, blank, github_job, story};
pub use certificates::{Authority, authority};
pub use crowd::crowd;
pub use hostile::{FORGED, HOSTILE, leaves, spoiled, tainted};
pub use scenario::{Expect, Scenario, ScenarioError, scenarios};
