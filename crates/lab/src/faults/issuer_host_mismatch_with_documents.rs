//! `issuer-host-mismatch-with-documents`: the discovery document names another issuer.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "issuer-host-mismatch-with-documents",
    summary: "the discovery document names another issuer",
    source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3237",
    target: Target::Workload(LEDGER),
    symptom: "Couldn't retrieve verification key from your identity provider",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.issuer.faults.issuer_member = Some(on.issuer().replace("oidc.eks.", "oidc-eks."));
}
