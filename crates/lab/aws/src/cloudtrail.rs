//! `CloudTrail`: what happened in the account.

use serde_json::{Value, json};

use crate::account::Account;
use crate::outcome::AwsFault;
use crate::sigv4::Caller;
use crate::state::Event;

/// Largest page (`CloudTrail` API reference).
const PAGE: usize = 50;

/// `LookupEvents`.
pub(crate) fn call(account: &Account, caller: &Caller, target: &str, body: &[u8]) -> Result<Value, AwsFault> {
    if !target.ends_with(".LookupEvents") {
        return Err(AwsFault::new(400, "UnknownOperationException", format!("the lab's CloudTrail has no {target}")));
    }
    account.authorise(caller, "cloudtrail:LookupEvents", "*")?;
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let wanted: Vec<(String, String)> = sent
        .get("LookupAttributes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|a| {
            Some((a.get("AttributeKey")?.as_str()?.to_owned(), a.get("AttributeValue")?.as_str()?.to_owned()))
        })
        .collect();
    let most =
        sent.get("MaxResults").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(PAGE).min(PAGE);
    let from: usize = sent.get("NextToken").and_then(Value::as_str).and_then(|t| t.parse().ok()).unwrap_or(0);
    let bound = |name: &str| sent.get(name).and_then(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds of this millennium are exact")]
    let in_time = |e: &Event| {
        let at = e.at.as_second() as f64;
        bound("StartTime").is_none_or(|s| at >= s) && bound("EndTime").is_none_or(|s| at <= s)
    };
    let state = account.state();
    let found: Vec<&Event> =
        state.events.iter().rev().filter(|e| in_time(e) && wanted.iter().all(|(k, v)| matches(e, k, v))).collect();
    let page: Vec<Value> = found.iter().skip(from).take(most).map(|e| show(e)).collect();
    let mut answer = json!({"Events": page});
    if found.len() > from + most
        && let Some(object) = answer.as_object_mut()
    {
        object.insert("NextToken".to_owned(), json!((from + most).to_string()));
    }
    Ok(answer)
}

fn matches(event: &Event, key: &str, value: &str) -> bool {
    match key {
        "EventName" => event.name == value,
        "EventSource" => event.source == value,
        "Username" => event.username == value,
        "EventId" => event.id == value,
        "ResourceName" => event.resources.iter().any(|r| r == value),
        _ => false,
    }
}

fn show(e: &Event) -> Value {
    let resources: Vec<Value> = e.resources.iter().map(|r| json!({"ResourceName": r})).collect();
    json!({
        "EventId": e.id, "EventName": e.name, "EventSource": e.source, "EventTime": e.at.as_second(),
        "Username": e.username, "Resources": resources, "CloudTrailEvent": e.detail.to_string(),
    })
}
