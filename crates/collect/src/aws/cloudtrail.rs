//! `CloudTrail`: who changed what, when, and which exchanges were refused.
//!
//! What IAM does is recorded in one region of each partition, what STS and EKS do in the region that answered
//! (`CloudTrail` User Guide, "About global service events"). The event of an `AssumeRoleWithWebIdentity` lists the
//! role's ARN under `resources` (IAM User Guide, "Logging IAM and AWS STS API calls"), refused or not; that of a change
//! of a role has the role's name (`CloudTrail` User Guide, "Viewing recent management events with the AWS CLI").

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::Instant;
use trustwalk_core::evidence::{Observed, TrailEvent};
use trustwalk_foreign::shell;

use super::client::{AwsClient, Service};
use super::error::AwsError;
use crate::limits::{TRAIL_PAGES, TRAIL_TIME};

/// Events asked for per look-up: `CloudTrail`'s own maximum per page.
const EVENTS: usize = 50;

/// Members of `requestParameters` that tell what a change changes, and the names that evidence has for them: a role is
/// made with its first trust policy (IAM API reference, `CreateRole`, `AssumeRolePolicyDocument`).
const CHANGES: [(&str, &str); 6] = [
    ("policyDocument", "policyDocument"),
    ("assumeRolePolicyDocument", "policyDocument"),
    ("policyArn", "policyArn"),
    ("policyName", "policyName"),
    ("openIDConnectProviderArn", "openIDConnectProviderArn"),
    ("clientID", "clientID"),
];

/// One look-up: an attribute, its value, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// Whether it is of a global service's events, which are recorded in one region of the partition.
    pub global: bool,
    /// `ResourceName`, `EventName`, … (`CloudTrail` API reference, `LookupAttribute`).
    pub key: &'static str,
    /// What it must be.
    pub value: String,
    /// Nothing older is asked for, in seconds since 1970.
    pub from: Option<i64>,
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// Events, the newest first.
    pub events: Vec<TrailEvent>,
    /// Since when they are whole; `None` when all there are were read.
    pub since: Option<i64>,
}

/// The operation, as JSON 1.1 names it.
pub(super) const LOOK_UP: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";

impl AwsClient {
    /// Events with an attribute, the newest first, up to a number of pages and a time.
    pub async fn look_up(&self, asked: &LookUp) -> Observed<Looked> {
        let LookUp { global, key, value, from } = asked;
        let service = if *global { Service::GlobalTrail } else { Service::CloudTrail };
        let attributes = json!([{"AttributeKey": key, "AttributeValue": value}]);
        let until = Instant::now() + TRAIL_TIME;
        let read = async {
            let (mut found, mut token): (Looked, Option<String>) = (Looked::default(), None);
            for page in 1.. {
                let mut body = json!({"LookupAttributes": attributes, "MaxResults": EVENTS});
                if let Some(members) = body.as_object_mut() {
                    members.extend(from.map(|from| ("StartTime".to_owned(), json!(from))));
                    members.extend(token.as_ref().map(|token| ("NextToken".to_owned(), json!(token))));
                }
                let answer = self.json(service, LOOK_UP, &body).await?;
                let events = answer.get("Events").and_then(Value::as_array);
                found.events.extend(events.into_iter().flatten().map(read_event));
                let next = answer.get("NextToken").and_then(Value::as_str).filter(|t| !t.is_empty());
                if next.is_none() {
                    found.since = *from;
                    return Ok(found);
                }
                if page >= TRAIL_PAGES || Instant::now() >= until || next == token.as_deref() {
                    break;
                }
                token = next.map(str::to_owned);
            }
            found.since = Some(found.events.iter().map(|e| e.at).min().unwrap_or_else(|| self.now()));
            Ok::<_, AwsError>(found)
        };
        let mut by_hand = shell::line(
            "aws cloudtrail lookup-events --region {} --lookup-attributes {}",
            &[self.region_of(service), &attribute(key, value)],
        );
        if let Some(from) = from {
            by_hand.push_str(&shell::line(" --start-time {}", &[&from.to_string()]));
        }
        let what = format!("cloudtrail:LookupEvents {key} {value} in {}", self.region_of(service));
        self.observe(read.await, &what, "cloudtrail:LookupEvents", &by_hand)
    }
}

fn attribute(key: &str, value: &str) -> String {
    format!("AttributeKey={key},AttributeValue={value}")
}

/// An event as `LookupEvents` gives it: some members of its own, and the whole record as text.
pub(crate) fn read_event(event: &Value) -> TrailEvent {
    let text = |v: &Value, pointer: &str| v.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let detail: Value =
        text(event, "/CloudTrailEvent").and_then(|t| crate::json::parse(t.as_bytes()).ok()).unwrap_or(Value::Null);
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are wanted")]
    let at = event.get("EventTime").and_then(Value::as_f64).map_or(0, |t| t as i64);
    let listed = event.get("Resources").and_then(Value::as_array).into_iter().flatten();
    let mut resources: Vec<String> = listed.filter_map(|r| text(r, "/ResourceName")).collect();
    let touched = detail.get("resources").and_then(Value::as_array).into_iter().flatten();
    for arn in touched.filter_map(|r| text(r, "/ARN")) {
        if !resources.contains(&arn) {
            resources.push(arn);
        }
    }
    let of = |pointer: &str| text(&detail, pointer);
    let who = of("/userIdentity/arn")
        .or_else(|| of("/userIdentity/userName"))
        .or_else(|| text(event, "/Username"))
        .unwrap_or_default();
    let web = of("/userIdentity/type").as_deref() == Some("WebIdentityUser");
    let subject = of("/userIdentity/userName").filter(|_| web);
    let provider = of("/userIdentity/identityProvider").filter(|_| web);
    let audience =
        of("/userIdentity/principalId").and_then(|id| audience(&id, provider.as_deref()?, subject.as_deref()?));
    let change: BTreeMap<String, String> = CHANGES
        .iter()
        .filter_map(|(member, name)| Some(((*name).to_owned(), of(&format!("/requestParameters/{member}"))?)))
        .collect();
    TrailEvent {
        at,
        name: text(event, "/EventName").unwrap_or_default(),
        who,
        resource: resources.first().cloned().unwrap_or_default(),
        resources,
        error: of("/errorCode"),
        message: of("/errorMessage"),
        verification: of("/additionalEventData/identityProviderConnectionVerificationMethod"),
        subject,
        provider,
        audience,
        role: of("/requestParameters/roleArn").or_else(|| of("/requestParameters/roleName")),
        session: of("/requestParameters/roleSessionName"),
        change,
        user_agent: of("/userAgent"),
        source_ip: of("/sourceIPAddress"),
        region: of("/awsRegion"),
        host: of("/tlsDetails/clientProvidedHostHeader"),
        id: text(event, "/EventId").or_else(|| of("/eventID")).unwrap_or_default(),
        request_id: of("/requestID"),
    }
}

/// The audience in a web identity's `principalId`, which is provider, audience and subject with colons between, each of
/// which may hold colons of its own.
fn audience(id: &str, provider: &str, subject: &str) -> Option<String> {
    let rest = id.strip_prefix(provider)?.strip_prefix(':')?;
    Some(rest.strip_suffix(subject)?.strip_suffix(':')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_exchange_is_read_whole() {
        let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/EX";
        let subject = "system:serviceaccount:shop:cart";
        let detail = json!({
            "userIdentity": {
                "type": "WebIdentityUser", "userName": subject, "identityProvider": provider,
                "principalId": format!("{provider}:sts.amazonaws.com:{subject}"),
            },
            "awsRegion": "us-west-2", "sourceIPAddress": "192.0.2.7", "userAgent": "aws-sdk-go/1.45.1",
            "errorCode": "AccessDenied", "errorMessage": "An unknown error occurred", "requestID": "r-1",
            "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/cart", "roleSessionName": "s"},
            "resources": [{"ARN": "arn:aws:iam::111122223333:role/cart", "type": "AWS::IAM::Role"}],
            "tlsDetails": {"clientProvidedHostHeader": "sts.us-west-2.amazonaws.com"},
        });
        let event = json!({
            "EventId": "e-1", "EventName": "AssumeRoleWithWebIdentity", "EventTime": 1_700_000_000.5,
            "CloudTrailEvent": detail.to_string(),
        });
        let read = read_event(&event);
        assert_eq!((read.at, read.id.as_str(), read.error.as_deref()), (1_700_000_000, "e-1", Some("AccessDenied")));
        assert_eq!(read.subject.as_deref(), Some(subject));
        assert_eq!((read.provider.as_deref(), read.audience.as_deref()), (Some(provider), Some("sts.amazonaws.com")));
        assert_eq!(read.role.as_deref(), Some("arn:aws:iam::111122223333:role/cart"));
        assert_eq!(read.resources, ["arn:aws:iam::111122223333:role/cart"]);
        assert_eq!(
            (read.source_ip.as_deref(), read.host.as_deref()),
            (Some("192.0.2.7"), Some("sts.us-west-2.amazonaws.com"))
        );
        assert_eq!(read_event(&Value::Null), TrailEvent::default());
    }

    #[test]
    fn a_role_is_made_with_the_policy_that_it_has_until_it_is_changed() {
        let detail = json!({"requestParameters": {"roleName": "cart", "assumeRolePolicyDocument": "{}"}});
        let read = read_event(&json!({"EventName": "CreateRole", "CloudTrailEvent": detail.to_string()}));
        assert_eq!(read.change.get("policyDocument").map(String::as_str), Some("{}"));
    }

    #[test]
    fn an_audience_with_colons_is_told_from_what_stands_around_it() {
        assert_eq!(audience("p:x:https://a:b:s:t", "p:x", "s:t").as_deref(), Some("https://a:b"));
        assert_eq!(audience("p:s", "p", "s"), None);
    }
}
