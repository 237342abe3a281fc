//! The refusals people run into: names, required members, values out of range, members that may not change
//! (Kubernetes source, `pkg/apis/*/validation`, whose words these are).

mod kinds;
mod metadata;
mod pods;
mod rbac;
mod update;
mod webhooks;
mod words;
mod workloads;

use serde_json::Value;

use crate::objects::{
    errors::ApiError,
    json as j,
    kinds::Kind,
    problems::{Problem, refusal},
    schema::{check_rules, structural},
};

/// The body's `apiVersion` and `kind` must be those of the address.
fn check_type(kind: &Kind, object: &Value) -> Result<(), ApiError> {
    let version = j::text(object, "/apiVersion");
    let named = j::text(object, "/kind");
    if version != kind.api_version() || named != kind.kind {
        return Err(ApiError::bad_request(format!(
            "{named} in version \"{version}\" cannot be handled as a {}: no kind \"{named}\" is registered for \
             version \"{version}\" at this address",
            kind.kind
        )));
    }
    Ok(())
}

fn refused(kind: &Kind, object: &Value, problems: &[Problem]) -> Result<(), ApiError> {
    refusal(kind.kind, kind.group, j::name(object), problems)
}

/// Checks an object before creation; `custom` is the schema of a custom resource.
pub(crate) fn create(kind: &Kind, object: &Value, custom: Option<&Value>) -> Result<(), ApiError> {
    check_type(kind, object)?;
    let mut problems = Vec::new();
    metadata::check(kind, object, &mut problems);
    body(kind, object, None, custom, &mut problems);
    refused(kind, object, &problems)
}

/// Checks a replacement against the state it replaces.
pub(crate) fn update(
    kind: &Kind,
    subresource: &str,
    (old, new): (&Value, &Value),
    custom: Option<&Value>,
) -> Result<(), ApiError> {
    if subresource == "status" {
        return Ok(());
    }
    check_type(kind, new)?;
    let mut problems = Vec::new();
    metadata::check_update(old, new, &mut problems);
    // Both what is common to all kinds and the kind's own rules look at metadata (`registry/rest`, `BeforeUpdate`; the
    // rules of webhooks' registrations do not).
    if !kind.kind.ends_with("WebhookConfiguration") {
        problems.extend_from_within(..);
    }
    if subresource == "ephemeralcontainers" {
        update::ephemeral(old, new, &mut problems);
        return refused(kind, new, &problems);
    }
    update::check(kind, old, new, &mut problems);
    body(kind, new, Some(old), custom, &mut problems);
    refused(kind, new, &problems)
}

fn body(kind: &Kind, object: &Value, old: Option<&Value>, custom: Option<&Value>, problems: &mut Vec<Problem>) {
    if let Some(schema) = custom {
        structural::validate(schema, object, "", problems);
        // Rules are asked of values that are of their types.
        if problems.is_empty() {
            check_rules(schema, object, old, "", problems);
        }
        return;
    }
    match kind.kind {
        "Pod" => pods::check(j::at(object, "/spec"), "spec", &["Always", "OnFailure", "Never"], &[], problems),
        "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController" | "Job" | "CronJob" => {
            workloads::check(kind.kind, object, problems);
        }
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => rbac::check(kind.kind, object, problems),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => webhooks::check(object, old, problems),
        _ => kinds::check(kind.kind, object, problems),
    }
}
