//! `annotation-key-wrong`: the annotation is spelt in a way nothing reads.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, World};

pub(super) static FAULT: Fault = Fault {
    name: "annotation-key-wrong",
    summary: "the annotation is spelt in a way nothing reads",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.annotate(on.id, "eks.amazonaws.com/role_arn", &on.role_arn());
}
