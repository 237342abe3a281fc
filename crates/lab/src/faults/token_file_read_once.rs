//! `token-file-read-once`: the process keeps the first token it read; the file on disk is fresh.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "token-file-read-once",
    summary: "the process keeps the first token it read; the file on disk is fresh",
    source: "https://github.com/boto/botocore/issues/3117",
    target: Target::Workload(LEDGER),
    symptom: "ExpiredToken",
    start: Start::LongAgo,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| ledger.set("LAB_TOKEN_READ", "once"));
}
