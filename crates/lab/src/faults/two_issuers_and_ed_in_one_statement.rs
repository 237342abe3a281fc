//! `two-issuers-and-ed-in-one-statement`: conditions on two issuers stand in one statement, so both would have to hold.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{
    LEDGER, World,
    names::{OLD_ISSUER, bare},
};

pub(super) static FAULT: Fault = Fault {
    name: "two-issuers-and-ed-in-one-statement",
    summary: "conditions on two issuers stand in one statement, so both would have to hold",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-\
             or-values.html",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| {
        trust.also("StringEquals", &format!("{}:sub", bare(OLD_ISSUER)), &on.id.subject());
    });
}
