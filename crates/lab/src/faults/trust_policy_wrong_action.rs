//! `trust-policy-wrong-action`: the statement allows sts:AssumeRole.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, World, names::LEDGER_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "trust-policy-wrong-action",
    summary: "the statement allows sts:AssumeRole",
    source: "https://github.com/aws/aws-cdk/issues/31128",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.trust(LEDGER_ROLE, |trust| "sts:AssumeRole".clone_into(&mut trust.action));
}
