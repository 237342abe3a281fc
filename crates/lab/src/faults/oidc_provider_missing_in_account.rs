//! `oidc-provider-missing-in-account`: the role's account has no provider for the issuer.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "oidc-provider-missing-in-account",
    summary: "the role's account has no provider for the issuer",
    source: "https://github.com/namespacelabs/foundation/issues/801",
    target: Target::Workload(LEDGER),
    symptom: "No OpenIDConnect provider found in your account",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.providers.remove(on.issuer());
}
