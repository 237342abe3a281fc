//! `static-or-other-credentials-take-precedence`: keys in the environment win over the web identity.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "static-or-other-credentials-take-precedence",
    summary: "keys in the environment win over the web identity",
    source: "https://github.com/aws-actions/configure-aws-credentials/issues/743",
    target: Target::Workload(LEDGER),
    symptom: "The security token included in the request is invalid",
    start: Start::AtOnce,
    edit,
};

/// Keys in AWS' shape that open nothing, the same for as long as the process lives
/// and nowhere written down.
fn edit(world: &mut World, on: &Mark) {
    let number = std::process::id();
    world.workload(on.id, |ledger| {
        ledger.set("AWS_ACCESS_KEY_ID", &format!("AKIA{number:016}"));
        ledger.set("AWS_SECRET_ACCESS_KEY", &format!("{number:040}"));
    });
}
