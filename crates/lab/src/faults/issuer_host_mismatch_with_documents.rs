//! `issuer-host-mismatch-with-documents`: the discovery document names another issuer.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, World, names::ISSUER};

pub(super) static FAULT: Fault = Fault {
    name: "issuer-host-mismatch-with-documents",
    summary: "the discovery document names another issuer",
    source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3237",
    target: Target::Workload(LEDGER),
    symptom: "Couldn't retrieve verification key from your identity provider",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.issuer.faults.issuer_member = Some(ISSUER.replace("oidc.eks.us-west-2", "oidc-eks.us-west-2"));
}
