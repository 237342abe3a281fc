//! `pod-identity-agent-missing`: pods are told to ask an agent that does not run.

use super::fault::{Fault, Start, Target};
use crate::world::names::DNS_ROLE;
use crate::world::{EXTERNAL_DNS, ROLE_ANNOTATION, Trust, World};

pub(super) static FAULT: Fault = Fault {
    name: "pod-identity-agent-missing",
    summary: "pods are told to ask an agent that does not run",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "169.254.170.23",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.unannotate(EXTERNAL_DNS, ROLE_ANNOTATION);
    world.trust(DNS_ROLE, |trust| *trust = Trust::pod_identity());
    world.webhook.associations.insert(("external-dns".to_owned(), "external-dns".to_owned()));
    world.network.pod_identity_agent = false;
}
