//! `permissions-boundary`: the role's permissions boundary leaves out what the workload does.

use super::fault::{Fault, Start, Target};
use crate::world::{
    LEDGER, World, allow,
    names::{ACCOUNT, LEDGER_ROLE},
};

pub(super) static FAULT: Fault = Fault {
    name: "permissions-boundary",
    summary: "the role's permissions boundary leaves out what the workload does",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    target: Target::Workload(LEDGER),
    symptom: "because no permissions boundary allows the eks:ListClusters action",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/HarbourBoundary");
    world.policies.insert(arn.clone(), allow(&["s3:*", "sqs:*"]));
    world.role(LEDGER_ROLE, |role| role.boundary = Some(arn));
}
