//! `CloudTrail`: who changed what, when.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trustwalk_core::evidence::{Observed, TrailEvent};

use super::client::{AwsClient, AwsError, Service};

/// Events asked for per look-up: `CloudTrail`'s own maximum per page.
const EVENTS: usize = 50;

impl AwsClient {
    /// Events about a role and a provider, and changes of add-ons, newest first.
    pub async fn trail(&self, role: Option<&str>, provider_arn: Option<&str>) -> Observed<Vec<TrailEvent>> {
        let mut wanted = vec![("EventName", "UpdateAddon")];
        wanted.extend(role.map(|r| ("ResourceName", r)));
        wanted.extend(provider_arn.map(|p| ("ResourceName", p)));
        let looks = wanted.into_iter().map(|(key, value)| self.look_up(key, value));
        let outcome = futures_util::future::try_join_all(looks).await.map(|pages| {
            let mut seen = BTreeSet::new();
            let mut events: Vec<TrailEvent> =
                pages.into_iter().flatten().filter(|(id, _)| seen.insert(id.clone())).map(|(_, e)| e).collect();
            events.sort_by_key(|e| std::cmp::Reverse(e.at));
            events
        });
        self.observe(
            outcome,
            "cloudtrail:LookupEvents",
            "cloudtrail:LookupEvents",
            "aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=NAME",
        )
    }

    async fn look_up(&self, key: &str, value: &str) -> Result<Vec<(String, TrailEvent)>, AwsError> {
        let body = json!({"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}], "MaxResults": EVENTS});
        let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
        let answer = self.json(Service::CloudTrail, target, &body).await?;
        let events = answer.get("Events").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(events.iter().map(read_event).collect())
    }
}

pub(crate) fn read_event(event: &Value) -> (String, TrailEvent) {
    let text = |v: &Value, pointer: &str| v.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let detail: Value =
        text(event, "/CloudTrailEvent").and_then(|t| crate::json::parse(t.as_bytes()).ok()).unwrap_or(Value::Null);
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are wanted")]
    let at = event.get("EventTime").and_then(Value::as_f64).map_or(0, |t| t as i64);
    let resource = text(event, "/Resources/0/ResourceName").unwrap_or_default();
    let who = text(&detail, "/userIdentity/arn")
        .or_else(|| text(&detail, "/userIdentity/userName"))
        .or_else(|| text(event, "/Username"))
        .unwrap_or_default();
    let id = text(event, "/EventId").unwrap_or_default();
    let read = TrailEvent {
        at,
        name: text(event, "/EventName").unwrap_or_default(),
        who,
        resource,
        error: text(&detail, "/errorCode"),
        verification: text(&detail, "/additionalEventData/identityProviderConnectionVerificationMethod"),
        subject: text(&detail, "/userIdentity/userName")
            .filter(|_| text(&detail, "/userIdentity/type").as_deref() == Some("WebIdentityUser")),
    };
    (id, read)
}
