//! `metadata`, which all kinds have.

use serde_json::Value;

use super::words;
use crate::objects::{json as j, kinds::Kind, problems::Problem};

/// Most bytes of all annotations together.
const LARGEST_ANNOTATIONS: usize = 256 << 10;

/// Checks what a creator sends.
pub(super) fn check(kind: &Kind, object: &Value, problems: &mut Vec<Problem>) {
    let name = j::name(object);
    if name.is_empty() && j::text(object, "/metadata/generateName").is_empty() {
        problems.push(Problem::required("metadata.name", "name or generateName is required"));
    } else if !name.is_empty() {
        let wrong = match (kind.group, kind.kind) {
            // RBAC names may hold colons and more.
            ("rbac.authorization.k8s.io", _) => None,
            (_, "Namespace") => words::dns_label(name),
            (_, "Service") => words::service(name),
            _ => words::subdomain(name),
        };
        problems.extend(wrong.map(|why| Problem::invalid("metadata.name", &name.into(), &why)));
    }
    parts(object, problems);
}

/// Labels and annotations with their forms, owners with their members.
fn parts(object: &Value, problems: &mut Vec<Problem>) {
    labels(j::at(object, "/metadata/labels"), "metadata.labels", problems);
    let annotations = j::at(object, "/metadata/annotations").as_object();
    let mut bytes = 0;
    for (key, value) in annotations.into_iter().flatten() {
        bytes += key.len() + value.as_str().map_or(0, str::len);
        let wrong = words::qualified(&key.to_lowercase());
        problems.extend(wrong.map(|why| Problem::invalid("metadata.annotations", &key.as_str().into(), &why)));
    }
    if bytes > LARGEST_ANNOTATIONS {
        problems.push(Problem::too_long("metadata.annotations", LARGEST_ANNOTATIONS));
    }
    let owners = j::items(object, "/metadata/ownerReferences");
    for (index, owner) in owners.iter().enumerate() {
        for (member, why) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if j::text(owner, &format!("/{member}")).is_empty() {
                let field = format!("metadata.ownerReferences[{index}].{member}");
                problems.push(Problem::invalid(field, &"".into(), why));
            }
        }
    }
    if owners.iter().filter(|owner| j::at(owner, "/controller") == true).count() > 1 {
        let why = "Only one reference can have Controller set to true.";
        problems.push(Problem::invalid("metadata.ownerReferences", j::at(object, "/metadata/ownerReferences"), why));
    }
    for (index, name) in j::items(object, "/metadata/finalizers").iter().enumerate() {
        let wrong = words::qualified(name.as_str().unwrap_or_default());
        problems.extend(wrong.map(|why| Problem::invalid(format!("metadata.finalizers[{index}]"), name, &why)));
    }
}

/// Checks labels.
pub(super) fn labels(labels: &Value, field: &str, problems: &mut Vec<Problem>) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        problems.extend(words::qualified(key).map(|why| Problem::invalid(field, &key.as_str().into(), &why)));
        let wrong = words::label_value(value.as_str().unwrap_or_default());
        problems.extend(wrong.map(|why| Problem::invalid(field, value, &why)));
    }
}

/// Checks what a change leaves of it.
pub(super) fn check_update(old: &Value, new: &Value, problems: &mut Vec<Problem>) {
    parts(new, problems);
    let going = !j::at(old, "/metadata/deletionTimestamp").is_null();
    let before = j::items(old, "/metadata/finalizers");
    let added: Vec<&Value> =
        j::items(new, "/metadata/finalizers").iter().filter(|name| !before.contains(name)).collect();
    if going && !added.is_empty() {
        let names: Vec<String> = added.iter().map(ToString::to_string).collect();
        let why = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            names.join(", ")
        );
        problems.push(Problem::forbidden("metadata.finalizers", &why));
    }
}
