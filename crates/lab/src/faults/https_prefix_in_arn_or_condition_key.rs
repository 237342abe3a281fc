//! `https-prefix-in-arn-or-condition-key`: condition keys are written with https://.

use super::fault::{Fault, Start, Target};
use crate::world::{
    LEDGER, World,
    names::{ISSUER, LEDGER_ROLE},
};

pub(super) static FAULT: Fault = Fault {
    name: "https-prefix-in-arn-or-condition-key",
    summary: "condition keys are written with https://",
    source: "https://github.com/terraform-aws-modules/terraform-aws-iam/pull/50",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    world.trust(LEDGER_ROLE, |trust| {
        trust.key("aud", &format!("{ISSUER}:aud"));
        trust.key("sub", &format!("{ISSUER}:sub"));
    });
}
