//! The calls that were made to a kube-apiserver 1.36.2, one after another, and what it answered (`../recorded.json`):
//! code, warning, the words of a refusal, and of objects the members that say what became of the call. Times are left
//! out, UIDs are all alike, and `$name` is what an answer before told.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use trustwalk_lab_cluster::json as j;

use crate::support::Lab;

const RECORDED: &str = include_str!("../recorded.json");

/// What differs and is known to: the call, the member, and why.
const DIFFERS: &[(&str, &str, &str)] = &[
    ("annotation with a key that is none", "/details", "not looked into yet: which causes are told twice"),
    ("webhook", "/metadata/managedFields", "selectors are one field there, and defaults have an owner"),
    ("bundle that is no certificate", "/metadata/managedFields", "the same"),
    ("annotation that is no text", "/message", "the whole object stands in it, with its times, in Go's order"),
    ("annotation that is no text", "/details", "the same"),
    ("bundle that is no base64", "/message", "the same"),
    ("bundle that is no base64", "/details", "the same"),
    ("pod, dry run", "/spec", "an identity webhook stood behind it, and two tolerations are set by default"),
];

/// A text with what differs from run to run made alike.
fn plain(text: &str) -> String {
    let parts = |text: &str| text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let is_uid = |word: &str| parts(word) && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(Some('\0')) {
        if c.is_ascii_alphanumeric() || c == '-' {
            word.push(c);
            continue;
        }
        out.push_str(if is_uid(&word) { "UID" } else { &word });
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    match out.split_once("kube-api-access-") {
        Some((before, after)) => format!("{before}kube-api-access-*{}", after.get(5..).unwrap_or_default()),
        None => out,
    }
}

/// An answer without times.
fn timeless(value: &Value) -> Value {
    match value {
        Value::Object(all) => {
            let times = ["time", "creationTimestamp", "lastTransitionTime", "lastUpdateTime"];
            let kept = all.iter().filter(|(name, _)| !times.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), timeless(value))).collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(timeless).collect()),
        Value::String(text) => Value::String(plain(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// A body with what was told before in it.
fn filled(value: &Value, told: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::Object(all) => Value::Object(all.iter().map(|(name, v)| (name.clone(), filled(v, told))).collect()),
        Value::Array(all) => Value::Array(all.iter().map(|v| filled(v, told)).collect()),
        Value::String(text) => text.strip_prefix('$').and_then(|name| told.get(name)).unwrap_or(value).clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[tokio::test]
async fn what_a_real_api_server_answered_is_answered() {
    let lab = Lab::start().await;
    let recorded: Vec<Map<String, Value>> = serde_json::from_str(RECORDED).unwrap();
    let (mut told, mut wrong) = (BTreeMap::new(), Vec::new());
    for call in recorded {
        let call = Value::Object(call);
        let text = |name: &str| j::text(&call, name);
        let body = Some(j::at(&call, "/body")).filter(|body| !body.is_null());
        let body = body.map(|body| filled(body, &told).to_string()).unwrap_or_default();
        let all = [("content-type", text("/type")), ("accept", text("/accept")), ("impersonate-user", text("/as"))];
        let headers: Vec<(&str, &str)> = all
            .into_iter()
            .map(|(name, value)| {
                (name, if name == "content-type" && value.is_empty() { "application/json" } else { value })
            })
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let reply = lab.ask(Some(&lab.admin), (text("/method"), text("/path")), &headers, &body).await;
        let warning = reply.headers().get("warning").map(|w| w.to_str().unwrap().to_owned()).unwrap_or_default();
        let (code, answer) = crate::support::read(reply).await;
        for (name, at) in j::at(&call, "/save").as_object().into_iter().flatten() {
            told.insert(name.clone(), j::at(&answer, at.as_str().unwrap()).clone());
        }
        let mut differ = |what: &str, real: &Value, ours: &Value| {
            let known = DIFFERS.iter().any(|(name, member, _)| *name == text("/name") && *member == what);
            if (real == ours) == known {
                wrong.push(format!("{}: {what}\n  real {real}\n  ours {ours}", text("/name")));
            }
        };
        differ("code", j::at(&call, "/code"), &code.into());
        differ("warning", &text("/warning").into(), &warning.into());
        for (at, real) in j::at(&call, "/says").as_object().into_iter().flatten() {
            differ(at, real, &timeless(j::at(&answer, at)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
