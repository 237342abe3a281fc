//! `CloudTrail`: what happened in the account.

use serde_json::{Value, json};

use crate::account::Account;
use crate::outcome::AwsFault;
use crate::sigv4::Caller;
use crate::state::Event;

/// Largest page (`CloudTrail` API reference).
const PAGE: usize = 50;
/// Attributes that may be looked up (`CloudTrail` API reference, `LookupAttribute`).
const KEYS: [&str; 8] =
    ["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"];

/// `LookupEvents`.
pub(crate) fn call(account: &Account, caller: &Caller, target: &str, body: &[u8]) -> Result<Value, AwsFault> {
    if !target.ends_with(".LookupEvents") {
        return Err(AwsFault::new(400, "UnknownOperationException", format!("the lab's CloudTrail has no {target}")));
    }
    account.authorise(caller, "cloudtrail:LookupEvents", "*").map_err(AwsFault::excepting)?;
    let sent: Value =
        serde_json::from_slice(body).map_err(|_| refuse("SerializationException", "the body is not JSON"))?;
    let wanted = attributes(&sent)?;
    let most = match sent.get("MaxResults") {
        None | Some(Value::Null) => PAGE,
        Some(n) => n
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| (1..=PAGE).contains(n))
            .ok_or_else(|| refuse("InvalidMaxResultsException", "MaxResults must be from 1 to 50"))?,
    };
    let from: usize = match sent.get("NextToken").and_then(Value::as_str) {
        None => 0,
        Some(t) => {
            t.parse().map_err(|_| refuse("InvalidNextTokenException", "the token is not one of LookupEvents"))?
        }
    };
    let bound = |name: &str| sent.get(name).and_then(Value::as_f64);
    if bound("StartTime").zip(bound("EndTime")).is_some_and(|(start, end)| start > end) {
        return Err(refuse("InvalidTimeRangeException", "StartTime is after EndTime"));
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds of this millennium are exact")]
    let in_time = |e: &Event| {
        let at = e.at.as_second() as f64;
        bound("StartTime").is_none_or(|s| at >= s) && bound("EndTime").is_none_or(|s| at <= s)
    };
    let state = account.state();
    let found: Vec<&Event> =
        state.events.newest_first().filter(|e| in_time(e) && wanted.iter().all(|(k, v)| matches(e, k, v))).collect();
    let page: Vec<Value> = found.iter().skip(from).take(most).map(|e| show(e)).collect();
    let mut answer = json!({"Events": page});
    if found.len() > from.saturating_add(most)
        && let Some(object) = answer.as_object_mut()
    {
        object.insert("NextToken".to_owned(), json!((from + most).to_string()));
    }
    Ok(answer)
}

fn refuse(code: &'static str, text: &str) -> AwsFault {
    AwsFault::new(400, code, text)
}

/// The one attribute that may be asked for (`CloudTrail` API reference, `LookupEvents`).
fn attributes(sent: &Value) -> Result<Vec<(String, String)>, AwsFault> {
    let bad = |text: &str| refuse("InvalidLookupAttributesException", text);
    let listed = match sent.get("LookupAttributes") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(listed) => listed.as_array().ok_or_else(|| bad("LookupAttributes must be a list"))?,
    };
    if listed.len() > 1 {
        return Err(bad("You can only use one attribute key/value pair in the lookup"));
    }
    let one = |a: &Value| {
        let text = |name: &str| a.get(name).and_then(Value::as_str).map(str::to_owned);
        let pair = text("AttributeKey").zip(text("AttributeValue"));
        pair.filter(|(key, _)| KEYS.contains(&key.as_str())).ok_or_else(|| bad("no such attribute"))
    };
    listed.iter().map(one).collect()
}

fn matches(event: &Event, key: &str, value: &str) -> bool {
    match key {
        "EventName" => event.name == value,
        "EventSource" => event.source == value,
        "Username" => event.username == value,
        "EventId" => event.id == value,
        "ReadOnly" => value.eq_ignore_ascii_case(if event.read_only { "true" } else { "false" }),
        "ResourceName" => event.resources.iter().any(|r| r.name == value),
        "ResourceType" => event.resources.iter().any(|r| r.kind == value),
        "AccessKeyId" => event.key == value,
        _ => false,
    }
}

fn show(e: &Event) -> Value {
    let resources: Vec<Value> =
        e.resources.iter().map(|r| json!({"ResourceType": r.kind, "ResourceName": r.name})).collect();
    json!({
        "EventId": e.id, "EventName": e.name, "EventSource": e.source, "EventTime": e.at.as_second(),
        "ReadOnly": e.read_only.to_string(), "AccessKeyId": e.key, "Username": e.username, "Resources": resources,
        "CloudTrailEvent": e.detail,
    })
}
