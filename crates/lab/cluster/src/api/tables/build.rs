//! Tables out of objects: `meta.k8s.io/v1` `Table`.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cells, paths};
use crate::{
    api::forms::partial,
    objects::{json as j, kinds::Kind},
};

/// Whether the client accepts a table.
pub(crate) fn wanted(accept: &str) -> bool {
    accept.split(',').any(|kind| kind.contains("as=Table") && kind.contains("v=v1;"))
}

/// A table of objects of one kind.
pub(crate) fn table(
    (kind, printed): (&Kind, &[Value]),
    objects: &[Arc<Value>],
    metadata: &Value,
    include: &str,
    now: Timestamp,
) -> Value {
    // A custom kind may have the name of one of Kubernetes' own.
    let name = if kind.custom { "" } else { kind.kind };
    let by_path = paths::columns(name, printed);
    let of_cells = || {
        cells::columns(name)
            .map(|(title, wide)| {
                json!({
                    "name": title,
                    "type": "string",
                    "format": if title == "Name" { "name" } else { "" },
                    "description": "",
                    "priority": i32::from(wide),
                })
            })
            .collect()
    };
    let columns: Vec<Value> = by_path.as_deref().map_or_else(of_cells, paths::definitions);
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
            let own = || cells::row(name, object, now);
            let cells = by_path.as_deref().map_or_else(own, |columns| paths::row(columns, object, now));
            json!({"cells": cells, "object": shown})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns, "rows": rows,
    })
}
