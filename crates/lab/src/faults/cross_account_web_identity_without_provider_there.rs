//! `cross-account-web-identity-without-provider-there`: the role is in an account that has no provider for the issuer.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, ROLE_ANNOTATION, World, names::OTHER_ACCOUNT};

pub(super) static FAULT: Fault = Fault {
    name: "cross-account-web-identity-without-provider-there",
    summary: "the role is in an account that has no provider for the issuer",
    source: "https://github.com/estuary/flow/pull/3298",
    target: Target::Workload(LEDGER),
    symptom: "No OpenIDConnect provider found in your account",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.annotate(on.id, ROLE_ANNOTATION, &format!("arn:aws:iam::{OTHER_ACCOUNT}:role/SharedLedgerReader"));
}
