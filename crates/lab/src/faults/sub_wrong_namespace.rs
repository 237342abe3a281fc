//! `sub-wrong-namespace`: the trust policy names another namespace.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, World, names::LEDGER_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "sub-wrong-namespace",
    summary: "the trust policy names another namespace",
    source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/801",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.trust(LEDGER_ROLE, |trust| trust.value("sub", "system:serviceaccount:billing:ledger"));
}
