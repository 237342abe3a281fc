//! Server-side apply: merging a manager's whole intent, with conflicts
//! (Kubernetes docs, "Server-Side Apply").

use jiff::Timestamp;
use serde_json::{Value, json};

use super::strategic;
use crate::objects::{
    errors::ApiError,
    fields::{self, item_key},
    json as j,
};

/// Applies `config` to `live` (or creates from nothing) for a manager.
pub(crate) fn apply(
    live: Option<&Value>,
    config: &Value,
    manager: &str,
    force: bool,
    now: Timestamp,
) -> Result<Value, ApiError> {
    let mut config = config.clone();
    j::remove(&mut config, "/metadata/managedFields");
    let wanted = fields::of_object(&config);
    let Some(live) = live else {
        let mut object = config;
        let entry = fields::entry(&object, manager, "Apply", "", &wanted, now);
        fields::set_entries(&mut object, vec![entry]);
        return Ok(object);
    };
    let mut entries = fields::entries_of(live);
    let mut differing = wanted.clone();
    keep_differing(&mut differing, live, &config, "");
    if !force {
        conflicts(&entries, &differing, manager)?;
    }
    let mut result = live.clone();
    // What this manager applied before and no longer wants goes, unless shared.
    if let Some(mine) = entries.iter().find(|e| fields::is_mine(e, manager, "Apply", "")) {
        let mut dropped = j::at(mine, "/fieldsV1").clone();
        fields::subtract(&mut dropped, &wanted);
        for other in entries.iter().filter(|e| !fields::is_mine(e, manager, "Apply", "")) {
            fields::subtract(&mut dropped, j::at(other, "/fieldsV1"));
        }
        remove_fields(&mut result, &dropped, "");
    }
    strategic::apply(&mut result, &config);
    entries.retain_mut(|entry| {
        if fields::is_mine(entry, manager, "Apply", "") {
            return false;
        }
        let mut theirs = j::at(entry, "/fieldsV1").clone();
        fields::subtract(&mut theirs, &differing);
        let keep = theirs.as_object().is_some_and(|map| !map.is_empty());
        j::put(entry, "/fieldsV1", theirs);
        keep
    });
    entries.push(fields::entry(live, manager, "Apply", "", &wanted, now));
    fields::set_entries(&mut result, entries);
    Ok(result)
}

/// Leaves in `tree` only what `config` would change in `live`.
fn keep_differing(tree: &mut Value, live: &Value, config: &Value, field: &str) {
    let Some(map) = tree.as_object_mut() else {
        return;
    };
    let keys: Vec<String> = map.keys().cloned().collect();
    for key in keys {
        let pick = |value: &Value| child(value, &key, field);
        let (Some(theirs), Some(mine)) = (pick(live), pick(config)) else {
            if key == "." {
                map.shift_remove(&key);
            }
            continue;
        };
        if theirs == mine {
            map.shift_remove(&key);
            continue;
        }
        let name = key.strip_prefix("f:").unwrap_or("").to_owned();
        let emptied = map.get_mut(&key).is_some_and(|inner| {
            let had = inner.as_object().is_some_and(|m| !m.is_empty());
            keep_differing(inner, &theirs, &mine, &name);
            had && inner.as_object().is_some_and(serde_json::Map::is_empty)
        });
        if emptied {
            map.shift_remove(&key);
        }
    }
}

fn child(value: &Value, key: &str, field: &str) -> Option<Value> {
    if let Some(name) = key.strip_prefix("f:") {
        return value.get(name).cloned();
    }
    value.as_array()?.iter().find(|item| item_key(item, field).as_deref() == Some(key)).cloned()
}

fn conflicts(entries: &[Value], differing: &Value, manager: &str) -> Result<(), ApiError> {
    let mut causes = Vec::new();
    for entry in entries.iter().filter(|e| !fields::is_mine(e, manager, "Apply", "")) {
        let other = j::text(entry, "/manager");
        let both = fields::intersect(differing, j::at(entry, "/fieldsV1"));
        let mut paths = Vec::new();
        leaf_paths(&both, "", &mut paths);
        let using = if j::text(entry, "/operation") == "Update" {
            format!(" using {}", j::text(entry, "/apiVersion"))
        } else {
            String::new()
        };
        for path in paths {
            causes.push(json!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict with \"{other}\"{using}"),
                "field": path,
            }));
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    let said: Vec<String> =
        causes.iter().map(|cause| format!("{}: {}", j::text(cause, "/message"), j::text(cause, "/field"))).collect();
    let plural = if causes.len() == 1 { "" } else { "s" };
    Err(ApiError::apply_conflict(
        format!("Apply failed with {} conflict{plural}: {}", causes.len(), said.join(", ")),
        &causes,
    ))
}

fn leaf_paths(tree: &Value, prefix: &str, out: &mut Vec<String>) {
    for (key, inner) in tree.as_object().into_iter().flatten() {
        let path = match (key.strip_prefix("f:"), key.strip_prefix("k:")) {
            (Some(name), _) => format!("{prefix}.{name}"),
            (_, Some(item)) => {
                let item: Value = serde_json::from_str(item).unwrap_or(Value::Null);
                let pairs: Vec<String> =
                    item.as_object().into_iter().flatten().map(|(k, v)| format!("{k}={v}")).collect();
                format!("{prefix}[{}]", pairs.join(","))
            }
            _ => continue,
        };
        if inner.as_object().is_some_and(|map| !map.is_empty()) {
            leaf_paths(inner, &path, out);
        } else {
            out.push(path);
        }
    }
}

fn remove_fields(value: &mut Value, tree: &Value, field: &str) {
    for (key, inner) in tree.as_object().into_iter().flatten() {
        let leaf = inner.as_object().is_none_or(|map| map.keys().all(|k| k == "."));
        if let Some(name) = key.strip_prefix("f:") {
            if leaf {
                j::object(value).shift_remove(name);
            } else if let Some(child) = value.get_mut(name) {
                remove_fields(child, inner, name);
            }
        } else if let Some(list) = value.as_array_mut() {
            let whole = inner.get(".").is_some() || key.starts_with("v:");
            if whole {
                list.retain(|item| item_key(item, field).as_deref() != Some(key));
            } else {
                for item in list.iter_mut() {
                    if item_key(item, field).as_deref() == Some(key) {
                        remove_fields(item, inner, "");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn foreign_fields_conflict_until_forced() {
        let mut live = json!({"apiVersion": "v1", "metadata": {"name": "a", "annotations": {"role": "old"}}});
        fields::record(None, &mut live, "helm", "", NOW);
        let config = json!({"apiVersion": "v1", "metadata": {"name": "a", "annotations": {"role": "new"}}});
        let error = apply(Some(&live), &config, "me", false, NOW).unwrap_err();
        assert_eq!(
            error.message,
            "Apply failed with 1 conflict: conflict with \"helm\" using v1: .metadata.annotations.role"
        );
        let forced = apply(Some(&live), &config, "me", true, NOW).unwrap();
        assert_eq!(j::text(&forced, "/metadata/annotations/role"), "new");
        // Who made the map keeps that.
        let owned: Vec<Value> = fields::entries_of(&forced).iter().map(|e| e["fieldsV1"].clone()).collect();
        let (all, role) = ("f:metadata", "f:annotations");
        assert_eq!(owned, [json!({all: {role: {"f:role": {}}}}), json!({all: {role: {".": {}}}})]);
    }

    #[test]
    fn what_is_no_longer_applied_goes() {
        let first = json!({"apiVersion": "v1", "metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}});
        let live = apply(None, &first, "me", false, NOW).unwrap();
        let second = json!({"apiVersion": "v1", "metadata": {"name": "a"}, "data": {"x": "1"}});
        let result = apply(Some(&live), &second, "me", false, NOW).unwrap();
        assert_eq!(result["data"], json!({"x": "1"}));
    }
}
