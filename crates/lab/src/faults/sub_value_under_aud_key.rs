//! `sub-value-under-aud-key`: a subject stands under the audience key.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, World, names::LEDGER_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "sub-value-under-aud-key",
    summary: "a subject stands under the audience key",
    source: "https://github.com/external-secrets/kubernetes-external-secrets/issues/287",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.trust(LEDGER_ROLE, |trust| trust.value("aud", "system:serviceaccount:payments:ledger"));
}
