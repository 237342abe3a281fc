//! The refusals people run into: names, required members, immutable fields.

use serde_json::Value;

use crate::objects::{errors::ApiError, json as j, kinds::Kind, selector};

/// Longest object name (Kubernetes docs, "Object Names and IDs").
const LONGEST_NAME: usize = 253;

fn bad(kind: &Kind, object: &Value, field: &str, problem: &str) -> ApiError {
    ApiError::invalid(kind.kind, kind.group, j::name(object), field, problem)
}

/// Checks an object before creation.
pub(crate) fn create(kind: &Kind, object: &Value) -> Result<(), ApiError> {
    check_type(kind, object)?;
    let name = j::name(object);
    if name.is_empty() && j::text(object, "/metadata/generateName").is_empty() {
        return Err(bad(kind, object, "metadata.name", "Required value: name or generateName is required"));
    }
    // RBAC names may hold colons and more; everything else is a DNS subdomain.
    if kind.group != "rbac.authorization.k8s.io" && !name.is_empty() && !is_subdomain(name) {
        return Err(bad(
            kind,
            object,
            "metadata.name",
            &format!(
                "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                 characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
                 'example.com', regex used for validation is \
                 '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            ),
        ));
    }
    check_body(kind, object)
}

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

fn is_subdomain(name: &str) -> bool {
    let label = |part: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !part.is_empty() && part.chars().all(inner) && !part.starts_with('-') && !part.ends_with('-')
    };
    name.len() <= LONGEST_NAME && name.split('.').all(label)
}

fn check_body(kind: &Kind, object: &Value) -> Result<(), ApiError> {
    let (spec, in_template) = match kind.kind {
        "Pod" => ("/spec", false),
        "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet" | "Job" => ("/spec/template/spec", true),
        _ => return Ok(()),
    };
    let field = spec.trim_start_matches('/').replace('/', ".");
    let containers = j::items(object, &format!("{spec}/containers"));
    if containers.is_empty() {
        return Err(bad(kind, object, &format!("{field}.containers"), "Required value"));
    }
    for (index, container) in containers.iter().enumerate() {
        for member in ["name", "image"] {
            if j::text(container, &format!("/{member}")).is_empty() {
                return Err(bad(kind, object, &format!("{field}.containers[{index}].{member}"), "Required value"));
            }
        }
        mounts_have_volumes(kind, object, spec, &field, index, container)?;
    }
    if in_template && kind.kind != "Job" {
        let selector = j::at(object, "/spec/selector");
        if selector.is_null() {
            return Err(bad(kind, object, "spec.selector", "Required value"));
        }
        let labels = j::at(object, "/spec/template/metadata/labels");
        if !selector::matches_label_selector(selector, labels) {
            return Err(bad(
                kind,
                object,
                "spec.template.metadata.labels",
                &format!("Invalid value: {labels}: `selector` does not match template `labels`"),
            ));
        }
    }
    Ok(())
}

fn mounts_have_volumes(
    kind: &Kind,
    object: &Value,
    spec: &str,
    field: &str,
    index: usize,
    container: &Value,
) -> Result<(), ApiError> {
    let volumes = j::items(object, &format!("{spec}/volumes"));
    // A StatefulSet's claim templates are volumes too.
    let claims = j::items(object, "/spec/volumeClaimTemplates");
    for (number, mount) in j::items(container, "/volumeMounts").iter().enumerate() {
        let name = j::text(mount, "/name");
        let known = volumes.iter().any(|v| j::text(v, "/name") == name) || claims.iter().any(|c| j::name(c) == name);
        if !known {
            return Err(bad(
                kind,
                object,
                &format!("{field}.containers[{index}].volumeMounts[{number}].name"),
                &format!("Not found: \"{name}\""),
            ));
        }
    }
    Ok(())
}

/// Checks a replacement against the state it replaces.
pub(crate) fn update(kind: &Kind, subresource: &str, old: &Value, new: &Value) -> Result<(), ApiError> {
    if subresource == "status" {
        return Ok(());
    }
    check_type(kind, new)?;
    if matches!(kind.kind, "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
        && j::at(old, "/spec/selector") != j::at(new, "/spec/selector")
    {
        let problem = format!("Invalid value: {}: field is immutable", j::at(new, "/spec/selector"));
        return Err(bad(kind, new, "spec.selector", &problem));
    }
    if kind.kind == "Pod" {
        pod_update(kind, old, new)?;
    }
    check_body(kind, new)
}

/// A pod's spec is fixed but for a few members (API reference, "Pod update and replacement").
fn pod_update(kind: &Kind, old: &Value, new: &Value) -> Result<(), ApiError> {
    let fixed = |pod: &Value| {
        let mut spec = j::at(pod, "/spec").clone();
        for member in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            j::remove(&mut spec, &format!("/{member}"));
        }
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                j::remove(container, "/image");
            }
        }
        spec
    };
    if fixed(old) == fixed(new) {
        return Ok(());
    }
    Err(bad(
        kind,
        new,
        "spec",
        "Forbidden: pod updates may not change fields other than \
         `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \
         (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if \
         it was previously negative)",
    ))
}
