//! `app-or-sdk-lacks-web-identity-support`: the application is built with an SDK from before web identity.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, World};

pub(super) static FAULT: Fault = Fault {
    name: "app-or-sdk-lacks-web-identity-support",
    summary: "the application is built with an SDK from before web identity",
    source: "https://github.com/keikoproj/instance-manager/issues/68",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "HarbourNodeRole",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |dns| "registry.lab.example/app-go-old:1.23.12".clone_into(&mut dns.image));
}
