//! `container-skipped-by-annotation`: the pod's annotation keeps the webhook from its container.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "container-skipped-by-annotation",
    summary: "the pod's annotation keeps the webhook from its container",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook#readme",
    target: Target::Workload(LEDGER),
    symptom: "assumed-role/HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| {
        ledger
            .pod_annotations
            .insert("eks.amazonaws.com/skip-containers".to_owned(), format!("sidecar,{}", on.id.name));
    });
}
