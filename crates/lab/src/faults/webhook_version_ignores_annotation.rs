//! `webhook-version-ignores-annotation`: the webhook is too old to act on the annotation.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, World};
pub(super) static FAULT: Fault = Fault {
    name: "webhook-version-ignores-annotation",
    summary: "the webhook is too old to act on the annotation",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook/issues/123",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    // A webhook that does not act is one that looks right past the service account.
    world.webhook.not_in_cache.insert(on.id.place());
}
