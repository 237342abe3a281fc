//! Prose and tables from findings. Nothing here decides anything.

mod diagnosis;
mod many;
mod plan;
mod rollout;
mod wrap;

pub(crate) use diagnosis::{human, short};
pub(crate) use many::{many, overview, repeated, same_cause};
pub(crate) use plan::plan;
pub(crate) use rollout::Live;
