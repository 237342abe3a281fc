//! `webhook-misconfigured-cabundle`: the API server cannot verify the webhook, and the failure policy lets pods pass.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, Registration, World};

pub(super) static FAULT: Fault = Fault {
    name: "webhook-misconfigured-cabundle",
    summary: "the API server cannot verify the webhook, and the failure policy lets pods pass",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook/issues/135",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.registration = Registration::ForeignCa;
}
