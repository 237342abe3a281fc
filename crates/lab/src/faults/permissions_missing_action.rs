//! `permissions-missing-action`: no policy of the role allows what the workload does.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World, allow};

pub(super) static FAULT: Fault = Fault {
    name: "permissions-missing-action",
    summary: "no policy of the role allows what the workload does",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    target: Target::Workload(LEDGER),
    symptom: "because no identity-based policy allows the eks:ListClusters action",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.role(&on.role, |role| role.inline = Some(allow(&["eks:DescribeCluster"])));
}
