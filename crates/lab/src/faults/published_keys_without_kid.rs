//! `published-keys-without-kid`: the issuer's keys are published without kid and alg.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use trustwalk_lab_issuer::KeySetFault;

pub(super) static FAULT: Fault = Fault {
    name: "published-keys-without-kid",
    summary: "the issuer's keys are published without kid and alg",
    source: "https://www.rfc-editor.org/rfc/rfc7517#section-4.5",
    target: Target::Workload(LEDGER),
    symptom: "Couldn't retrieve verification key from your identity provider",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.issuer.faults.key_set = KeySetFault::Unnamed;
}
