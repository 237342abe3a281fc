//! `workload-exchange-differs`: a mounted profile makes the workload ask for another role than the injected one.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{
    EXTERNAL_DNS, Mount, World,
    names::{BATCH_ROLE, role_arn},
};
use serde_json::json;

pub(super) static FAULT: Fault = Fault {
    name: "workload-exchange-differs",
    summary: "a mounted profile makes the workload ask for another role than the injected one",
    source: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

/// A profile that is named wins over the injected variables in the Go SDK (aws-sdk-go-v2,
/// `config/resolve_credentials.go`).
fn edit(world: &mut World, on: &Mark) {
    let token = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
    let text = format!("[profile dns]\nrole_arn = {}\nweb_identity_token_file = {token}\n", role_arn(BATCH_ROLE));
    world.config_map(on.id.namespace, "aws-config", "config", &text);
    world.workload(on.id, |dns| {
        dns.set("AWS_PROFILE", "dns");
        dns.set("AWS_CONFIG_FILE", "/etc/aws/config");
        let source = json!({"configMap": {"name": "aws-config"}});
        dns.mounts.push(Mount { name: "aws-config", path: "/etc/aws", source });
    });
}
