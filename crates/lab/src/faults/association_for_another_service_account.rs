//! `association-for-another-service-account`: the Pod Identity association is for another service account.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::Trust;
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, World};

pub(super) static FAULT: Fault = Fault {
    name: "association-for-another-service-account",
    summary: "the Pod Identity association is for another service account",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "assumed-role/HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.trust(&on.role, |trust| *trust = Trust::pod_identity());
    world.webhook.associations.insert((
        on.id.namespace.to_owned(),
        on.id.name.replace('-', "") + if on.id.name.contains('-') { "" } else { "s" },
    ));
}
