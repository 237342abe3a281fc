//! `pod-identity-role-does-not-trust-eks`: the associated role does not let EKS have it.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, World};

pub(super) static FAULT: Fault = Fault {
    name: "pod-identity-role-does-not-trust-eks",
    summary: "the associated role does not let EKS have it",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "EKS does not have permissions to assume the associated role",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.webhook.associations.insert(on.id.place());
}
