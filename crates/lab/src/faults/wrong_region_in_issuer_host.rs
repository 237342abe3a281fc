//! `wrong-region-in-issuer-host`: principal and keys carry the region of the documentation.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, Trust, World, names::STS_AUDIENCE};

pub(super) static FAULT: Fault = Fault {
    name: "wrong-region-in-issuer-host",
    summary: "principal and keys carry the region of the documentation",
    source: "https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/748",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    let other = if on.place.region == "us-east-1" { "us-west-2" } else { "us-east-1" };
    let elsewhere = on.issuer().replace(&on.place.region, other);
    world.trust(&on.role, |trust| {
        *trust = Trust::web_identity(&on.place.account, &elsewhere, STS_AUDIENCE, &on.id.subject());
    });
}
