//! What the API server writes into `metadata` on create and update.

use aws_lc_rs::rand;
use jiff::Timestamp;
use serde_json::Value;

use crate::{apply_defaults, errors::ApiError, json, kinds::Kind};

/// Letters of generated names: Kubernetes leaves out vowels and look-alikes.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Letters in a generated suffix.
const SUFFIX_LENGTH: usize = 5;

/// `N` random bytes; zeros only if the system has no randomness at all.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // A failing system source leaves zeros: names then collide and creation says so.
    let _ = rand::fill(&mut bytes);
    bytes
}

/// A random version-4 UUID.
pub(crate) fn new_uid() -> String {
    let number = u128::from_be_bytes(random::<16>());
    let number = number & !(0xf << 76) | (0x4 << 76);
    let number = number & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let parts: Vec<String> = [(0, 8), (8, 4), (12, 4), (16, 4), (20, 12)]
        .iter()
        .map(|(skip, take)| hex.chars().skip(*skip).take(*take).collect())
        .collect();
    parts.join("-")
}

/// A random suffix as in `generateName`.
pub(crate) fn new_suffix() -> String {
    random::<SUFFIX_LENGTH>()
        .iter()
        .filter_map(|byte| SUFFIX_LETTERS.get(usize::from(*byte) % SUFFIX_LETTERS.len()))
        .map(|letter| char::from(*letter))
        .collect()
}

/// A time as Kubernetes prints it: RFC 3339, UTC, whole seconds.
pub(crate) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

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
    if has_generation(kind.kind) {
        json::put(object, "/metadata/generation", 1.into());
    }
    apply_defaults::apply(kind, object);
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
    )
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
    for field in ["apiVersion", "kind"] {
        if let Some(value) = old.get(field) {
            json::put(new, &format!("/{field}"), value.clone());
        }
    }
    if let Some(generation) = json::int(old, "/metadata/generation") {
        let changed = old.get("spec") != new.get("spec") || old.get("webhooks") != new.get("webhooks");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_version_four() {
        let uid = new_uid();
        let letters: Vec<char> = uid.chars().collect();
        assert_eq!(uid.len(), 36);
        assert_eq!(letters[14], '4');
        assert!("89ab".contains(letters[19]), "{uid}");
    }

    #[test]
    fn suffixes_have_five_safe_letters() {
        let suffix = new_suffix();
        assert_eq!(suffix.len(), 5);
        assert!(suffix.bytes().all(|b| SUFFIX_LETTERS.contains(&b)));
    }
}
