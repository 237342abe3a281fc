//! `wrong-region-in-issuer-host`: principal and keys carry the region of the documentation.

use super::fault::{Fault, Start, Target};
use crate::world::{
    LEDGER, Trust, World,
    names::{ISSUER, LEDGER_ROLE, STS_AUDIENCE},
};

pub(super) static FAULT: Fault = Fault {
    name: "wrong-region-in-issuer-host",
    summary: "principal and keys carry the region of the documentation",
    source: "https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/748",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    let elsewhere = ISSUER.replace("us-west-2", "us-east-1");
    world.trust(LEDGER_ROLE, |trust| {
        *trust = Trust::web_identity(&elsewhere, STS_AUDIENCE, "system:serviceaccount:payments:ledger");
    });
}
