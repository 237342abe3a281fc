//! `app-or-sdk-lacks-pod-identity-support`: the SDK does not know the Pod Identity Agent's address.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, ROLE_ANNOTATION, Trust, World};

pub(super) static FAULT: Fault = Fault {
    name: "app-or-sdk-lacks-pod-identity-support",
    summary: "the SDK does not know the Pod Identity Agent's address",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/942",
    target: Target::Workload(LEDGER),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.trust(&on.role, |trust| *trust = Trust::pod_identity());
    world.webhook.associations.insert(on.id.place());
    world.workload(on.id, |ledger| "registry.lab.example/app-python:1.26.0".clone_into(&mut ledger.image));
}
