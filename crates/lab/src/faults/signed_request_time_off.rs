//! `signed-request-time-off`: the clock of the machine under the pods is ahead.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

/// By how much: further than any service lets a signature be off (IAM User Guide, "AWS Signature Version 4"; 15 minutes
/// at most), and less than a session lasts.
const AHEAD_MINUTES: &str = "25";

pub(super) static FAULT: Fault = Fault {
    name: "signed-request-time-off",
    summary: "the clock of the machine under the pods is ahead: the exchange succeeds, and what is signed is refused",
    source: "https://github.com/convox/rack/issues/235",
    target: Target::Workload(LEDGER),
    symptom: "Signature not yet current",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| ledger.set("LAB_CLOCK_AHEAD", AHEAD_MINUTES));
}
