//! `pod-created-before-annotation-or-webhook`: the pods are older than the annotation.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, World};

pub(super) static FAULT: Fault = Fault {
    name: "pod-created-before-annotation-or-webhook",
    summary: "the pods are older than the annotation",
    source: "https://github.com/external-secrets/kubernetes-external-secrets/issues/419",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.annotated_late.insert(on.id.place());
}
