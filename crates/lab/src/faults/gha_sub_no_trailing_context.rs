//! `gha-sub-no-trailing-context`: the value ends after the repository.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{World, names::CI_ROLE};

pub(super) static FAULT: Fault = Fault {
    name: "gha-sub-no-trailing-context",
    summary: "the value ends after the repository",
    source: "https://github.com/ministryofjustice/modernisation-platform/issues/3909",
    target: Target::Job,
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.trust(CI_ROLE, |trust| trust.value("sub", "repo:octo-lab/ledger"));
}
