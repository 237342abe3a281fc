//! `permissions-explicit-deny`: a policy of the role denies what the workload does.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use serde_json::json;

pub(super) static FAULT: Fault = Fault {
    name: "permissions-explicit-deny",
    summary: "a policy of the role denies what the workload does",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    target: Target::Workload(LEDGER),
    symptom: "with an explicit deny in an identity-based policy",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    let statement = |effect: &str| json!({"Effect": effect, "Action": "eks:List*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [statement("Allow"), statement("Deny")]});
    world.role(&on.role, |role| role.inline = Some(document));
}
