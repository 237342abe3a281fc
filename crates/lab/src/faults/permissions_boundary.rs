//! `permissions-boundary`: the role's permissions boundary leaves out what the workload does.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World, allow};

pub(super) static FAULT: Fault = Fault {
    name: "permissions-boundary",
    summary: "the role's permissions boundary leaves out what the workload does",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    target: Target::Workload(LEDGER),
    symptom: "because no permissions boundary allows the eks:ListClusters action",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    let arn = format!("arn:aws:iam::{}:policy/HarbourBoundary", on.place.account);
    world.policies.insert(arn.clone(), allow(&["s3:*", "sqs:*"]));
    world.role(&on.role, |role| role.boundary = Some(arn));
}
