//! JSON merge patch (RFC 7386).

use serde_json::Value;

use crate::objects::json;

/// Applies a merge patch: null removes, objects merge, anything else replaces.
pub(crate) fn apply(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    let map = json::object(target);
    for (name, value) in members {
        if value.is_null() {
            map.shift_remove(name);
        } else {
            apply(map.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_removes_and_lists_replace() {
        let mut target = json!({"a": {"b": 1, "c": [1]}, "d": 2});
        apply(&mut target, &json!({"a": {"b": null, "c": [2, 3]}, "e": {"f": 1}}));
        assert_eq!(target, json!({"a": {"c": [2, 3]}, "d": 2, "e": {"f": 1}}));
    }
}
