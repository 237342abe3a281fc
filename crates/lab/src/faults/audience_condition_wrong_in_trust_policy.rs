//! `audience-condition-wrong-in-trust-policy`: the trust policy asks for another audience than the token's.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "audience-condition-wrong-in-trust-policy",
    summary: "the trust policy asks for another audience than the token's",
    source: "https://github.com/source-cooperative/source.coop/pull/382",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.value("aud", "sts.amazon.com"));
}
