//! `federated-arn-wrong-provider`: the principal names another provider of the account.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{
    AWS_NODE, World,
    names::{ACCOUNT, CI_ISSUER, provider_arn},
};

pub(super) static FAULT: Fault = Fault {
    name: "federated-arn-wrong-provider",
    summary: "the principal names another provider of the account",
    source: "https://github.com/aws/amazon-vpc-cni-k8s/issues/3306",
    target: Target::Workload(AWS_NODE),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.principal = provider_arn(ACCOUNT, CI_ISSUER));
}
