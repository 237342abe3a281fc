//! `trust-policy-lacks-web-identity-statement`: the role trusts instances only.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, Trust, World};

pub(super) static FAULT: Fault = Fault {
    name: "trust-policy-lacks-web-identity-statement",
    summary: "the role trusts instances only",
    source: "https://github.com/kubernetes-sigs/aws-efs-csi-driver/issues/359",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| *trust = Trust::service("ec2.amazonaws.com"));
}
