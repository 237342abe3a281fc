//! `webhook-sa-cache-race`: the webhook had not heard of the service account when the pods were made.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, World};

pub(super) static FAULT: Fault = Fault {
    name: "webhook-sa-cache-race",
    summary: "the webhook had not heard of the service account when the pods were made",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook/issues/174",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.cached_late.insert(on.id.place());
}
