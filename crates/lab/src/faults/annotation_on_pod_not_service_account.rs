//! `annotation-on-pod-not-service-account`: the role is annotated on the pod, where nothing reads it.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, World};

pub(super) static FAULT: Fault = Fault {
    name: "annotation-on-pod-not-service-account",
    summary: "the role is annotated on the pod, where nothing reads it",
    source: "https://github.com/crossplane-contrib/provider-aws/issues/1467",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.workload(on.id, |dns| {
        dns.pod_annotations.insert(ROLE_ANNOTATION.to_owned(), on.role_arn());
    });
}
