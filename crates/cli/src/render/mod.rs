//! Prose and tables from findings. Nothing here decides anything.

mod diagnosis;
mod plan;
mod rollout;
mod wrap;

pub(crate) use diagnosis::{human, short};
pub(crate) use plan::plan;
pub(crate) use rollout::Live;
