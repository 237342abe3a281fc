//! `wrong-token-file-kubernetes-default-token`: the service account's own token is sent to STS.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, World};

pub(super) static FAULT: Fault = Fault {
    name: "wrong-token-file-kubernetes-default-token",
    summary: "the service account's own token is sent to STS",
    source: "https://github.com/external-secrets/kubernetes-external-secrets/issues/290",
    target: Target::Workload(LEDGER),
    symptom: "web identity token provided could not be validated",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| {
        ledger.set("AWS_ROLE_ARN", &on.role_arn());
        ledger.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/kubernetes.io/serviceaccount/token");
    });
}
