//! `role-to-assume-empty`: the role input of the step is empty.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::World;

pub(super) static FAULT: Fault = Fault {
    name: "role-to-assume-empty",
    summary: "the role input of the step is empty",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/512",
    target: Target::Job,
    symptom: "Could not load credentials",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, _: &Mark) {
    world.job.inputs.insert("role-to-assume".to_owned(), String::new());
}
