//! `wildcard-with-stringequals`: a pattern stands under `StringEquals`, which compares it letter by letter.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, World, names::LEDGER_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "wildcard-with-stringequals",
    summary: "a pattern stands under StringEquals, which compares it letter by letter",
    source: "https://github.com/gitops-bridge-dev/gitops-bridge/pull/26",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.trust(LEDGER_ROLE, |trust| trust.value("sub", "system:serviceaccount:payments:*"));
}
