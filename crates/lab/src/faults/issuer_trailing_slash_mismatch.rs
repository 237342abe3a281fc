//! `issuer-trailing-slash-mismatch`: the provider is registered with a trailing slash.

use super::fault::{Fault, Start, Target};
use crate::world::{LEDGER, World, names::ISSUER};

pub(super) static FAULT: Fault = Fault {
    name: "issuer-trailing-slash-mismatch",
    summary: "the provider is registered with a trailing slash",
    source: "https://github.com/aws/aws-sam-cli/issues/7432",
    target: Target::Workload(LEDGER),
    symptom: "No OpenIDConnect provider found in your account",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    if let Some(provider) = world.providers.remove(ISSUER) {
        world.providers.insert(format!("{ISSUER}/"), provider);
    }
}
