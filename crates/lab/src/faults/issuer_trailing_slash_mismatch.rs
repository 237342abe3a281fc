//! `issuer-trailing-slash-mismatch`: the provider is registered with a trailing slash.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "issuer-trailing-slash-mismatch",
    summary: "the provider is registered with a trailing slash",
    source: "https://github.com/aws/aws-sam-cli/issues/7432",
    target: Target::Workload(LEDGER),
    symptom: "No OpenIDConnect provider found in your account",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    if let Some(provider) = world.providers.remove(on.issuer()) {
        world.providers.insert(format!("{}/", on.issuer()), provider);
    }
}
