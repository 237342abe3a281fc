//! `network-policy-blocks-sts`: a network policy lets no packet out to STS.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use serde_json::json;

pub(super) static FAULT: Fault = Fault {
    name: "network-policy-blocks-sts",
    summary: "a network policy lets no packet out to STS",
    source: "https://github.com/aws/aws-network-policy-agent/issues/73",
    target: Target::Workload(LEDGER),
    symptom: "sts.us-west-2.amazonaws.com",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.network_policies.insert(
        (on.id.namespace.to_owned(), "egress".to_owned()),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "egress", "namespace": on.id.namespace},
            "spec": {
                "podSelector": {}, "policyTypes": ["Egress"],
                "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/16"}}]}],
            },
        }),
    );
}
