//! Providers that IAM knows without registration.

use serde_json::{Value, json};

use super::support::{allow, codes};

fn of(name: &str, conditions: &[(&str, &str, &str)]) -> Value {
    let mut out = json!({});
    for (operator, claim, value) in conditions {
        out[*operator][format!("{name}:{claim}")] = json!(value);
    }
    allow(&json!(name), &out)
}

#[test]
fn each_is_judged_by_what_its_tokens_say() {
    const COGNITO: &str = "cognito-identity.amazonaws.com";
    const GOOGLE: &str = "accounts.google.com";
    const LIKE: &str = "ForAnyValue:StringLike";
    let pool = ("StringEquals", "aud", "us-west-2:12345678-1234-1234-1234-123456789012");
    for (name, conditions, expected) in [
        (COGNITO, vec![pool, (LIKE, "amr", "authenticated")], vec![]),
        (COGNITO, vec![pool], vec!["TA010"]),
        (COGNITO, vec![pool, (LIKE, "amr", "unauthenticated")], vec![]),
        (COGNITO, vec![(LIKE, "amr", "authenticated")], vec!["TA009"]),
        (COGNITO, vec![], vec!["TA009"]),
        (GOOGLE, vec![("StringEquals", "aud", "1.apps.googleusercontent.com")], vec![]),
        (GOOGLE, vec![("StringEquals", "sub", "100000000000000000001")], vec![]),
        (GOOGLE, vec![("StringEquals", "oaud", "https://ours.example")], vec!["TA011"]),
        (GOOGLE, vec![], vec!["TA009"]),
        ("www.amazon.com", vec![("StringEquals", "app_id", "amzn1.application.1")], vec![]),
        ("www.amazon.com", vec![], vec!["TA009"]),
        ("graph.facebook.com", vec![("StringEquals", "app_id", "1")], vec![]),
        ("graph.facebook.com", vec![("StringEquals", "id", "1")], vec![]),
        ("graph.facebook.com", vec![], vec!["TA009"]),
        // A key that these tokens have not.
        ("graph.facebook.com", vec![("StringEquals", "email", "a@example.com")], vec!["TW013"]),
    ] {
        assert_eq!(codes(&[of(name, &conditions)], ""), expected, "{name} {conditions:?}");
    }
}
