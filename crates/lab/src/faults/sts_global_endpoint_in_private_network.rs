//! `sts-global-endpoint-in-private-network`: the application calls global STS from a network that reaches only the
//! regional one.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, REGIONAL_ANNOTATION, World, names::STS_GLOBAL};
use trustwalk_lab_node::Reach;

pub(super) static FAULT: Fault = Fault {
    name: "sts-global-endpoint-in-private-network",
    summary: "the application calls global STS from a network that reaches only the regional one",
    source: "https://github.com/awsdocs/amazon-eks-user-guide/pull/337",
    target: Target::Workload(LEDGER),
    symptom: "sts.amazonaws.com",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.annotate(on.id, REGIONAL_ANNOTATION, "false");
    world.workload(on.id, |ledger| "registry.lab.example/app-python:1.26.0".clone_into(&mut ledger.image));
    world.network.hosts.insert(STS_GLOBAL.to_owned(), Reach::Blackholed);
}
