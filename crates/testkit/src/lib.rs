//! For tests only: healthy evidence to start from, certificates made on the spot, and scenarios
//! as patches on that evidence.

mod base;
mod certificates;
mod crowd;
mod error;
mod hostile;
mod offered;
mod scenario;

pub use base::{NOW, blank, github_job, story};
pub use certificates::{Authority, authority};
pub use crowd::crowd;
pub use error::ScenarioError;
pub use hostile::{FORGED, HOSTILE, leaves, spoiled, tainted};
pub use offered::{Offered, offered};
pub use scenario::{Expect, Scenario, scenarios};
