//! The policy language: which statements of a document apply to a request, and what they come to.
//!
//! Written from the IAM User Guide alone; the doctor has an evaluator of its own, and a test holds one against the
//! other.

mod condition;
mod operand;
mod operator;
mod pattern;

use std::collections::BTreeMap;

use serde_json::Value;

use condition::holds;
pub(crate) use operand::is_readable;
pub(crate) use operator::{Base, Operator};
pub(crate) use pattern::glob;
use pattern::{Pattern, resolved};

/// Condition keys of a request, lower-cased, with their values. A key without values counts as absent.
pub(crate) type Keys = BTreeMap<String, Vec<String>>;

/// What is asked of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// `service:Operation`.
    pub(crate) action: &'a str,
    /// ARN, or `*` where the operation has no resource; `None` for trust policies, which are a resource's own.
    pub(crate) resource: Option<&'a str>,
    /// Condition keys.
    pub(crate) keys: &'a Keys,
}

/// What one document or several come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement allows it.
    Silent,
    /// A statement denies it, which wins over any that allows (IAM User Guide, "Policy evaluation logic").
    Denied,
}

impl Decision {
    /// Two sets of statements read as one.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Denied, _) | (_, Self::Denied) => Self::Denied,
            (Self::Allowed, _) | (_, Self::Allowed) => Self::Allowed,
            (Self::Silent, Self::Silent) => Self::Silent,
        }
    }
}

/// What identity policies come to, read together.
pub(crate) fn decide<'d>(documents: impl IntoIterator<Item = &'d str>, asked: Asked<'_>) -> Decision {
    documents.into_iter().map(|document| decide_one(document, asked, |_| true)).fold(Decision::Silent, Decision::and)
}

/// What one document comes to; `named` says whether a statement's principal is meant.
pub(crate) fn decide_one(document: &str, asked: Asked<'_>, named: impl Fn(&Value) -> bool) -> Decision {
    let Ok(document) = serde_json::from_str::<Value>(document) else { return Decision::Silent };
    // Earlier versions of the language have no variables: `${…}` is plain text there (IAM User Guide, "Policy
    // elements: Variables and tags").
    let variables = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
    statements(&document)
        .iter()
        .filter(|statement| named(statement) && applies(statement, asked, variables))
        .map(|statement| match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Decision::Allowed,
            Some("Deny") => Decision::Denied,
            _ => Decision::Silent,
        })
        .fold(Decision::Silent, Decision::and)
}

fn applies(statement: &Value, asked: Asked<'_>, variables: bool) -> bool {
    let wanted = asked.action.to_ascii_lowercase();
    let action = |pattern: &String| Some(glob(&pattern.to_ascii_lowercase(), &wanted));
    let resource = |pattern: &String| {
        let asked_of = asked.resource.unwrap_or_default();
        resolved(pattern, true, variables, asked.keys).map(|units| Pattern::from(units).matches(asked_of))
    };
    either(statement, "Action", "NotAction", action)
        && (asked.resource.is_none() || either(statement, "Resource", "NotResource", resource))
        && holds(statement.get("Condition"), asked.keys, variables)
}

/// `Not…` turns a match round (IAM User Guide, "`NotAction`" and "`NotResource`"). A value without an answer,
/// which is one with a variable that has no value, makes the whole statement say nothing.
fn either(statement: &Value, plain: &str, not: &str, hit: impl Fn(&String) -> Option<bool>) -> bool {
    let any = |member: &Value| {
        let hits: Option<Vec<bool>> = one_or_many(Some(member)).iter().map(&hit).collect();
        hits.map(|hits| hits.contains(&true))
    };
    match (statement.get(plain), statement.get(not)) {
        (Some(member), _) => any(member) == Some(true),
        (None, Some(member)) => any(member) == Some(false),
        (None, None) => false,
    }
}

/// Statements of a document, one or many.
pub(crate) fn statements(document: &Value) -> Vec<Value> {
    match document.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// A string or a list of strings; numbers and booleans count as their text.
pub(crate) fn one_or_many(value: Option<&Value>) -> Vec<String> {
    let text = |v: &Value| match v {
        Value::String(s) => Some(s.clone()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(n.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}
