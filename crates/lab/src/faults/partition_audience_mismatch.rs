//! `partition-audience-mismatch`: the token carries the audience of another partition's STS.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{AUDIENCE_ANNOTATION, LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "partition-audience-mismatch",
    summary: "the token carries the audience of another partition's STS",
    source: "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/1704",
    target: Target::Workload(LEDGER),
    symptom: "web identity token provided could not be validated",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.annotate(on.id, AUDIENCE_ANNOTATION, "sts.amazonaws.com.cn");
}
