//! `sts-vpc-endpoint-blackholed`: packets to the STS endpoint vanish.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{SETTLEMENT, World};
use trustwalk_lab_node::{Imds, Reach};

pub(super) static FAULT: Fault = Fault {
    name: "sts-vpc-endpoint-blackholed",
    summary: "packets to the STS endpoint vanish",
    source: "https://github.com/aws/amazon-vpc-cni-k8s/issues/1847",
    target: Target::Workload(SETTLEMENT),
    symptom: "sts.us-west-2.amazonaws.com",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    // Java tries the next provider: without the node's role in reach, the first error shows.
    world.network.imds = Imds::HopLimited;
    world.network.hosts.insert(on.place.sts_host(), Reach::Blackholed);
}
