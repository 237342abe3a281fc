//! `role-session-name-invalid`: the session name has characters STS refuses.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "role-session-name-invalid",
    summary: "the session name has characters STS refuses",
    source: "https://github.com/suzuki-shunsuke/tfaction/pull/1934",
    target: Target::Workload(LEDGER),
    symptom: "ValidationError",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| ledger.set("AWS_ROLE_SESSION_NAME", "ledger (payments)"));
}
