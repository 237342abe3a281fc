//! `condition-key-missing-sub-suffix`: a condition key is the bare issuer.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World, names::bare};

pub(super) static FAULT: Fault = Fault {
    name: "condition-key-missing-sub-suffix",
    summary: "a condition key is the bare issuer",
    source: "https://github.com/external-secrets/external-secrets/issues/1860",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.key("sub", bare(on.issuer())));
}
