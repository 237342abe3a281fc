//! JSON patch (RFC 6902).

use serde_json::Value;

use crate::objects::{
    errors::ApiError,
    json as j,
    size::{DEEPEST, within},
};

/// Most operations in one patch (Kubernetes: `maxJSONPatchOperations`).
const MOST_OPERATIONS: usize = 10_000;

/// Bytes that a patch may copy and move about (Kubernetes: `AccumulatedCopySizeLimit`, the size of a request): a few
/// dozen operations could else double an object each.
const MOST_CARRIED: usize = 3 * 1024 * 1024;

/// Applies a list of operations, all or nothing.
pub(crate) fn apply(mut target: Value, patch: &Value) -> Result<Value, ApiError> {
    let operations =
        patch.as_array().ok_or_else(|| ApiError::bad_request("error decoding patch: json patch is not a list"))?;
    if operations.len() > MOST_OPERATIONS {
        return Err(ApiError::too_large());
    }
    let mut carried = 0;
    for operation in operations {
        // Which operation and why stands in the server's own log alone.
        step(&mut target, operation, &mut carried).map_err(|_| ApiError::inapplicable())?;
    }
    Ok(target)
}

/// Refuses a value that would end too deep below its path, and adds up its bytes.
fn fits(path: &str, value: &Value, bytes: &mut usize) -> Result<(), String> {
    let room = DEEPEST.checked_sub(path.matches('/').count());
    if room.is_some_and(|room| within(value, room, bytes)) {
        Ok(())
    } else {
        Err(format!("the object would be nested more than {DEEPEST} deep"))
    }
}

/// The same for what is there already, which may be carried about so often.
fn carry(path: &str, value: &Value, carried: &mut usize) -> Result<(), String> {
    fits(path, value, carried)?;
    if *carried > MOST_CARRIED {
        return Err(format!("more than {MOST_CARRIED} bytes are copied and moved"));
    }
    Ok(())
}

fn step(target: &mut Value, operation: &Value, carried: &mut usize) -> Result<(), String> {
    let path = operation.get("path").and_then(Value::as_str).ok_or("operation has no path")?;
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    let from = || j::text(operation, "/from");
    match j::text(operation, "/op") {
        "add" => {
            let value = value();
            fits(path, &value, &mut 0)?;
            add(target, path, value)
        }
        "remove" => take(target, path).map(drop),
        "replace" => {
            let slot = target.pointer_mut(path).ok_or_else(|| {
                format!("replace operation does not apply: doc is missing path: {path}: missing value")
            })?;
            let value = value();
            fits(path, &value, &mut 0)?;
            *slot = value;
            Ok(())
        }
        "move" => {
            let moved = take(target, from())?;
            carry(path, &moved, carried)?;
            add(target, path, moved)
        }
        "copy" => {
            let source = target.pointer(from()).ok_or("copy: missing source")?;
            carry(path, source, carried)?;
            let copied = source.clone();
            add(target, path, copied)
        }
        "test" => {
            if target.pointer(path) == operation.get("value") {
                Ok(())
            } else {
                Err(format!("testing value {path} failed: test failed"))
            }
        }
        other => Err(format!("unexpected operation \"{other}\"")),
    }
}

fn parent<'v>(target: &'v mut Value, path: &str) -> Result<(&'v mut Value, String), String> {
    let (parent, last) = path.rsplit_once('/').ok_or_else(|| format!("bad path \"{path}\""))?;
    let missing = || format!("doc is missing path: \"{path}\": missing value");
    let parent = target.pointer_mut(parent).ok_or_else(missing)?;
    Ok((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *target = value;
        return Ok(());
    }
    let (parent, last) = parent(target, path)?;
    match parent {
        Value::Object(map) => {
            map.insert(last, value);
            Ok(())
        }
        Value::Array(items) if last == "-" => {
            items.push(value);
            Ok(())
        }
        Value::Array(items) => {
            let index: usize = last.parse().map_err(|_| format!("bad index \"{last}\""))?;
            if index > items.len() {
                return Err(format!("add operation does not apply: index {index} out of range"));
            }
            items.insert(index, value);
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(format!("cannot add under \"{path}\""))
        }
    }
}

fn take(target: &mut Value, path: &str) -> Result<Value, String> {
    let missing = || format!("remove operation does not apply: doc is missing path: \"{path}\": missing value");
    let (parent, last) = parent(target, path)?;
    match parent {
        Value::Object(map) => map.shift_remove(&last).ok_or_else(missing),
        Value::Array(items) => {
            let index: usize = last.parse().map_err(|_| format!("bad index \"{last}\""))?;
            if index < items.len() { Ok(items.remove(index)) } else { Err(missing()) }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_apply_in_order() {
        let start = json!({"spec": {"list": [1, 2]}});
        let patch = json!([
            {"op": "add", "path": "/spec/list/-", "value": 3},
            {"op": "add", "path": "/spec/list/0", "value": 0},
            {"op": "remove", "path": "/spec/list/1"},
            {"op": "add", "path": "/spec/a~1b", "value": true},
            {"op": "test", "path": "/spec/a~1b", "value": true},
        ]);
        let end = apply(start, &patch).unwrap();
        assert_eq!(end, json!({"spec": {"list": [0, 2, 3], "a/b": true}}));
    }

    #[test]
    fn a_patch_neither_multiplies_nor_deepens_an_object_without_end() {
        let double = json!({"op": "copy", "from": "", "path": "/a"});
        let wide: Vec<Value> =
            (0..64).map(|n| json!({"op": "copy", "from": "/l", "path": format!("/l/{n}")})).collect();
        assert_eq!(apply(json!({"l": ["x"]}), &Value::Array(wide)).unwrap_err().code, 422);
        assert_eq!(apply(json!({}), &Value::Array(vec![double; 1000])).unwrap_err().code, 422);
        let deep: String = "/a".repeat(DEEPEST);
        let chain = (0..DEEPEST - 1).fold(json!({}), |inner, _| json!({"a": inner}));
        let patch = json!([{"op": "add", "path": deep, "value": [1]}]);
        assert_eq!(apply(chain, &patch).unwrap_err().code, 422);
    }

    #[test]
    fn a_failed_test_refuses_the_patch() {
        let patch = json!([{"op": "test", "path": "/a", "value": 1}]);
        assert_eq!(apply(json!({"a": 2}), &patch).unwrap_err().code, 422);
    }
}
