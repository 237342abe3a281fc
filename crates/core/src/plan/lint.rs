//! Refuses steps that would admit more identities than the one they are for.

use std::collections::BTreeSet;

use serde_json::Value;

/// Why a new trust policy is wider than the old one in a way no repair needs; `None` when it is not.
pub fn widens(old: &str, new: &str) -> Option<String> {
    let (Ok(old), Ok(new)) = (serde_json::from_str::<Value>(old), serde_json::from_str::<Value>(new)) else {
        return Some("one of the two documents cannot be read".to_owned());
    };
    let (before, after) = (patterns(&old), patterns(&new));
    if let Some(wild) = after.difference(&before).next() {
        return Some(format!("it adds the wildcard `{wild}`"));
    }
    let unguarded = |v: &Value| statements(v).iter().filter(|s| federated(s) && guards(s) == 0).count();
    (unguarded(&new) > unguarded(&old))
        .then(|| "it leaves a web identity statement without a condition on the subject".to_owned())
}

fn statements(v: &Value) -> Vec<&Value> {
    match v.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn federated(s: &Value) -> bool {
    s.get("Effect").and_then(Value::as_str) == Some("Allow")
        && (s.pointer("/Principal/Federated").is_some() || s.get("Principal").and_then(Value::as_str) == Some("*"))
}

fn guards(s: &Value) -> usize {
    let blocks = s.get("Condition").and_then(Value::as_object).into_iter().flatten();
    blocks.filter_map(|(_, b)| b.as_object()).flatten().filter(|(k, _)| k.to_lowercase().ends_with(":sub")).count()
}

fn patterns(v: &Value) -> BTreeSet<String> {
    match v {
        Value::String(text) if text.contains('*') => BTreeSet::from([text.clone()]),
        Value::Array(items) => items.iter().flat_map(patterns).collect(),
        Value::Object(map) => map.values().flat_map(patterns).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}
