//! `CloudTrail`: what happened, looked up.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::world::{BARE, ISSUER, ROLE, SUBJECT, World, role, trust};

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
    let two = json!({"LookupAttributes": [by("Username", "a")["LookupAttributes"][0],
        by("Username", "b")["LookupAttributes"][0]]});
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

/// The record of the first event that is found.
fn record(found: &Value) -> Value {
    serde_json::from_str(found.pointer("/Events/0/CloudTrailEvent").and_then(Value::as_str).unwrap()).unwrap()
}

/// IAM User Guide, "Logging IAM and AWS STS API calls"; for a refusal, the record of the AWS Knowledge Center's page on
/// `AccessDenied` in EKS, which says less than the caller was told.
#[tokio::test]
async fn an_exchange_is_found_by_its_role_refused_or_not() {
    let world = World::new().await;
    let arn = world.account.provider_arn(BARE);
    let token = world.token(&[]);
    world.assume(&token).await.ok();
    let found = look(&world.admin, &by("ResourceName", ROLE)).await.ok().json();
    let done = record(&found);
    assert_eq!(found["Events"][0]["Username"], SUBJECT);
    assert_eq!(done["userIdentity"]["principalId"], format!("{arn}:sts.amazonaws.com:{SUBJECT}"));
    assert_eq!(done["userIdentity"]["identityProvider"], arn);
    assert_eq!(done["responseElements"]["audience"], "sts.amazonaws.com");
    assert_eq!(done["resources"][0]["ARN"], ROLE);
    assert_eq!((&done["sourceIPAddress"], done.get("errorCode")), (&json!("127.0.0.1"), None));
    assert!(!token.split('.').any(|part| found.to_string().contains(part)), "no token is written down");
    world.account.put_role(role("Cni", trust(&arn, &json!({"StringEquals": {format!("{BARE}:sub"): "other"}}))));
    world.assume(&world.token(&[])).await.refuses(
        403,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    );
    let refused = record(&look(&world.admin, &by("ResourceName", ROLE)).await.ok().json());
    assert_eq!(
        (&refused["errorCode"], &refused["errorMessage"]),
        (&json!("AccessDenied"), &json!("An unknown error occurred"))
    );
    assert_eq!(refused["userIdentity"]["userName"], SUBJECT);
    world.account.delete_provider(BARE);
    world.assume(&world.token(&[])).await;
    let unknown = record(&look(&world.admin, &by("ResourceName", ROLE)).await.ok().json());
    assert_eq!(unknown["errorCode"], "InvalidIdentityToken");
    assert!(unknown["errorMessage"].as_str().unwrap().ends_with(ISSUER));
}

/// Who changed a provider or a trust policy, and how.
#[tokio::test]
async fn changes_are_found_by_what_they_changed_with_who_made_them() {
    let world = World::new().await;
    let arn = world.account.provider_arn(BARE);
    let policy = trust(&arn, &json!({}));
    let asked = [("RoleName", "Cni"), ("PolicyDocument", policy.as_str())];
    world.admin.iam("UpdateAssumeRolePolicy", &asked).await.ok();
    for name in ["Cni", ROLE] {
        let found = look(&world.admin, &by("ResourceName", name)).await.ok().json();
        let done = record(&found);
        assert_eq!(
            (&done["eventName"], &done["userIdentity"]["userName"]),
            (&json!("UpdateAssumeRolePolicy"), &json!("admin"))
        );
        assert_eq!(done["requestParameters"], json!({"roleName": "Cni", "policyDocument": policy}));
    }
    let session = Client::new(world.address, world.account.session_for("Cni", "pod", 900));
    assert_eq!(session.iam("DeleteOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)]).await.status, 403);
    let refused = record(&look(&world.admin, &by("ResourceName", &arn)).await.ok().json());
    assert_eq!(
        (&refused["errorCode"], &refused["userIdentity"]["type"]),
        (&json!("AccessDenied"), &json!("AssumedRole"))
    );
    assert_eq!(refused["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"], ROLE);
    world.admin.iam("DeleteOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)]).await.ok();
    let made = [("Url", ISSUER), ("ClientIDList.member.1", "sts.amazonaws.com"), ("ClientIDList.member.2", "x")];
    world.admin.iam("CreateOpenIDConnectProvider", &made).await.ok();
    let found = look(&world.admin, &by("ResourceName", &arn)).await.ok().json();
    let names: Vec<&str> =
        found["Events"].as_array().unwrap().iter().map(|e| e["EventName"].as_str().unwrap()).collect();
    let deleted = "DeleteOpenIDConnectProvider";
    assert_eq!(names, ["CreateOpenIDConnectProvider", deleted, deleted]);
    assert_eq!(record(&found)["requestParameters"]["clientIDList"], json!(["sts.amazonaws.com", "x"]));
}
