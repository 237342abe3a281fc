//! `dns-or-network-to-sts-broken`: the name of STS does not resolve.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, World, names::STS_REGIONAL};
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

fn edit(world: &mut World) {
    world.network.hosts.insert(STS_REGIONAL.to_owned(), Reach::NoSuchHost);
}
