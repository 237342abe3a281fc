//! `audience-not-in-provider-client-ids`: the token carries an audience that the provider does not list.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{AUDIENCE_ANNOTATION, LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "audience-not-in-provider-client-ids",
    summary: "the token carries an audience that the provider does not list",
    source: "https://github.com/openshift/hypershift/pull/4094",
    target: Target::Workload(LEDGER),
    symptom: "web identity token provided could not be validated",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.annotate(on.id, AUDIENCE_ANNOTATION, "ledger.octo-lab.example");
    world.trust(&on.role, |trust| trust.value("aud", "ledger.octo-lab.example"));
}
