//! `ci-job-does-not-request-token`: no step of the job asks for the role.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "ci-job-does-not-request-token",
    summary: "no step of the job asks for the role",
    source: "https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws",
    target: Target::Job,
    symptom: "Unable to locate credentials",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.assumes_role = false;
}
