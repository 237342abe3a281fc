//! `proxy-blocks-sts`: the proxy on the way refuses STS.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use trustwalk_lab_node::Reach;

pub(super) static FAULT: Fault = Fault {
    name: "proxy-blocks-sts",
    summary: "the proxy on the way refuses STS",
    source: "https://github.com/aws/aws-sdk-kotlin/issues/1180",
    target: Target::Workload(LEDGER),
    symptom: "roxy",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| ledger.set("HTTPS_PROXY", "http://proxy.octo-lab.example:3128"));
    world.network.hosts.insert(on.place.sts_host(), Reach::ProxyForbidden);
}
