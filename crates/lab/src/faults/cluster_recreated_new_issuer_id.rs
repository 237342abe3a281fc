//! `cluster-recreated-new-issuer-id`: the role trusts the issuer of a cluster that is gone.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{
    LEDGER, Trust, World,
    names::{OLD_ISSUER, STS_AUDIENCE},
};

pub(super) static FAULT: Fault = Fault {
    name: "cluster-recreated-new-issuer-id",
    summary: "the role trusts the issuer of a cluster that is gone",
    source: "https://github.com/aws/containers-roadmap/issues/1579",
    target: Target::Workload(LEDGER),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    if let Some(role) = world.roles.get_mut(&on.role) {
        role.predates_cluster = true;
    }
    world.trust(&on.role, |trust| {
        *trust = Trust::web_identity(&on.place.account, OLD_ISSUER, STS_AUDIENCE, &on.id.subject());
    });
}
