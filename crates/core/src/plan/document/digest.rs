//! The digest of what a step replaces: equal for values that are the same to whoever holds them.

use serde_json::Value;
use trustwalk_x509::Thumbprint;

use crate::plan::action::Action;
use crate::plan::describe::list;

/// The digest.
pub(super) fn of(action: &Action, expected: &str) -> String {
    Thumbprint::sha256(canonical(action, expected).as_bytes()).as_str().to_owned()
}

/// A value in the one form that all equal values have.
fn canonical(action: &Action, expected: &str) -> String {
    let sorted = |mut all: Vec<String>| {
        all.sort();
        Value::from(all).to_string()
    };
    match action {
        Action::SetThumbprints { .. } => list(expected)
            .map_or_else(|| expected.to_owned(), |all| sorted(all.iter().map(|t| t.to_ascii_lowercase()).collect())),
        Action::AddClientId { .. } => list(expected).map_or_else(|| expected.to_owned(), sorted),
        // Members of an object stand in order of their names.
        Action::SetTrustPolicy { .. } => {
            serde_json::from_str::<Value>(expected).map_or_else(|_| expected.to_owned(), |v| ordered(&v).to_string())
        }
        Action::CreateProvider { .. }
        | Action::Annotate { .. }
        | Action::AttachPolicy { .. }
        | Action::SetWebhook { .. }
        | Action::Associate { .. }
        | Action::Restart { .. }
        | Action::Renew { .. } => expected.to_owned(),
    }
}

/// The same with the members of every object in order. The JSON reader's own limit bounds the depth.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Object(members.into_iter().map(|(name, inner)| (name.clone(), ordered(inner))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::plan::Action;

    #[test]
    fn the_order_of_lists_and_members_is_no_change_and_a_value_is() {
        let policy = Action::SetTrustPolicy { role: "r".into(), document: "{}".into() };
        assert_eq!(of(&policy, r#"{"a":1,"b":[1,2]}"#), of(&policy, "{\"b\": [1, 2],\n \"a\": 1}"));
        assert_ne!(of(&policy, r#"{"a":1,"b":[1,2]}"#), of(&policy, r#"{"a":1,"b":[2,1]}"#));
        let prints = Action::SetThumbprints { provider_arn: "p".into(), thumbprints: Vec::new() };
        assert_eq!(of(&prints, r#"["AB","cd"]"#), of(&prints, r#"["CD","ab"]"#));
        assert_ne!(of(&prints, r#"["ab"]"#), of(&prints, r#"["ab","cd"]"#));
        let audience = Action::AddClientId { provider_arn: "p".into(), client_id: "x".into() };
        assert_eq!(of(&audience, r#"["a","b"]"#), of(&audience, r#"["b","a"]"#));
        assert_ne!(of(&audience, r#"["a"]"#), of(&audience, r#"["A"]"#), "audiences tell capitals apart");
        let restart = Action::Restart { resource: "Deployment".into(), namespace: "n".into(), name: "d".into() };
        // SHA-256 of nothing (FIPS 180-4).
        assert_eq!(of(&restart, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
