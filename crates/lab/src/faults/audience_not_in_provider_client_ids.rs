//! `audience-not-in-provider-client-ids`: the token carries an audience that the provider does not list.

use super::fault::{Fault, Start, Target};
use crate::world::{AUDIENCE_ANNOTATION, LEDGER, World, names::LEDGER_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "audience-not-in-provider-client-ids",
    summary: "the token carries an audience that the provider does not list",
    source: "https://github.com/openshift/hypershift/pull/4094",
    target: Target::Workload(LEDGER),
    symptom: "Incorrect token audience",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.annotate(LEDGER, AUDIENCE_ANNOTATION, "ledger.octo-lab.example");
    world.trust(LEDGER_ROLE, |trust| trust.value("aud", "ledger.octo-lab.example"));
}
