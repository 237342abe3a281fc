//! `app-configured-for-another-credential-source`: the application is told to use a profile, so the injected identity
//! is ignored.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "app-configured-for-another-credential-source",
    summary: "the application is told to use a profile, so the injected identity is ignored",
    source: "https://github.com/aws/amazon-cloudwatch-agent-operator/issues/119",
    target: Target::Workload(LEDGER),
    symptom: "profile",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| ledger.set("AWS_PROFILE", "payments-prod"));
}
