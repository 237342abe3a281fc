//! The lab's world as plain data: what the healthy one is, and how faults edit it.
//! [`crate::Lab`] pushes the difference between two worlds into the running parts.

mod job;
pub mod names;
mod place;
mod state;
mod trust;
mod workload;

pub use job::Job;
pub use place::Place;
pub use state::{
    AUDIENCE_ANNOTATION, Generation, IssuerState, Provider, REGIONAL_ANNOTATION, ROLE_ANNOTATION, Registration, Role,
    World,
};
pub(crate) use state::{Base, allow};
pub use trust::{Condition, Trust};
pub use workload::{ALL, AWS_NODE, EXTERNAL_DNS, LEDGER, Mount, SETTLEMENT, Workload, WorkloadId, labels};
