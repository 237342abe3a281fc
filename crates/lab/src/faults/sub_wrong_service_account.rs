//! `sub-wrong-service-account`: the trust policy names another service account.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "sub-wrong-service-account",
    summary: "the trust policy names another service account",
    source: "https://github.com/kubernetes/autoscaler/issues/4788",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.value("sub", &format!("{}-app", on.id.subject())));
}
