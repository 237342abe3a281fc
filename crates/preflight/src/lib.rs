//! Judges what the files of a repository declare about identities on AWS, before it is applied: each way from a service
//! account, an association or a job to its role, with core's questions and core's words.
//!
//! What files do not tell is a symbol. Each gets the value that speaks most for the files: what is refused even so is a
//! finding, what is admitted only so is undetermined, because of it. Deliberately absent: files, network, clock.

mod admit;
mod ahead;
mod alone;
mod associations;
mod change;
mod evidence;
mod fill;
mod gather;
mod job_texts;
mod job_way;
mod jobs;
mod judge;
mod live;
mod model;
mod near;
mod others;
mod places;
mod pods;
mod policy;
mod put;
mod rehearsal;
mod way;
mod workloads;
mod world;

pub use admit::account as account_of_arn;
pub use change::{TrustChange, changes};
pub use gather::is_ci;
pub use judge::judge;
pub use live::over_live;
pub use model::{Found, Identity, Note, Related, Report, SCHEMA, Spot, Standing, Suppressed};
pub use rehearsal::{Answer, Asked, Judged, Rehearsed, Scene, SceneProvider, SceneRole, Verdict, Way, Whom};
pub use world::World;
