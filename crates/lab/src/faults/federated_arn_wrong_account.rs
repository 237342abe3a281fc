//! `federated-arn-wrong-account`: the principal names the provider of another account.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{
    LEDGER, World,
    names::{OTHER_ACCOUNT, provider_arn},
};

pub(super) static FAULT: Fault = Fault {
    name: "federated-arn-wrong-account",
    summary: "the principal names the provider of another account",
    source: "https://github.com/crossplane-contrib/provider-aws/pull/1331",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.principal = provider_arn(OTHER_ACCOUNT, on.issuer()));
}
