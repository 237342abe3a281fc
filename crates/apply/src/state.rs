//! States as preconditions hold them, and what became of a write.

use serde_json::Value;
use trustwalk_collect::aws::AwsError;
use trustwalk_collect::kube_api::WriteError;

/// Whether two states are the same: JSON by value, lists of names as sets, anything else as text. The case of
/// letters counts but in thumbprints, which are numbers: audiences that differ in it alone are two.
pub(crate) fn same(a: &str, b: &str) -> bool {
    match (serde_json::from_str::<Value>(a), serde_json::from_str::<Value>(b)) {
        (Ok(Value::Array(mut x)), Ok(Value::Array(mut y))) => {
            let is_number = |v: &Value| v.as_str().is_some_and(|t| t.bytes().all(|b| b.is_ascii_hexdigit()));
            let key = |v: &Value| if is_number(v) { v.to_string().to_ascii_lowercase() } else { v.to_string() };
            x.sort_by_key(key);
            y.sort_by_key(key);
            x.len() == y.len() && x.iter().zip(&y).all(|(p, q)| key(p) == key(q))
        }
        (Ok(x), Ok(y)) => x == y,
        _ => a == b,
    }
}

/// Why a write did not come back as done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing was changed.
    Refused(String),
    /// It may have been changed: the answer did not come, or the server failed itself.
    Lost(String),
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        if error.is_refusal() { Self::Refused(error.to_string()) } else { Self::Lost(error.to_string()) }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(why) => Self::Refused(why),
            WriteError::Lost(why) => Self::Lost(why),
        }
    }
}
