//! A PATCH, by the type of its body.

use serde_json::Value;

use super::request::Call;
use crate::objects::{
    errors::ApiError,
    json as j,
    kinds::Kind,
    patch::{json_patch, merge, strategic},
    problems::{Problem, refusal},
};

/// Makes the new object from the old one by the patch type of the request.
pub(crate) fn patched(call: &Call, old: &Value, body: &Value, kind: &Kind) -> Result<Value, ApiError> {
    let mut new = old.clone();
    match call.content_type() {
        "application/json-patch+json" => new = json_patch::apply(new, body)?,
        "application/merge-patch+json" => merge::apply(&mut new, body),
        "application/strategic-merge-patch+json" => strategic::apply(&mut new, body),
        _ => return Err(ApiError::unknown_patch()),
    }
    let uid = j::uid(&new);
    if !uid.is_empty() && uid != j::uid(old) {
        // It is looked at for metadata and for the kind, which say the same.
        let problem = || Problem::immutable("metadata.uid", &uid.into());
        refusal(kind.kind, kind.group, j::name(old), &[problem(), problem()])?;
    }
    // A patch is against whatever is current unless it names another version itself.
    let version = "/metadata/resourceVersion";
    if j::at(&new, version) == j::at(old, version) && j::at(body, version).is_null() {
        j::remove(&mut new, version);
    }
    Ok(new)
}
