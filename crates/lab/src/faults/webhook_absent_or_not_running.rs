//! `webhook-absent-or-not-running`: nothing injects the role; pods run as their node.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, Registration, World};

pub(super) static FAULT: Fault = Fault {
    name: "webhook-absent-or-not-running",
    summary: "nothing injects the role; pods run as their node",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook/issues/68",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.registration = Registration::Absent;
}
