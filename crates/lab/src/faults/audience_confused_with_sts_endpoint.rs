//! `audience-confused-with-sts-endpoint`: a host name of STS is used as the audience.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{AUDIENCE_ANNOTATION, LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "audience-confused-with-sts-endpoint",
    summary: "a host name of STS is used as the audience",
    source: "https://github.com/aws/amazon-eks-pod-identity-webhook/issues/39",
    target: Target::Workload(LEDGER),
    symptom: "web identity token provided could not be validated",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.annotate(on.id, AUDIENCE_ANNOTATION, &on.place.sts_host());
}
