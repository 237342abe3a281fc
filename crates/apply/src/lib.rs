//! Carrying out a plan: the only crate that changes anything.
//!
//! Deliberately absent: choices. Every decision was made when the plan was built; here a step's
//! precondition is read again, the step is taken, and the journal says so before and after.

mod act;
mod error;
mod home;
mod journal;
mod kept;
mod outlook;
mod patch;
mod place;
mod preflight;
mod progress;
mod rollout;
mod run;
mod standing;
mod state;
mod verify;

pub use error::{ApplyError, Foreign, HomeError};
pub use home::Home;
pub use journal::Journal;
pub use outlook::{Way, outlook};
pub use progress::{PodView, Progress, RolloutView, Still};
pub use run::{Since, drifted, restart, resume, rollback, run};
pub use verify::{LINGERS, PATIENCE, PAUSE, Verification, has_retired, unproven, verify};
