//! Carrying out a plan: the only crate that changes anything.
//!
//! Deliberately absent: choices. Every decision was made when the plan was built; here a step's
//! precondition is read again, the step is taken, and the journal says so before and after.

mod act;
mod error;
mod journal;
mod place;
mod rollout;
mod run;
mod verify;

pub use error::ApplyError;
pub use journal::Journal;
pub use rollout::{PodView, RolloutView};
pub use run::{Progress, restart, resume, rollback, run};
pub use verify::{PATIENCE, PAUSE, Verification, verify};
