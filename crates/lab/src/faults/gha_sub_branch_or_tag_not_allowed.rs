//! `gha-sub-branch-or-tag-not-allowed`: the run is of a ref that no pattern of the trust policy admits.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "gha-sub-branch-or-tag-not-allowed",
    summary: "the run is of a ref that no pattern of the trust policy admits",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/443",
    target: Target::Job,
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    "refs/heads/release/1.2".clone_into(&mut world.job.github.git_ref);
}
