//! The forms in which a client takes objects.

use serde_json::{Value, json};

use super::request::Target;
use crate::objects::{errors::ApiError, json as j};

/// The object under the type its address promises: events live under two.
pub(crate) fn typed(target: &Target, object: &Value) -> Value {
    let mut object = object.clone();
    // All versions of a custom kind are kept as one.
    if target.kind.custom {
        j::put(&mut object, "/apiVersion", target.kind.api_version().into());
    }
    if target.kind.kind == "Event" {
        j::put(&mut object, "/apiVersion", target.kind.api_version().into());
        if target.kind.group == "events.k8s.io" {
            for (from, to) in [("/involvedObject", "/regarding"), ("/message", "/note")] {
                if let Some(value) = j::remove(&mut object, from) {
                    j::put(&mut object, to, value);
                }
            }
        }
    }
    object
}

/// Refuses to answer in a form that no object is written in.
pub(crate) fn acceptable(accept: &str) -> Result<(), ApiError> {
    const MADE: [&str; 6] = [
        "*/*",
        "application/*",
        "application/json",
        "application/yaml",
        "application/vnd.kubernetes.protobuf",
        "application/cbor",
    ];
    let range = |part: &str| part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let any = accept.split(',').map(range).any(|form| {
        MADE.contains(&form.as_str()) || form.starts_with("application/json") || form.starts_with("application/vnd.")
    });
    if accept.trim().is_empty() || any { Ok(()) } else { Err(ApiError::not_acceptable()) }
}

/// Only the metadata, as `PartialObjectMetadata`.
pub(crate) fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": j::at(object, "/metadata"),
    })
}
