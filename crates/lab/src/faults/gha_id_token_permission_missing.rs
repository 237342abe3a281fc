//! `gha-id-token-permission-missing`: the job may not ask for an ID token.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "gha-id-token-permission-missing",
    summary: "the job may not ask for an ID token",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/512",
    target: Target::Job,
    symptom: "id-token",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.permissions.remove("id-token");
}
