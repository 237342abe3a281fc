//! `https-prefix-in-arn-or-condition-key`: condition keys are written with https://.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "https-prefix-in-arn-or-condition-key",
    summary: "condition keys are written with https://",
    source: "https://github.com/terraform-aws-modules/terraform-aws-iam/pull/50",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.trust(&on.role, |trust| {
        trust.key("aud", &format!("{}:aud", on.issuer()));
        trust.key("sub", &format!("{}:sub", on.issuer()));
    });
}
