//! `client-id-with-invisible-characters`: the registered audience ends in a character that nobody sees.

use super::fault::{Fault, Start, Target};
use crate::world::{
    LEDGER, World,
    names::{ISSUER, STS_AUDIENCE},
};

pub(super) static FAULT: Fault = Fault {
    name: "client-id-with-invisible-characters",
    summary: "the registered audience ends in a character that nobody sees",
    source: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html",
    target: Target::Workload(LEDGER),
    symptom: "Incorrect token audience",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World) {
    if let Some(provider) = world.providers.get_mut(ISSUER) {
        provider.client_ids = vec![format!("{STS_AUDIENCE}\u{200b}")];
    }
}
