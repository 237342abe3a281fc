//! The forms in which a client takes objects.

use serde_json::{Value, json};

use super::request::Target;
use crate::objects::json as j;

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

/// Only the metadata, as `PartialObjectMetadata`.
pub(crate) fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": j::at(object, "/metadata"),
    })
}
