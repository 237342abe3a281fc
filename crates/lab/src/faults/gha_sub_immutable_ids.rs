//! `gha-sub-immutable-ids`: the subject carries numeric ids; the trust policy has names only.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "gha-sub-immutable-ids",
    summary: "the subject carries numeric ids; the trust policy has names only",
    source: "https://github.com/aprin-labs/archimedes/pull/1759",
    target: Target::Job,
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.github.immutable_ids = true;
}
