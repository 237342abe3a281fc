//! `java-sts-module-missing`: the STS module is not on the class path.

use trustwalk_lab_node::Imds;

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{SETTLEMENT, World};

pub(super) static FAULT: Fault = Fault {
    name: "java-sts-module-missing",
    summary: "the STS module is not on the class path",
    source: "https://github.com/xtdb/xtdb/pull/4238",
    target: Target::Workload(SETTLEMENT),
    symptom: "'sts' service module",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    // Java tries the next provider: without the node's role in reach, the first error shows.
    world.network.imds = Imds::HopLimited;
    world.workload(on.id, |batch| "registry.lab.example/app-java-no-sts:2.30.0".clone_into(&mut batch.image));
}
