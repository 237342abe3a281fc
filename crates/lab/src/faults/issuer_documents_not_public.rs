//! `issuer-documents-not-public`: discovery document and keys answer 403.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use trustwalk_lab_issuer::DocumentFault;

pub(super) static FAULT: Fault = Fault {
    name: "issuer-documents-not-public",
    summary: "discovery document and keys answer 403",
    source: "https://github.com/kubernetes/kops/issues/12628",
    target: Target::Workload(LEDGER),
    symptom: "Couldn't retrieve verification key from your identity provider",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.issuer.faults.discovery = DocumentFault::Status(403);
    world.issuer.faults.keys = DocumentFault::Status(403);
}
