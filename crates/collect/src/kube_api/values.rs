//! Members of a document by their place in it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// A text, empty where there is none.
pub(super) fn text(v: &Value, pointer: &str) -> String {
    v.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A text.
pub(super) fn opt(v: &Value, pointer: &str) -> Option<String> {
    v.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// A number, 0 where there is none.
pub(super) fn int(v: &Value, pointer: &str) -> i64 {
    v.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// A moment in Unix seconds, 0 where there is none.
pub(super) fn time(v: &Value, pointer: &str) -> i64 {
    moment(v, pointer).unwrap_or_default()
}

/// A moment in Unix seconds.
pub(super) fn moment(v: &Value, pointer: &str) -> Option<i64> {
    v.pointer(pointer)?.as_str()?.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// The items of a list.
pub(super) fn array<'a>(v: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    v.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Names and texts.
pub(super) fn map(v: &Value, pointer: &str) -> BTreeMap<String, String> {
    v.pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(k, v)| v.as_str().map(|s| (k.clone(), s.to_owned())))
        .collect()
}
