//! `federated-arn-wrong-account`: the principal names the provider of another account.

use super::fault::{Fault, Start, Target};
use crate::world::{
    LEDGER, World,
    names::{ISSUER, LEDGER_ROLE, OTHER_ACCOUNT, provider_arn},
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

fn edit(world: &mut World) {
    world.trust(LEDGER_ROLE, |trust| trust.principal = provider_arn(OTHER_ACCOUNT, ISSUER));
}
