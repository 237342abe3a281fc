//! A statement for one identity and nobody else.

use super::{Job, json};
use crate::call::is_of_call;
use crate::context::Fact;
use crate::exchange::Exchange;
use crate::reasons::{Place, Reason};
use serde_json::{Map, Value, json};

/// The policy with one more statement. What the statement that was meant asks of the call (address, time, tags) is
/// asked here too, and whatever some statement asks of a token, this one answers as this token does.
pub(super) fn statement(job: &Job<'_>, reasons: &[Reason]) -> Option<String> {
    let identity = &job.asked.identity;
    let mut conditions = asked_of_calls(job, reasons);
    let context = identity.context();
    let own = format!("{}:", identity.issuer_path);
    let mut keys = vec![format!("{own}aud"), format!("{own}sub")];
    for condition in job.document.statements.iter().flat_map(|s| &s.conditions) {
        let known = keys.iter().any(|k| k.eq_ignore_ascii_case(&condition.key));
        let ours = condition.key.get(..own.len()).is_some_and(|head| head.eq_ignore_ascii_case(&own));
        if !known && ours && condition.key.matches(':').count() == own.matches(':').count() {
            keys.push(condition.key.clone());
        }
    }
    for key in keys {
        match context.fact(&key) {
            Fact::Known([value]) => put(&mut conditions, "StringEquals", &key, value)?,
            Fact::Absent => put(&mut conditions, "Null", &key, "true")?,
            // What is not known, or has several values, cannot be asked for exactly.
            Fact::Known(_) | Fact::Partly(_) | Fact::Present | Fact::Unknown => return None,
        }
    }
    let actions: Vec<String> =
        Exchange::new(identity, job.call).requests().iter().map(|request| request.action.clone()).collect();
    let action = match actions.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let principal = json!({ "Federated": identity.provider_arn });
    let statement = json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Condition": conditions });
    json::add_statement(job.text, statement)
}

fn put(conditions: &mut Map<String, Value>, operator: &str, key: &str, value: &str) -> Option<()> {
    let block = conditions.entry(operator).or_insert_with(|| json!({})).as_object_mut()?;
    block.insert(key.to_owned(), Value::from(value));
    Some(())
}

/// What the statement that came nearest asks of the call.
fn asked_of_calls(job: &Job<'_>, reasons: &[Reason]) -> Map<String, Value> {
    let meant = reasons.iter().find_map(|reason| match &reason.place {
        Place::Condition { statement, .. } | Place::Action { statement } => Some(*statement),
        Place::Policy | Place::Statement { .. } | Place::Principal { .. } => None,
    });
    let written = meant.and_then(|statement| json::conditions(job.text, statement));
    let Some(Value::Object(mut conditions)) = written else { return Map::new() };
    for (_, block) in &mut conditions {
        if let Some(block) = block.as_object_mut() {
            block.retain(|key, _| is_of_call(key));
        }
    }
    conditions.retain(|_, block| block.as_object().is_some_and(|b| !b.is_empty()));
    conditions
}
