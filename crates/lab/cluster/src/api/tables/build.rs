//! Tables out of objects: `meta.k8s.io/v1` `Table`.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{
    api::forms::partial,
    objects::{json as j, kinds::Kind},
};

/// Whether the client accepts a table.
pub(crate) fn wanted(accept: &str) -> bool {
    accept.split(',').any(|kind| kind.contains("as=Table") && kind.contains("v=v1;"))
}

/// A table of objects of one kind.
pub(crate) fn table(kind: &Kind, objects: &[Arc<Value>], metadata: &Value, include: &str, now: Timestamp) -> Value {
    let columns: Vec<Value> = cells::columns(kind.kind)
        .map(|(name, wide)| {
            json!({
                "name": name,
                "type": "string",
                "format": if name == "Name" { "name" } else { "" },
                "description": "",
                "priority": i32::from(wide),
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut shown = match include {
                "None" => Value::Null,
                "Object" => Value::clone(object),
                _ => partial(object),
            };
            if include == "Object" {
                j::put_default(&mut shown, "/apiVersion", kind.api_version().into());
            }
            json!({"cells": cells::row(kind.kind, object, now), "object": shown})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns, "rows": rows,
    })
}
