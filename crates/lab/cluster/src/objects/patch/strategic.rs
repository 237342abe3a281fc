//! Strategic merge patch: a merge patch that merges keyed lists item by item
//! (Kubernetes docs, "Update API Objects in Place Using kubectl patch").

use serde_json::{Map, Value};

use super::keys::merge_key;
use crate::objects::json as j;

/// Applies a strategic merge patch.
pub(crate) fn apply(target: &mut Value, patch: &Value) {
    merge_map(target, patch);
}

fn merge_map(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    match j::text(patch, "/$patch") {
        "replace" => {
            *target = without_directives(members);
            return;
        }
        "delete" => {
            *target = Value::Object(Map::new());
            return;
        }
        _ => {}
    }
    if let Some(keep) = members.get("$retainKeys").and_then(Value::as_array) {
        let map = j::object(target);
        let gone: Vec<String> = map.keys().filter(|key| !keep.iter().any(|k| k == key.as_str())).cloned().collect();
        for key in gone {
            map.shift_remove(&key);
        }
    }
    for (name, value) in members {
        if let Some(field) = name.strip_prefix("$deleteFromPrimitiveList/") {
            delete_primitives(target, field, value);
        } else if !name.starts_with('$') {
            merge_member(target, name, value);
        }
    }
    for (name, order) in members {
        if let Some(field) = name.strip_prefix("$setElementOrder/") {
            reorder(target, field, order);
        }
    }
}

fn merge_member(target: &mut Value, name: &str, value: &Value) {
    let map = j::object(target);
    match value {
        Value::Null => {
            map.shift_remove(name);
        }
        Value::Object(_) => {
            let slot = map.entry(name.to_owned()).or_insert(Value::Null);
            // One without members is there, too.
            j::object(slot);
            merge_map(slot, value);
        }
        Value::Array(items) => {
            let slot = map.entry(name.to_owned()).or_insert(Value::Null);
            merge_list(slot, name, items);
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            map.insert(name.to_owned(), value.clone());
        }
    }
}

fn merge_list(slot: &mut Value, field: &str, patch: &[Value]) {
    let replace = patch.iter().any(|item| j::text(item, "/$patch") == "replace");
    let keyed = patch.iter().find_map(|item| merge_key(field, item));
    if replace || (keyed.is_none() && field != "finalizers") {
        let plain = patch.iter().filter(|item| item.get("$patch").is_none());
        *slot = Value::Array(plain.map(clean).collect());
        return;
    }
    let mut list = slot.as_array().cloned().unwrap_or_default();
    let Some(key) = keyed else {
        for item in patch {
            if !list.contains(item) {
                list.push(item.clone());
            }
        }
        *slot = Value::Array(list);
        return;
    };
    for item in patch {
        let same = |other: &Value| other.get(key) == item.get(key);
        if j::text(item, "/$patch") == "delete" {
            list.retain(|other| !same(other));
        } else if let Some(found) = list.iter_mut().find(|other| same(other)) {
            merge_map(found, item);
        } else {
            list.push(clean(item));
        }
    }
    *slot = Value::Array(list);
}

fn delete_primitives(target: &mut Value, field: &str, gone: &Value) {
    let gone = gone.as_array().cloned().unwrap_or_default();
    if let Some(list) = target.get_mut(field).and_then(Value::as_array_mut) {
        list.retain(|item| !gone.contains(item));
    }
}

/// Puts the named items in the given order; items the order does not name stay
/// where they were relative to their predecessors.
fn reorder(target: &mut Value, field: &str, order: &Value) {
    let order = order.as_array().cloned().unwrap_or_default();
    let Some(list) = target.get_mut(field).and_then(Value::as_array_mut) else {
        return;
    };
    let place = |item: &Value| {
        order.iter().position(|wanted| match merge_key(field, item) {
            Some(key) => wanted.get(key) == item.get(key),
            None => wanted == item,
        })
    };
    let mut named: Vec<(usize, Value)> = Vec::new();
    for item in list.iter() {
        if let Some(position) = place(item) {
            named.push((position, item.clone()));
        }
    }
    named.sort_by_key(|(position, _)| *position);
    let mut sorted = named.into_iter().map(|(_, item)| item);
    for slot in list.iter_mut() {
        if place(slot).is_some()
            && let Some(next) = sorted.next()
        {
            *slot = next;
        }
    }
}

/// A new value without directives and nulls, as the server stores it.
fn clean(value: &Value) -> Value {
    match value {
        Value::Object(map) => without_directives(map),
        Value::Array(list) => Value::Array(list.iter().map(clean).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn without_directives(map: &Map<String, Value>) -> Value {
    let kept = map
        .iter()
        .filter(|(name, value)| !name.starts_with('$') && !value.is_null())
        .map(|(name, value)| (name.clone(), clean(value)));
    Value::Object(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_without_members_is_there() {
        let mut target = json!({"spec": {"ca": {"secretName": "a"}}});
        apply(&mut target, &json!({"spec": {"ca": null, "selfSigned": {}}}));
        assert_eq!(target, json!({"spec": {"selfSigned": {}}}));
    }

    #[test]
    fn containers_and_env_merge_by_name() {
        let mut target = json!({"spec": {"containers": [
            {"name": "a", "image": "x", "env": [{"name": "K", "value": "1"}]},
            {"name": "b", "image": "y"},
        ], "tolerations": [{"key": "old"}]}});
        let patch = json!({"spec": {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "a", "env": [{"name": "K", "$patch": "delete"}, {"name": "L", "value": "2"}]}],
            "tolerations": [{"key": "new"}],
        }});
        apply(&mut target, &patch);
        assert_eq!(
            target,
            json!({"spec": {"containers": [
            {"name": "b", "image": "y"},
            {"name": "a", "image": "x", "env": [{"name": "L", "value": "2"}]},
        ], "tolerations": [{"key": "new"}]}})
        );
    }
}
