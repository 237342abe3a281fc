//! A PATCH, by the type of its body.

use serde_json::Value;

use super::request::Call;
use crate::objects::{
    errors::ApiError,
    json as j,
    patch::{json_patch, merge, strategic},
};

/// Makes the new object from the old one by the patch type of the request.
pub(crate) fn patched(call: &Call, old: &Value, body: &Value, kind: &str) -> Result<Value, ApiError> {
    let mut new = old.clone();
    match call.content_type() {
        "application/json-patch+json" => new = json_patch::apply(new, body)?,
        "application/merge-patch+json" => merge::apply(&mut new, body),
        "application/strategic-merge-patch+json" => strategic::apply(&mut new, body),
        other => {
            return Err(ApiError::unsupported_media_type(format!(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, \
                 application/strategic-merge-patch+json, application/apply-patch+yaml (got {other} for {kind})"
            )));
        }
    }
    // A patch is against whatever is current unless it names another version itself.
    let version = "/metadata/resourceVersion";
    if j::at(&new, version) == j::at(old, version) && j::at(body, version).is_null() {
        j::remove(&mut new, version);
    }
    Ok(new)
}
