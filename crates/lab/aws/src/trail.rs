//! Writing down what happens, in the form of `CloudTrail`'s records (`CloudTrail` User Guide, "`CloudTrail`
//! record contents" and "`CloudTrail` `userIdentity` element"; IAM User Guide, "Logging IAM and AWS STS API calls").

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::callers::{lasting_id, request_id};
use crate::jwt::Jwt;
use crate::origin::Origin;
use crate::outcome::AwsFault;
use crate::query::Parameters;
use crate::sigv4::Caller;
use crate::state::{Credentials, Event, Principal, Touched};

/// An exchange that succeeded.
pub(crate) struct Exchanged {
    pub(crate) credentials: Credentials,
    pub(crate) role: String,
    pub(crate) audience: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// How the issuer's certificate was trusted.
    pub(crate) method: &'static str,
}

/// Life of a session when the request names none, seconds.
const DEFAULT_SECONDS: i64 = 3600;

/// What every record has.
fn frame(account: &Account, at: Timestamp, source: &str, name: &str, who: &Value) -> Map<String, Value> {
    let record = json!({
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": source,
        "eventName": name,
        "awsRegion": account.config.region,
        "requestID": request_id(),
        "eventID": request_id(),
        "readOnly": name.starts_with("AssumeRole"),
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": account.config.account_id,
        "eventCategory": "Management",
    });
    record.as_object().cloned().unwrap_or_default()
}

/// Adds why it was refused. For `AccessDenied` the trail says less than the caller is told (AWS Knowledge Center,
/// "Why am I receiving the `AccessDenied` error … in Amazon EKS" shows such a record).
fn refused(record: &mut Map<String, Value>, fault: &AwsFault) {
    let message = if fault.code == "AccessDenied" { "An unknown error occurred" } else { fault.message.as_str() };
    record.insert("errorCode".to_owned(), json!(fault.code));
    record.insert("errorMessage".to_owned(), json!(message));
}

fn push(account: &Account, at: Timestamp, username: &str, resources: Vec<Touched>, record: Map<String, Value>) {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let event = Event {
        id: text("eventID"),
        at,
        name: text("eventName"),
        source: text("eventSource"),
        username: username.to_owned(),
        read_only: record.get("readOnly") == Some(&Value::Bool(true)),
        key: record.get("userIdentity").and_then(|who| who.get("accessKeyId")?.as_str()).unwrap_or_default().to_owned(),
        resources,
        detail: Value::Object(record).to_string(),
    };
    account.state().events.push(event);
}

/// Records an exchange, refused or not, in the account of the role that was asked for.
pub(crate) fn web_identity(
    account: &Account,
    form: &Parameters,
    origin: &Origin,
    outcome: Result<&Exchanged, &AwsFault>,
) {
    let jwt = Jwt::parse(&form.text("WebIdentityToken")).ok();
    let text = |name: &str| jwt.as_ref().and_then(|j| j.text(name)).unwrap_or_default();
    let (subject, issuer, now) = (text("sub"), text("iss"), account.now());
    let bare = issuer.strip_prefix("https://").unwrap_or(&issuer);
    let provider = account.provider_arn(bare);
    let audience = jwt.as_ref().and_then(|j| j.audience().ok()).unwrap_or_default();
    let who = json!({
        "type": "WebIdentityUser",
        "principalId": format!("{provider}:{audience}:{subject}"),
        "userName": subject,
        "identityProvider": provider,
    });
    let mut record = frame(account, now, "sts.amazonaws.com", "AssumeRoleWithWebIdentity", &who);
    let (role, session) = (form.text("RoleArn"), form.text("RoleSessionName"));
    let seconds = form.get("DurationSeconds").and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_SECONDS);
    let mut asked = json!({"roleArn": role, "roleSessionName": session, "durationSeconds": seconds});
    let mut resources = vec![Touched { kind: "AWS::IAM::Role".into(), name: role.clone() }];
    record.insert("sourceIPAddress".to_owned(), json!(origin.address));
    record.insert("userAgent".to_owned(), json!(origin.agent));
    match outcome {
        Ok(done) => {
            if let Some(asked) = asked.as_object_mut().filter(|_| !done.tags.is_empty()) {
                asked.insert("principalTags".to_owned(), json!(done.tags));
            }
            let arn = crate::arns::session_arn(account, &done.role, &session);
            resources
                .push(Touched { kind: "AWS::IAM::AccessKey".into(), name: done.credentials.access_key_id.clone() });
            resources.push(Touched { kind: "AWS::STS::AssumedRole".into(), name: arn.clone() });
            let ends = done.credentials.expires.unwrap_or(now).strftime("%b %-d, %Y, %-I:%M:%S %p").to_string();
            let given = json!({
                "credentials": {"accessKeyId": done.credentials.access_key_id, "expiration": ends},
                "subjectFromWebIdentityToken": subject,
                "assumedRoleUser": {"assumedRoleId": format!("{}:{session}", account.role_id(&done.role)), "arn": arn},
                "provider": provider,
                "audience": done.audience,
            });
            record.insert("responseElements".to_owned(), given);
            let method = json!({"identityProviderConnectionVerificationMethod": done.method});
            record.insert("additionalEventData".to_owned(), method);
        }
        Err(fault) => {
            record.insert("responseElements".to_owned(), Value::Null);
            refused(&mut record, fault);
        }
    }
    record.insert("requestParameters".to_owned(), asked);
    let owner = account.config.account_id.as_str();
    let role = json!([{"accountId": owner, "type": "AWS::IAM::Role", "ARN": role}]);
    record.insert("resources".to_owned(), role);
    push(account, now, &subject, resources, record);
}

/// Records a signed call.
pub(crate) fn called(
    account: &Account,
    caller: &Caller,
    (source, name): (&str, &str),
    resources: Vec<Touched>,
    asked: Value,
    fault: Option<&AwsFault>,
) {
    let now = account.now();
    let mut record = frame(account, now, source, name, &who(account, caller));
    record.insert("sourceIPAddress".to_owned(), json!(caller.origin.address));
    record.insert("userAgent".to_owned(), json!(caller.origin.agent));
    record.insert("requestParameters".to_owned(), asked);
    record.insert("responseElements".to_owned(), Value::Null);
    if let Some(fault) = fault {
        refused(&mut record, fault);
        // What a signed caller is not allowed to do is said in full.
        record.insert("errorMessage".to_owned(), json!(fault.message));
    }
    push(account, now, name_of(&caller.principal), resources, record);
}

impl Account {
    /// Records an event of the past.
    pub fn record(&self, at: Timestamp, source: &str, name: &str, who: &str, resources: &[String]) {
        told(self, at, source, name, who, resources);
    }
}

/// Records something of the past, by a user.
fn told(account: &Account, at: Timestamp, source: &str, name: &str, user: &str, resources: &[String]) {
    let c = &account.config;
    let who = json!({
        "type": "IAMUser", "principalId": lasting_id("AIDA", user), "userName": user,
        "arn": format!("arn:{}:iam::{}:user/{user}", c.partition, c.account_id), "accountId": c.account_id,
    });
    let touched = resources.iter().map(|name| Touched { kind: kind_of(source, name).into(), name: name.clone() });
    let record = frame(account, at, source, name, &who);
    push(account, at, user, touched.collect(), record);
}

/// The type of what a call is about.
fn kind_of(source: &str, name: &str) -> &'static str {
    match source {
        "eks.amazonaws.com" => "AWS::EKS::Cluster",
        _ if name.contains(":oidc-provider/") => "AWS::IAM::OIDCProvider",
        _ if name.contains(":policy/") => "AWS::IAM::Policy",
        _ => "AWS::IAM::Role",
    }
}

/// What an IAM call is about: its ARN, and the role's bare name, by which the trail finds it too.
pub(crate) fn touched(form: &Parameters, resource: &str) -> Vec<Touched> {
    let names = [Some(resource), form.get("RoleName"), form.get("PolicyArn")];
    let mut all: Vec<Touched> = Vec::new();
    for name in names.into_iter().flatten().filter(|name| *name != "*") {
        if !all.iter().any(|known| known.name == name) {
            all.push(Touched { kind: kind_of("iam.amazonaws.com", name).into(), name: name.to_owned() });
        }
    }
    all
}

/// Parameters as records write them: with a small first letter, lists as lists.
pub(crate) fn parameters(form: &Parameters) -> Value {
    let mut all = Map::new();
    for (name, value) in form.all().filter(|(name, _)| !matches!(*name, "Action" | "Version")) {
        let mut letters = name.split('.').next().unwrap_or(name).chars();
        let first = letters.next().map(|c| c.to_ascii_lowercase());
        let key: String = first.into_iter().chain(letters).collect();
        if name.contains(".member.") && !name.starts_with("Tags.") {
            let list = all.entry(key).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(json!(value));
            }
        } else if !name.contains('.') {
            all.insert(key, json!(value));
        }
    }
    let tags: Vec<Value> = form.tags().iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    if !tags.is_empty() {
        all.insert("tags".to_owned(), json!(tags));
    }
    Value::Object(all)
}

fn name_of(principal: &Principal) -> &str {
    match principal {
        Principal::User { name, .. } => name,
        Principal::Session(session) => &session.name,
    }
}

fn who(account: &Account, caller: &Caller) -> Value {
    let owner = account.config.account_id.as_str();
    let (arn, id) = (crate::arns::arn(account, &caller.principal), crate::arns::id(&caller.principal));
    match &caller.principal {
        Principal::User { name, .. } => json!({
            "type": "IAMUser", "principalId": id, "arn": arn, "accountId": owner,
            "accessKeyId": caller.key, "userName": name,
        }),
        Principal::Session(session) => {
            let mut context = json!({
                "sessionIssuer": {
                    "type": "Role", "principalId": session.role_id, "accountId": owner, "userName": session.role,
                    "arn": account.role(&session.role).map(|role| account.role_arn(&role)),
                },
                "attributes": {
                    "creationDate": session.began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                    "mfaAuthenticated": "false",
                },
            });
            if let (Some(identity), Some(context)) = (&session.source_identity, context.as_object_mut()) {
                context.insert("sourceIdentity".to_owned(), json!(identity));
            }
            json!({
                "type": "AssumedRole", "principalId": id, "arn": arn, "accountId": owner, "accessKeyId": caller.key,
                "sessionContext": context,
            })
        }
    }
}
