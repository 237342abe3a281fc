//! How deep and how large an object is.

use serde_json::Value;

use crate::objects::errors::ApiError;

/// Deepest nesting of an object. What walks through objects does so by recursion, and parsing alone bounds only what
/// arrives at once (`serde_json` stops at 128, too).
pub(crate) const DEEPEST: usize = 128;
/// Largest object, as etcd has it (`--max-request-bytes`, 1.5 MiB).
const LARGEST_OBJECT: usize = 1536 * 1024;

/// Bytes an object takes as JSON, about. Refused when it is deeper or larger than a store takes.
pub(crate) fn weigh(object: &Value) -> Result<usize, ApiError> {
    let mut bytes = 0;
    if !within(object, DEEPEST, &mut bytes) {
        return Err(ApiError::bad_request(format!("the object is nested more than {DEEPEST} deep")));
    }
    if bytes > LARGEST_OBJECT {
        return Err(ApiError::internal("etcdserver: request is too large"));
    }
    Ok(bytes)
}

/// Whether a value is at most `depth` deep; adds up what it takes on the way.
pub(crate) fn within(value: &Value, depth: usize, bytes: &mut usize) -> bool {
    /// Quotes and a separator, or a number.
    const AROUND: usize = 8;
    *bytes += AROUND;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => {
            *bytes += text.len();
            true
        }
        Value::Array(items) => depth > 0 && items.iter().all(|item| within(item, depth - 1, bytes)),
        Value::Object(map) => {
            depth > 0
                && map.iter().all(|(name, item)| {
                    *bytes += name.len();
                    within(item, depth - 1, bytes)
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_too_deep_or_too_large_are_refused() {
        let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(weigh(&nested(DEEPEST)).is_ok());
        assert_eq!(weigh(&nested(DEEPEST + 1)).unwrap_err().code, 400);
        assert_eq!(weigh(&json!("x".repeat(LARGEST_OBJECT))).unwrap_err().code, 500);
    }
}
