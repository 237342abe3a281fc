//! `shared-credentials-file-takes-precedence`: keys in a file mounted from a secret win over the web identity.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{LEDGER, Mount, World};
use serde_json::json;

pub(super) static FAULT: Fault = Fault {
    name: "shared-credentials-file-takes-precedence",
    summary: "keys in a file mounted from a secret win over the web identity",
    source: "https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/setting-credentials-node.html",
    target: Target::Workload(LEDGER),
    symptom: "The security token included in the request is invalid",
    start: Start::AtOnce,
    edit,
};

/// Keys in AWS' shape that open nothing. The SDK for JavaScript asks profiles before web identity.
fn edit(world: &mut World, on: &Mark) {
    let number = std::process::id();
    let text = format!("[default]\naws_access_key_id = AKIA{number:016}\naws_secret_access_key = {number:040}\n");
    world.secret(on.id.namespace, "aws-credentials", "credentials", &text);
    world.workload(on.id, |ledger| {
        "registry.lab.example/app-js:3.700.0".clone_into(&mut ledger.image);
        ledger.set("AWS_SHARED_CREDENTIALS_FILE", "/etc/aws/credentials");
        let source = json!({"secret": {"secretName": "aws-credentials"}});
        ledger.mounts.push(Mount { name: "aws-credentials", path: "/etc/aws", source });
    });
}
