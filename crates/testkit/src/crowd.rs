//! Many identities of one run, most of them sound.

use serde_json::{Value, json};
use trustwalk_core::evidence::Evidence;

use crate::base::story;
use crate::error::ScenarioError;

/// Identities in one namespace.
const NAMESPACE: usize = 25;

/// The evidence of so many workloads of the story's cluster, each with an account and a role of its own. Each tenth has
/// a fault of its own, of several kinds in turn.
pub fn crowd(count: usize) -> Result<Vec<Evidence>, ScenarioError> {
    let base = story()?;
    (0..count).map(|n| Ok(serde_json::from_value(one(&base, n))?)).collect()
}

fn one(base: &Value, n: usize) -> Value {
    let (namespace, name) = (format!("team-{}", n / NAMESPACE), format!("app-{n}"));
    let mut e =
        renamed(base, &[("kube-system", &namespace), ("aws-node", &name), ("role/cni", &format!("role/{name}"))]);
    if let Some(of_namespace) = e.pointer_mut("/siblings/value") {
        let first = n / NAMESPACE * NAMESPACE;
        let account = |m: usize| {
            let role = format!("arn:aws:iam::111122223333:role/app-{m}");
            let annotations = json!({"eks.amazonaws.com/role-arn": role});
            json!({"namespace": namespace, "name": format!("app-{m}"), "annotations": annotations})
        };
        *of_namespace = (first..first + NAMESPACE).map(account).collect();
    }
    if n.is_multiple_of(10) {
        break_it(&mut e, n / 10);
    }
    e
}

fn break_it(e: &mut Value, kind: usize) {
    let mut put = |place: &str, value: Value| {
        if let Some(at) = e.pointer_mut(place) {
            *at = value;
        }
    };
    let mut refused = |code: &str, message: &str| {
        put("/exchange/value/assumed", Value::Null);
        put("/exchange/value/code", json!(code));
        put("/exchange/value/message", json!(message));
        put("/exchange/value/status", json!(400));
    };
    let denied = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    match kind % 4 {
        0 => put("/service_account/value/annotations", json!({})),
        1 => {
            refused("AccessDenied", denied);
            put("/role", json!({"state": "absent", "source": {"what": "iam:GetRole", "at": 0}}));
        }
        2 => {
            refused("InvalidIdentityToken", "Incorrect token audience");
            put("/token/value/aud", json!(["elsewhere"]));
        }
        _ => {
            refused("AccessDenied", denied);
            put("/token/value/sub", json!("system:serviceaccount:elsewhere:app"));
        }
    }
}

/// The value with words replaced in all its texts and names.
fn renamed(value: &Value, words: &[(&str, &str)]) -> Value {
    let text = |text: &str| words.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    match value {
        Value::String(all) => Value::String(text(all)),
        Value::Array(items) => items.iter().map(|item| renamed(item, words)).collect(),
        Value::Object(members) => members.iter().map(|(name, v)| (name.clone(), renamed(v, words))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
