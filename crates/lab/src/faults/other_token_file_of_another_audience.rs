//! `other-token-file-of-another-audience`: the workload is told to use a token that was made for somebody else.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, Mount, World};
use serde_json::json;

pub(super) static FAULT: Fault = Fault {
    name: "other-token-file-of-another-audience",
    summary: "the workload is told to use a token that was made for somebody else",
    source: "https://kubernetes.io/docs/concepts/storage/projected-volumes/",
    target: Target::Workload(LEDGER),
    symptom: "web identity token provided could not be validated",
    start: Start::AtOnce,
    edit,
};

fn edit(world: &mut World, on: &Mark) {
    world.workload(on.id, |ledger| {
        ledger.set("AWS_ROLE_ARN", &on.role_arn());
        ledger.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/vault/token");
        let token = json!({"serviceAccountToken": {"audience": "vault", "expirationSeconds": 3600, "path": "token"}});
        let source = json!({"projected": {"sources": [token]}});
        ledger.mounts.push(Mount { name: "vault-token", path: "/var/run/secrets/vault", source });
    });
}
