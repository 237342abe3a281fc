//! `pod-identity-role-lacks-tag-session`: the associated role lets EKS have it, but not tag its sessions.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, Trust, World};

pub(super) static FAULT: Fault = Fault {
    name: "pod-identity-role-lacks-tag-session",
    summary: "the associated role lets EKS have it, but not tag its sessions",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "EKS does not have permissions to assume the associated role",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.trust(&on.role, |trust| *trust = Trust::service("pods.eks.amazonaws.com"));
    world.webhook.associations.insert(on.id.place());
}
