//! `condition-key-claim-not-supported-by-iam`: a condition asks for a claim that IAM does not read from this issuer.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World, names::bare};

pub(super) static FAULT: Fault = Fault {
    name: "condition-key-claim-not-supported-by-iam",
    summary: "a condition asks for a claim that IAM does not read from this issuer",
    source: "https://github.com/aws-samples/github-actions-oidc-cdk-construct/issues/5",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| {
        trust.also("StringEquals", &format!("{}:kubernetes.io/namespace", bare(on.issuer())), on.id.namespace);
    });
}
