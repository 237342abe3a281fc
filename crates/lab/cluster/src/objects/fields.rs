//! Field ownership (`metadata.managedFields`): who set which field and when.
//!
//! The tree format is `FieldsV1` of the Kubernetes API reference: `f:` members,
//! `k:` list items by key, `v:` set values, `.` the item itself.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::objects::{json as j, names::stamp, patch::list_keys};

/// Members nobody owns: the server writes them.
const SERVER_FIELDS: [&str; 9] = [
    "managedFields",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "selfLink",
    "name",
    "namespace",
    "deletionTimestamp",
];

/// The owned fields of a whole object.
pub(crate) fn of_object(object: &Value) -> Value {
    let mut tree = Map::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        match name.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                let mut metadata = value.clone();
                for field in SERVER_FIELDS {
                    j::object(&mut metadata).shift_remove(field);
                }
                let inner = of_value(&metadata, "metadata");
                if has_fields(&inner) {
                    tree.insert("f:metadata".into(), inner);
                }
            }
            _ => {
                tree.insert(format!("f:{name}"), of_value(value, name));
            }
        }
    }
    Value::Object(tree)
}

fn has_fields(tree: &Value) -> bool {
    tree.as_object().is_some_and(|map| !map.is_empty())
}

fn of_value(value: &Value, field: &str) -> Value {
    let mut tree = Map::new();
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                tree.insert(format!("f:{name}"), of_value(inner, name));
            }
        }
        Value::Array(list) => {
            for item in list {
                let Some(key) = item_key(item, field) else {
                    // An atomic list is one field.
                    return json!({});
                };
                let mut inner = of_value(item, "");
                j::object(&mut inner).insert(".".into(), json!({}));
                tree.insert(key, inner);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Value::Object(tree)
}

/// `k:{…}` for an item of an associative list, `v:…` for a member of a set.
pub(crate) fn item_key(item: &Value, field: &str) -> Option<String> {
    if field == "finalizers" {
        return Some(format!("v:{item}"));
    }
    let keys = list_keys(field, item)?;
    let picked: Map<String, Value> =
        keys.iter().filter_map(|key| Some(((*key).to_owned(), item.get(*key)?.clone()))).collect();
    (!picked.is_empty()).then(|| format!("k:{}", Value::Object(picked)))
}

/// The fields of `new` that are absent from or different in `old`.
fn changed(old: &Value, new: &Value) -> Value {
    let mut tree = of_object(new);
    prune_same(&mut tree, old, new, "");
    mark_made(&mut tree, old, new, "");
    tree
}

/// Members that are there from the start, as Go writes out what is empty: their making is nobody's.
const NEVER_ABSENT: [&str; 7] = ["metadata", "spec", "status", "template", "strategy", "updateStrategy", "containers"];

/// Marks the maps and lists of a tree of `new` that `old` has not: who makes one owns it, besides what is in it (`.`).
fn mark_made(tree: &mut Value, old: &Value, new: &Value, field: &str) {
    let Some(map) = tree.as_object_mut() else {
        return;
    };
    for (key, inner) in &mut *map {
        let Some((old_child, new_child, name)) = children(key, old, new, field) else { continue };
        if has_fields(inner) {
            mark_made(inner, old_child, new_child, &name);
            if key.starts_with("f:") && old_child.is_null() && !NEVER_ABSENT.contains(&name.as_str()) {
                j::object(inner).insert(".".into(), json!({}));
            }
        }
    }
}

/// Removes from a tree of `new` the leaves whose values `old` has too.
fn prune_same(tree: &mut Value, old: &Value, new: &Value, field: &str) {
    let Some(map) = tree.as_object_mut() else {
        return;
    };
    let mut gone = Vec::new();
    for (key, inner) in &mut *map {
        let Some((old_child, new_child, name)) = children(key, old, new, field) else {
            if key == "." && !old.is_null() {
                gone.push(key.clone());
            }
            continue;
        };
        if old_child == new_child {
            gone.push(key.clone());
        } else if has_fields(inner) {
            prune_same(inner, old_child, new_child, &name);
            // Emptied is not the same as a leaf.
            if !has_fields(inner) {
                gone.push(key.clone());
            }
        }
    }
    for key in gone {
        map.shift_remove(&key);
    }
}

fn children<'v>(key: &str, old: &'v Value, new: &'v Value, field: &str) -> Option<(&'v Value, &'v Value, String)> {
    if let Some(name) = key.strip_prefix("f:") {
        let of = |value: &'v Value| value.get(name).unwrap_or(&Value::Null);
        return Some((of(old), of(new), name.to_owned()));
    }
    if key.starts_with("k:") || key.starts_with("v:") {
        let of = |value: &'v Value| {
            value
                .as_array()
                .into_iter()
                .flatten()
                .find(|item| item_key(item, field).as_deref() == Some(key))
                .unwrap_or(&Value::Null)
        };
        return Some((of(old), of(new), String::new()));
    }
    None
}

/// All fields of both trees.
pub(crate) fn union(left: &mut Value, right: &Value) {
    let left = j::object(left);
    for (key, inner) in right.as_object().into_iter().flatten() {
        union(left.entry(key.clone()).or_insert_with(|| json!({})), inner);
    }
}

/// Takes the leaves of `right` out of `left`.
pub(crate) fn subtract(left: &mut Value, right: &Value) {
    let Some(map) = left.as_object_mut() else {
        return;
    };
    for (key, inner) in right.as_object().into_iter().flatten() {
        let emptied = match map.get_mut(key) {
            Some(mine) if has_fields(inner) && has_fields(mine) => {
                subtract(mine, inner);
                !has_fields(mine)
            }
            Some(_) => true,
            None => false,
        };
        if emptied {
            map.shift_remove(key);
        }
    }
}

/// The leaves both trees have.
pub(crate) fn intersect(left: &Value, right: &Value) -> Value {
    let mut both = Map::new();
    for (key, mine) in left.as_object().into_iter().flatten() {
        let Some(theirs) = right.get(key) else {
            continue;
        };
        if has_fields(mine) && has_fields(theirs) {
            let inner = intersect(mine, theirs);
            if has_fields(&inner) {
                both.insert(key.clone(), inner);
            }
        } else if has_fields(mine) == has_fields(theirs) && key != "." {
            both.insert(key.clone(), json!({}));
        }
    }
    Value::Object(both)
}

/// Records a plain write: the manager takes over what it changed.
pub(crate) fn record(old: Option<&Value>, new: &mut Value, manager: &str, subresource: &str, now: Timestamp) {
    let taken = changed(old.unwrap_or(&Value::Null), new);
    let gone = old.map_or(json!({}), |old| changed(new, old));
    if !has_fields(&taken) && !has_fields(&gone) {
        return;
    }
    let mut entries = entries_of(new);
    let mut mine = json!({});
    entries.retain_mut(|entry| {
        let mut theirs = j::at(entry, "/fieldsV1").clone();
        subtract(&mut theirs, &gone);
        if is_mine(entry, manager, "Update", subresource) {
            mine = theirs;
            return false;
        }
        subtract(&mut theirs, &taken);
        let keep = has_fields(&theirs);
        j::put(entry, "/fieldsV1", theirs);
        keep
    });
    union(&mut mine, &taken);
    // Who takes away the last that was his is named no longer.
    if has_fields(&mine) {
        entries.push(entry(new, manager, "Update", subresource, &mine, now));
    }
    set_entries(new, entries);
}

/// Whether a managedFields entry belongs to a manager, operation and subresource.
pub(crate) fn is_mine(entry: &Value, manager: &str, operation: &str, subresource: &str) -> bool {
    j::text(entry, "/manager") == manager
        && j::text(entry, "/operation") == operation
        && j::text(entry, "/subresource") == subresource
}

/// One managedFields entry.
pub(crate) fn entry(
    object: &Value,
    manager: &str,
    operation: &str,
    subresource: &str,
    fields: &Value,
    now: Timestamp,
) -> Value {
    let mut entry = json!({
        "manager": manager,
        "operation": operation,
        "apiVersion": j::text(object, "/apiVersion"),
        "time": stamp(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    });
    if !subresource.is_empty() {
        j::put(&mut entry, "/subresource", subresource.into());
    }
    entry
}

/// The managedFields entries of an object.
pub(crate) fn entries_of(object: &Value) -> Vec<Value> {
    j::items(object, "/metadata/managedFields").to_vec()
}

/// Writes the managedFields entries of an object: what was applied first, then by time and name
/// (`structured-merge-diff` has them so).
pub(crate) fn set_entries(object: &mut Value, mut entries: Vec<Value>) {
    let place = |entry: &Value| {
        ["/operation", "/time", "/manager", "/apiVersion", "/subresource"].map(|at| j::text(entry, at).to_owned())
    };
    entries.sort_by_key(place);
    j::put(object, "/metadata/managedFields", Value::Array(entries));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotator_owns_the_annotation() {
        let mut object = json!({"apiVersion": "v1", "metadata": {"name": "a", "labels": {"x": "y"}}});
        record(None, &mut object, "helm", "", Timestamp::UNIX_EPOCH);
        let old = object.clone();
        j::put(&mut object, "/metadata/annotations/role", "r".into());
        record(Some(&old), &mut object, "kubectl-annotate", "", Timestamp::UNIX_EPOCH);
        let entries = entries_of(&object);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1]["manager"], "kubectl-annotate");
        assert_eq!(entries[1]["time"], "1970-01-01T00:00:00Z");
        assert_eq!(entries[1]["fieldsV1"], json!({"f:metadata": {"f:annotations": {".": {}, "f:role": {}}}}));
        assert_eq!(entries[0]["fieldsV1"], json!({"f:metadata": {"f:labels": {".": {}, "f:x": {}}}}));
    }

    #[test]
    fn a_later_label_leaves_the_annotation_to_its_setter() {
        let mut object = json!({"apiVersion": "v1", "metadata": {"name": "a"}});
        for (path, manager) in [("annotations/role", "one"), ("labels/x", "two")] {
            let old = object.clone();
            j::put(&mut object, &format!("/metadata/{path}"), "v".into());
            record(Some(&old), &mut object, manager, "", Timestamp::UNIX_EPOCH);
        }
        let managers: Vec<Value> = entries_of(&object).iter().map(|e| e["manager"].clone()).collect();
        assert_eq!(managers, ["one", "two"]);
    }

    #[test]
    fn a_removed_field_is_nobodys() {
        let mut object = json!({"apiVersion": "v1", "metadata": {"annotations": {"a": "1", "b": "2"}}});
        record(None, &mut object, "m", "", Timestamp::UNIX_EPOCH);
        let old = object.clone();
        j::remove(&mut object, "/metadata/annotations/a");
        record(Some(&old), &mut object, "n", "", Timestamp::UNIX_EPOCH);
        let owned: Vec<Value> = entries_of(&object).iter().map(|e| e["fieldsV1"].clone()).collect();
        assert_eq!(owned[0], json!({"f:metadata": {"f:annotations": {".": {}, "f:b": {}}}}));
        assert_eq!(owned.len(), 1, "who takes away has nothing");
        let old = object.clone();
        j::remove(&mut object, "/metadata/annotations");
        record(Some(&old), &mut object, "n", "", Timestamp::UNIX_EPOCH);
        assert!(entries_of(&object).is_empty(), "with the last of them goes the map");
    }
}
