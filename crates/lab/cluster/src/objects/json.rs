//! Small helpers for reading and writing JSON objects by pointer without panics.

use serde_json::{Map, Value};

static NULL: Value = Value::Null;
static EMPTY: Vec<Value> = Vec::new();

/// The value at a JSON pointer, or null.
pub fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&NULL)
}

/// The string at a JSON pointer, or the empty string.
pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    at(value, pointer).as_str().unwrap_or("")
}

/// The integer at a JSON pointer, if there is one.
pub fn int(value: &Value, pointer: &str) -> Option<i64> {
    at(value, pointer).as_i64()
}

/// The array at a JSON pointer, or an empty one.
pub fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    at(value, pointer).as_array().unwrap_or(&EMPTY)
}

/// Makes sure `value` is an object and returns it.
pub fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        // The line above made it an object; a fresh leak-free fallback cannot exist,
        // so recurse: it terminates because the next call takes the first arm.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => object(value),
    }
}

/// Writes `new` at a pointer of plain member names, creating objects on the way.
pub fn put(value: &mut Value, pointer: &str, new: Value) {
    let mut here = value;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        here = object(here).entry(name).or_insert(Value::Null);
    }
    *here = new;
}

/// Writes `new` at a pointer only when nothing (or null) is there.
pub fn put_default(value: &mut Value, pointer: &str, new: Value) {
    if at(value, pointer).is_null() {
        put(value, pointer, new);
    }
}

/// Removes the member a pointer names.
pub fn remove(value: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = name.replace("~1", "/").replace("~0", "~");
    value.pointer_mut(parent)?.as_object_mut()?.shift_remove(&name)
}

/// `metadata.name`.
pub fn name(value: &Value) -> &str {
    text(value, "/metadata/name")
}

/// `metadata.namespace`, empty when cluster-scoped.
pub fn namespace(value: &Value) -> &str {
    text(value, "/metadata/namespace")
}

/// `metadata.uid`.
pub fn uid(value: &Value) -> &str {
    text(value, "/metadata/uid")
}
