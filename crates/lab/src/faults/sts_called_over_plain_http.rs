//! `sts-endpoint-without-tls`: the endpoint of STS is given without TLS.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, World};

pub(super) static FAULT: Fault = Fault {
    name: "sts-endpoint-without-tls",
    summary: "the endpoint of STS is given without TLS",
    source: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "Post \"http://sts.us-west-2.amazonaws.com/\"",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |dns| dns.set("AWS_ENDPOINT_URL_STS", &format!("http://{}", on.place.sts_host())));
}
