//! `client-id-with-invisible-characters`: the registered audience ends in a character that nobody sees.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World, names::STS_AUDIENCE};

pub(super) static FAULT: Fault = Fault {
    name: "client-id-with-invisible-characters",
    summary: "the registered audience ends in a character that nobody sees",
    source: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html",
    target: Target::Workload(LEDGER),
    symptom: "web identity token provided could not be validated",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    if let Some(provider) = world.providers.get_mut(on.issuer()) {
        provider.client_ids = vec![format!("{STS_AUDIENCE}\u{200b}")];
    }
}
