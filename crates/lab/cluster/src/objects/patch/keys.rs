//! Which lists are maps in disguise, and by which members their items are told apart.

use serde_json::Value;

/// The key members of items in a list field (API reference, "patch strategy:
/// merge on key" and "Map: unique values on keys … will be kept"). `None` for
/// lists that are replaced as a whole.
pub(crate) fn list_keys(field: &str, item: &Value) -> Option<&'static [&'static str]> {
    let keys: &[&str] = match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "webhooks"
        | "resourceClaims" => &["name"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "ports" if item.get("containerPort").is_some() => &["containerPort", "protocol"],
        "ports" if item.get("port").is_some() => &["port", "protocol"],
        "conditions" | "addresses" => &["type"],
        "hostAliases" => &["ip"],
        "ownerReferences" => &["uid"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        _ => return None,
    };
    item.is_object().then_some(keys)
}

/// The one member strategic merge patches use.
pub(crate) fn merge_key(field: &str, item: &Value) -> Option<&'static str> {
    list_keys(field, item)?.first().copied()
}
