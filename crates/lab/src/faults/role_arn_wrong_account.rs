//! `role-arn-wrong-account`: the annotation names a role of another account.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, World, names::OTHER_ACCOUNT};

pub(super) static FAULT: Fault = Fault {
    name: "role-arn-wrong-account",
    summary: "the annotation names a role of another account",
    source: "https://repost.aws/knowledge-center/eks-troubleshoot-irsa-errors",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "No OpenIDConnect provider found in your account",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.annotate(on.id, ROLE_ANNOTATION, &format!("arn:aws:iam::{OTHER_ACCOUNT}:role/{}", on.role));
}
