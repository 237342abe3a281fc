//! `issuer-keys-fetch-transient-failure`: the issuer answers the first requests for its keys with an error.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use trustwalk_lab_issuer::DocumentFault;

pub(super) static FAULT: Fault = Fault {
    name: "issuer-keys-fetch-transient-failure",
    summary: "the issuer answers the first requests for its keys with an error",
    source: "https://github.com/smartcontractkit/chainlink/pull/8664",
    target: Target::Workload(LEDGER),
    symptom: "Couldn't retrieve verification key from your identity provider",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.issuer.faults.keys = DocumentFault::Flaky(2);
}
