//! `trust-policy-wrong-action`: the statement allows sts:AssumeRole.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "trust-policy-wrong-action",
    summary: "the statement allows sts:AssumeRole",
    source: "https://github.com/aws/aws-cdk/issues/31128",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| "sts:AssumeRole".clone_into(&mut trust.action));
}
