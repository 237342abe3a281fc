//! `webhook-version-ignores-annotation`: the webhook is too old to act on the annotation.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, REGIONAL_ANNOTATION, World, names::STS_GLOBAL};
use trustwalk_lab_node::Reach;

pub(super) static FAULT: Fault = Fault {
    name: "webhook-version-ignores-annotation",
    summary: "the webhook is too old to act on the annotation",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook/issues/123",
    target: Target::Workload(LEDGER),
    symptom: "sts.amazonaws.com",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.annotate(LEDGER, REGIONAL_ANNOTATION, "true");
    world.webhook.ignores_regional_annotation = true;
    world.workload(LEDGER, |ledger| "registry.lab.example/app-python:1.26.0".clone_into(&mut ledger.image));
    world.network.hosts.insert(STS_GLOBAL.to_owned(), Reach::Blackholed);
}
