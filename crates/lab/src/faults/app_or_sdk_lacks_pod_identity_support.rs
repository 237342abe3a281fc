//! `app-or-sdk-lacks-pod-identity-support`: the SDK does not know the Pod Identity Agent's address.

use super::fault::{Fault, Start, Target};
use crate::world::names::LEDGER_ROLE;
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

fn edit(world: &mut World) {
    world.unannotate(LEDGER, ROLE_ANNOTATION);
    world.trust(LEDGER_ROLE, |trust| *trust = Trust::pod_identity());
    world.webhook.associations.insert(("payments".to_owned(), "ledger".to_owned()));
    world.workload(LEDGER, |ledger| "registry.lab.example/app-python:1.26.0".clone_into(&mut ledger.image));
}
