//! `session-shorter-than-job`: the job runs longer than the session it got.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "session-shorter-than-job",
    summary: "the job runs longer than the session it got",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/359",
    target: Target::Job,
    symptom: "ExpiredToken",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.duration = 7_500;
}
