//! `gha-repo-or-org-renamed`: the repository has a new name; the trust policy has the old one.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "gha-repo-or-org-renamed",
    summary: "the repository has a new name; the trust policy has the old one",
    source: "https://github.com/aprin-labs/archimedes/issues/1736",
    target: Target::Job,
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    "octo-lab/ledger-api".clone_into(&mut world.job.github.repository);
    world.job.former_names = vec!["octo-lab/ledger".to_owned()];
}
