//! `imds-hop-limit-blocks-node-role`: the pod lived on its node's role, and new nodes answer only one hop away.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, World};
use trustwalk_lab_node::Imds;

pub(super) static FAULT: Fault = Fault {
    name: "imds-hop-limit-blocks-node-role",
    summary: "the pod lived on its node's role, and new nodes answer only one hop away",
    source: "https://github.com/kubernetes-sigs/karpenter/issues/1769",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "no EC2 IMDS role found",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    // Nobody ever made a role for it: it lived on the node's.
    world.roles.remove(&on.role);
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.network.imds = Imds::HopLimited;
}
