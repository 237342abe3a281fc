//! `sub-wrong-namespace`: the trust policy names another namespace.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "sub-wrong-namespace",
    summary: "the trust policy names another namespace",
    source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/801",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| trust.value("sub", &format!("system:serviceaccount:billing:{}", on.id.name)));
}
