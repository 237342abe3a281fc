//! `pod-identity-agent-missing`: pods are told to ask an agent that does not run.

use super::fault::{Fault, Mark, Start, Target};
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

fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.trust(&on.role, |trust| *trust = Trust::pod_identity());
    world.webhook.associations.insert(on.id.place());
    world.network.pod_identity_agent = false;
}
