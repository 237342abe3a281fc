//! `sub-value-under-aud-key`: a subject stands under the audience key.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "sub-value-under-aud-key",
    summary: "a subject stands under the audience key",
    source: "https://github.com/external-secrets/kubernetes-external-secrets/issues/287",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.value("aud", &on.id.subject()));
}
