//! `sub-wrong-service-account`: the trust policy names another service account.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, World, names::LEDGER_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "sub-wrong-service-account",
    summary: "the trust policy names another service account",
    source: "https://github.com/kubernetes/autoscaler/issues/4788",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.trust(LEDGER_ROLE, |trust| trust.value("sub", "system:serviceaccount:payments:ledger-app"));
}
