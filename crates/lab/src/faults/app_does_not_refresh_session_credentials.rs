//! `app-does-not-refresh-session-credentials`: the process never renews its session.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "app-does-not-refresh-session-credentials",
    summary: "the process never renews its session",
    source: "https://github.com/cube-js/cube/issues/11622",
    target: Target::Workload(LEDGER),
    symptom: "ExpiredToken",
    start: Start::LongAgo,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| ledger.set("LAB_SESSION_REFRESH", "never"));
}
