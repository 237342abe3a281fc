//! What the API server writes into `metadata` on create and update.

use jiff::Timestamp;
use serde_json::Value;

use crate::objects::{
    defaults,
    errors::ApiError,
    json,
    kinds::Kind,
    names::{new_suffix, new_uid, stamp},
};

/// The annotation and label keys are left alone; everything the server owns is set.
pub(crate) fn prepare_create(kind: &Kind, object: &mut Value, now: Timestamp) -> Result<(), ApiError> {
    if !object.is_object() {
        return Err(ApiError::bad_request("the object is not a JSON object"));
    }
    // Order matters to people reading raw JSON: type first, then metadata.
    json::put_default(object, "/apiVersion", kind.api_version().into());
    json::put_default(object, "/kind", kind.kind.into());
    if kind.namespaced {
        json::put_default(object, "/metadata/namespace", "default".into());
    } else {
        json::remove(object, "/metadata/namespace");
    }
    if json::name(object).is_empty() {
        let prefix = json::text(object, "/metadata/generateName").to_owned();
        if prefix.is_empty() {
            return Err(ApiError::invalid(
                kind.kind,
                kind.group,
                "",
                "metadata.name",
                "Required value: name or generateName is required",
            ));
        }
        let name = format!("{prefix}{}", new_suffix());
        json::put(object, "/metadata/name", name.into());
    }
    json::put(object, "/metadata/uid", new_uid().into());
    json::put(object, "/metadata/creationTimestamp", stamp(now).into());
    json::remove(object, "/metadata/deletionTimestamp");
    if kind.custom || has_generation(kind.kind) {
        json::put(object, "/metadata/generation", 1.into());
    }
    defaults::apply(kind, object);
    Ok(())
}

/// Kinds whose `metadata.generation` the API server counts.
fn has_generation(kind: &str) -> bool {
    matches!(
        kind,
        "Pod"
            | "DaemonSet"
            | "Deployment"
            | "ReplicaSet"
            | "StatefulSet"
            | "Job"
            | "CronJob"
            | "NetworkPolicy"
            | "MutatingWebhookConfiguration"
            | "ValidatingWebhookConfiguration"
            | "CustomResourceDefinition"
            | "HorizontalPodAutoscaler"
            | "Ingress"
            | "IngressClass"
            | "PodDisruptionBudget"
            | "PriorityClass"
            | "ReplicationController"
            | "ValidatingAdmissionPolicy"
            | "ValidatingAdmissionPolicyBinding"
    )
}

/// What somebody wants of an object: all of it but type, metadata and status.
fn wanted(object: &Value) -> Vec<(&String, &Value)> {
    let members = object.as_object().into_iter().flatten();
    let mut own: Vec<_> =
        members.filter(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status")).collect();
    own.sort_by_key(|(name, _)| *name);
    own
}

/// Keeps what the server owns and counts generations.
pub(crate) fn prepare_update(old: &Value, new: &mut Value) {
    for field in ["name", "namespace", "uid", "creationTimestamp", "resourceVersion"] {
        let pointer = format!("/metadata/{field}");
        match old.pointer(&pointer) {
            Some(value) => json::put(new, &pointer, value.clone()),
            None => drop(json::remove(new, &pointer)),
        }
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        let pointer = format!("/metadata/{field}");
        if let Some(value) = old.pointer(&pointer) {
            json::put(new, &pointer, value.clone());
        }
    }
    for field in ["apiVersion", "kind"] {
        if let Some(value) = old.get(field) {
            json::put(new, &format!("/{field}"), value.clone());
        }
    }
    if let Some(generation) = json::int(old, "/metadata/generation") {
        let changed = wanted(old) != wanted(new);
        let next = generation + i64::from(changed);
        json::put(new, "/metadata/generation", next.into());
    }
    for pointer in ["/metadata/annotations", "/metadata/labels", "/metadata/finalizers"] {
        let empty = match json::at(new, pointer) {
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Null => true,
            Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        };
        if empty {
            json::remove(new, pointer);
        }
    }
}
