//! `federated-principal-malformed`: the principal is a bare issuer instead of a provider ARN.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World, names::bare};

pub(super) static FAULT: Fault = Fault {
    name: "federated-principal-malformed",
    summary: "the principal is a bare issuer instead of a provider ARN",
    source: "https://github.com/aws-ia/terraform-aws-eks-blueprints-addons/issues/326",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| bare(on.issuer()).clone_into(&mut trust.principal));
}
