//! `dns-or-network-to-sts-broken`: the name of STS does not resolve.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use trustwalk_lab_node::Reach;

pub(super) static FAULT: Fault = Fault {
    name: "dns-or-network-to-sts-broken",
    summary: "the name of STS does not resolve",
    source: "https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2314",
    target: Target::Workload(LEDGER),
    symptom: "sts.us-west-2.amazonaws.com",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.network.hosts.insert(on.place.sts_host(), Reach::NoSuchHost);
}
