//! `association-for-another-service-account`: the Pod Identity association is for another service account.

use super::fault::{Fault, Start, Target};
use crate::world::Trust;
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, World, names::DNS_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "association-for-another-service-account",
    summary: "the Pod Identity association is for another service account",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "assumed-role/HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.unannotate(EXTERNAL_DNS, ROLE_ANNOTATION);
    world.trust(DNS_ROLE, |trust| *trust = Trust::pod_identity());
    world.webhook.associations.insert(("external-dns".to_owned(), "externaldns".to_owned()));
}
