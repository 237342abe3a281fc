//! `gha-sub-case-mismatch`: letters of the repository differ in case.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{World, names::CI_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "gha-sub-case-mismatch",
    summary: "letters of the repository differ in case",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/1100",
    target: Target::Job,
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.trust(CI_ROLE, |trust| trust.value("sub", "repo:Octo-Lab/Ledger:ref:refs/heads/main"));
}
