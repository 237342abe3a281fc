//! `CloudTrail`: what happened, looked up.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::world::World;

async fn look(client: &Client, body: &Value) -> Answer {
    let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
    client.send("cloudtrail", "POST", "/", &headers, &body.to_string()).await
}

fn by(key: &str, value: &str) -> Value {
    json!({"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]})
}

#[tokio::test]
async fn events_are_found_by_attribute_newest_first_in_pages() {
    let world = World::new().await;
    for n in 0..60 {
        let at = world.time() - jiff::SignedDuration::from_secs(60 - n);
        world.account.record(at, "iam.amazonaws.com", "CreateRole", "ada", &[format!("Role{n}")]);
    }
    world.assume(&world.token(&[])).await.ok();
    let done = look(&world.admin, &by("EventName", "AssumeRoleWithWebIdentity")).await.ok().json();
    let detail: Value = serde_json::from_str(done["Events"][0]["CloudTrailEvent"].as_str().unwrap()).unwrap();
    assert_eq!(detail["additionalEventData"]["identityProviderConnectionVerificationMethod"], "IAMTrustStore");
    assert_eq!(detail["userIdentity"]["type"], "WebIdentityUser");
    let first = look(&world.admin, &by("Username", "ada")).await.ok().json();
    let events = first["Events"].as_array().unwrap();
    assert_eq!((events.len(), &events[0]["Resources"][0]["ResourceName"]), (50, &json!("Role59")));
    let mut next = by("Username", "ada");
    next["NextToken"] = first["NextToken"].clone();
    let rest = look(&world.admin, &next).await.ok().json();
    assert_eq!((rest["Events"].as_array().unwrap().len(), rest.get("NextToken")), (10, None));
    let one = look(&world.admin, &by("ResourceName", "Role7")).await.ok().json();
    assert_eq!(one["Events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_look_ups_are_refused() {
    let world = World::new().await;
    let two = json!({"LookupAttributes": [by("Username", "a")["LookupAttributes"][0], by("Username", "b")["LookupAttributes"][0]]});
    for (body, code, text) in [
        (two, "InvalidLookupAttributesException", "one attribute"),
        (by("Colour", "red"), "InvalidLookupAttributesException", ""),
        (json!({"MaxResults": 51}), "InvalidMaxResultsException", ""),
        (json!({"NextToken": "x"}), "InvalidNextTokenException", ""),
        (json!({"StartTime": 2, "EndTime": 1}), "InvalidTimeRangeException", ""),
    ] {
        look(&world.admin, &body).await.refuses_json(400, code, text);
    }
    look(&world.nobody, &json!({})).await.refuses_json(403, "AccessDenied", "cloudtrail:LookupEvents");
}

/// A key that could not be fetched leaves no trace (AWS Knowledge Center, `iam-sts-invalididentitytoken`).
#[tokio::test]
async fn failed_key_retrieval_is_not_recorded() {
    let world = World::new().await;
    world.issuer.set_faults(|f| f.issuer_member = Some("https://other.example".to_owned()));
    assert_eq!(world.assume(&world.token(&[])).await.status, 400);
    let found = look(&world.admin, &by("EventName", "AssumeRoleWithWebIdentity")).await.ok().json();
    assert_eq!(found["Events"], json!([]));
}
