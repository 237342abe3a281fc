//! `iss-condition-value-wrong-scheme`: a condition on iss, which web identity does not fill.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World, names::bare};

pub(super) static FAULT: Fault = Fault {
    name: "iss-condition-value-wrong-scheme",
    summary: "a condition on iss, which web identity does not fill",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/672",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.also("StringEquals", &format!("{}:iss", bare(on.issuer())), bare(on.issuer())));
}
