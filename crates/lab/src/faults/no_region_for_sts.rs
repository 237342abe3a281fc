//! `sts-client-has-no-region`: the container's region is set to nothing, so the STS client has none.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, World};

pub(super) static FAULT: Fault = Fault {
    name: "sts-client-has-no-region",
    summary: "the container's region is set to nothing, so the STS client has none",
    source: "https://github.com/aws/aws-sdk-go-v2/issues/2502",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "Invalid Configuration: Missing Region",
    start: Start::AtOnce,
    edit,
};

/// Set by the pod, if to nothing, the webhook leaves the region alone; the SDK takes nothing for unset.
fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |dns| dns.set("AWS_REGION", ""));
}
