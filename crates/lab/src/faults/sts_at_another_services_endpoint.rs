//! `sts-called-at-another-services-endpoint`: STS is called at the endpoint of EC2.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "sts-called-at-another-services-endpoint",
    summary: "STS is called at the endpoint of EC2",
    source: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html",
    target: Target::Workload(LEDGER),
    symptom: "The action AssumeRoleWithWebIdentity is not valid for this web service",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| {
        ledger.set("AWS_ENDPOINT_URL", &format!("https://ec2.{}.amazonaws.com", on.place.region));
    });
}
