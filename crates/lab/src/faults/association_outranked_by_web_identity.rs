//! `association-outranked-by-web-identity`: the pod's own web identity comes before its Pod Identity association.

use super::fault::{Fault, Mark, Start, Target};
use crate::world::{EXTERNAL_DNS, Mount, ROLE_ANNOTATION, Trust, World, names::STS_AUDIENCE};
use serde_json::json;

pub(super) static FAULT: Fault = Fault {
    name: "association-outranked-by-web-identity",
    summary: "the pod's own web identity comes before its Pod Identity association",
    source: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
    target: Target::Workload(EXTERNAL_DNS),
    symptom: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    start: Start::AtOnce,
    edit,
};

/// Left in the manifest when the role was moved to Pod Identity: SDKs ask a web identity before container credentials.
fn edit(world: &mut World, on: &Mark) {
    world.unannotate(on.id, ROLE_ANNOTATION);
    world.trust(&on.role, |trust| *trust = Trust::pod_identity());
    world.webhook.associations.insert(on.id.place());
    world.workload(on.id, |dns| {
        dns.set("AWS_ROLE_ARN", &on.role_arn());
        dns.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/web/token");
        let token = json!({"serviceAccountToken": {"audience": STS_AUDIENCE, "path": "token"}});
        let source = json!({"projected": {"sources": [token]}});
        dns.mounts.push(Mount { name: "web-token", path: "/var/run/secrets/web", source });
    });
}
