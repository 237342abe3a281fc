//! `annotation-missing-on-service-account`: nothing links the service account to its role.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, World};

pub(super) static FAULT: Fault = Fault {
    name: "annotation-missing-on-service-account",
    summary: "nothing links the service account to its role",
    source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3451",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
}
