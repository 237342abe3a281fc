//! `wildcard-with-stringequals`: a pattern stands under `StringEquals`, which compares it letter by letter.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "wildcard-with-stringequals",
    summary: "a pattern stands under StringEquals, which compares it letter by letter",
    source: "https://github.com/gitops-bridge-dev/gitops-bridge/pull/26",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.value("sub", &format!("system:serviceaccount:{}:*", on.id.namespace)));
}
