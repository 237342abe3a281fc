//! `webhook-misconfigured-api-version`: the webhook is asked in a version in which its answers are not taken.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, Registration, World};

pub(super) static FAULT: Fault = Fault {
    name: "webhook-misconfigured-api-version",
    summary: "the webhook is asked in a version in which its answers are not taken",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook/issues/225",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.registration = Registration::V1First;
}
