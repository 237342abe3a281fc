//! `federated-principal-malformed`: the principal is a bare issuer instead of a provider ARN.

use super::fault::{Fault, Start, Target};
use crate::world::{
    LEDGER, World,
    names::{ISSUER, LEDGER_ROLE, bare},
};

pub(super) static FAULT: Fault = Fault {
    name: "federated-principal-malformed",
    summary: "the principal is a bare issuer instead of a provider ARN",
    source: "https://github.com/aws-ia/terraform-aws-eks-blueprints-addons/issues/326",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.trust(LEDGER_ROLE, |trust| bare(ISSUER).clone_into(&mut trust.principal));
}
