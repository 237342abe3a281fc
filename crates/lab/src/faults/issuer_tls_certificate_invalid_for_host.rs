//! `issuer-tls-certificate-invalid-for-host`: the issuer's certificate names another host.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};
use trustwalk_lab_issuer::pki::Presentation;

pub(super) static FAULT: Fault = Fault {
    name: "issuer-tls-certificate-invalid-for-host",
    summary: "the issuer's certificate names another host",
    source: "https://repost.aws/knowledge-center/iam-sts-invalididentitytoken",
    target: Target::Workload(LEDGER),
    symptom: "InvalidIdentityToken",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.issuer.presentation = Presentation::WrongHost;
}
