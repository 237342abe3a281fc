//! `role-arn-malformed-or-not-a-role`: the annotation holds the ARN of a policy.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, ROLE_ANNOTATION, World};

pub(super) static FAULT: Fault = Fault {
    name: "role-arn-malformed-or-not-a-role",
    summary: "the annotation holds the ARN of a policy",
    source: "https://github.com/DhananjayThomble/URL-Shortener-App/issues/526",
    target: Target::Workload(LEDGER),
    symptom: "Request ARN is invalid",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.annotate(on.id, ROLE_ANNOTATION, &format!("arn:aws:iam::{}:policy/{}", on.place.account, on.role));
}
