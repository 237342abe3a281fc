//! `gha-fork-pr-no-id-token`: a pull request from a fork gets no ID token.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "gha-fork-pr-no-id-token",
    summary: "a pull request from a fork gets no ID token",
    source: "https://github.com/JuliaCloud/AWS.jl/issues/634",
    target: Target::Job,
    symptom: "id-token",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.fork = true;
    "pull_request".clone_into(&mut world.job.github.event);
    "refs/pull/17/merge".clone_into(&mut world.job.github.git_ref);
}
