//! `condition-key-not-issuer-path`: a condition key is written with the provider ARN.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "condition-key-not-issuer-path",
    summary: "a condition key is written with the provider ARN",
    source: "https://github.com/aws/karpenter-provider-aws/issues/1666",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.key("sub", &format!("{}:sub", on.place.provider_arn())));
}
