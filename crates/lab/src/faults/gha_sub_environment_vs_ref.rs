//! `gha-sub-environment-vs-ref`: the job has an environment, so its subject names that and not the branch.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "gha-sub-environment-vs-ref",
    summary: "the job has an environment, so its subject names that and not the branch",
    source: "https://github.com/keboola/keboola-as-code/pull/2649",
    target: Target::Job,
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.github.environment = Some("production".to_owned());
}
