//! What is looked for in an object first: whose it is, and of a pod where it is and how it is.

use serde_json::Value;

use super::json as j;

/// UID of an object's controller, or empty.
pub(crate) fn owner_uid(object: &Value) -> &str {
    j::items(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| j::at(owner, "/controller") == true)
        .map_or("", |owner| j::text(owner, "/uid"))
}

/// Whether an object of this uid is among the owners of another.
pub(crate) fn is_owned_by(object: &Value, uid: &str) -> bool {
    j::items(object, "/metadata/ownerReferences").iter().any(|owner| j::text(owner, "/uid") == uid)
}

/// Whether a condition of an object is `True`.
pub(crate) fn condition(object: &Value, kind: &str) -> bool {
    j::items(object, "/status/conditions")
        .iter()
        .any(|c| j::text(c, "/type") == kind && j::text(c, "/status") == "True")
}

/// Whether a pod is ready.
pub(crate) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready")
}

/// Whether a pod has not come to its end.
pub(crate) fn is_active(pod: &Value) -> bool {
    !matches!(j::text(pod, "/status/phase"), "Succeeded" | "Failed")
        && j::at(pod, "/metadata/deletionTimestamp").is_null()
}
