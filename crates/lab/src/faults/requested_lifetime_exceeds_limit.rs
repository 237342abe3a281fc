//! `requested-lifetime-exceeds-limit`: the job asks for a longer session than the role's maximum.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "requested-lifetime-exceeds-limit",
    summary: "the job asks for a longer session than the role's maximum",
    source: "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
    target: Target::Job,
    symptom: "MaxSessionDuration",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.inputs.insert("role-duration-seconds".to_owned(), "14400".to_owned());
}
