//! Who signed, and whether they may.

use std::time::Duration;

use super::client::{Client, unsigned};
use super::world::World;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your \
    AWS Secret Access Key and signing method. Consult the service documentation for details.";

#[tokio::test]
async fn wrong_keys_secrets_and_tokens_are_told_apart() {
    let world = World::new().await;
    let invalid = "The security token included in the request is invalid.";
    let with = |change: fn(&mut trustwalk_lab_aws::Credentials)| {
        let mut keys = world.account.admin_credentials();
        change(&mut keys);
        Client::new(world.address, keys)
    };
    for service in ["iam", "sts"] {
        let action = if service == "sts" { "GetCallerIdentity" } else { "ListRoles" };
        let unknown = with(|k| k.access_key_id = "AKIA".to_owned() + &"X".repeat(16));
        unknown.query(service, action, &[]).await.refuses(403, "InvalidClientTokenId", invalid);
        let secret = with(|k| k.secret_access_key.push('x'));
        secret.query(service, action, &[]).await.refuses(403, "SignatureDoesNotMatch", MISMATCH);
        let token = with(|k| k.session_token = Some("surplus".to_owned()));
        token.query(service, action, &[]).await.refuses(403, "InvalidClientTokenId", invalid);
    }
    // Other services have words of their own.
    let unknown = with(|k| k.access_key_id = "AKIA".to_owned() + &"X".repeat(16));
    let words = "AWS was not able to validate the provided access credentials";
    unknown.query("ec2", "DescribeRegions", &[]).await.refuses(401, "AuthFailure", words);
    let eks = unknown.send("eks", "GET", "/clusters", &[], "").await;
    eks.refuses_json(403, "UnrecognizedClientException", invalid);
    let s3 = unknown.send("s3", "GET", "/", &[], "").await;
    assert_eq!((s3.status, s3.text("Code").as_str()), (403, "InvalidAccessKeyId"));
    let unsigned = unsigned(world.address, "GetCallerIdentity", &[]).await;
    unsigned.refuses(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
}

#[tokio::test]
async fn a_clock_far_off_makes_a_signature_worthless() {
    let world = World::new().await;
    for ahead in [true, false] {
        let mut client = world.admin.clone();
        let by = Duration::from_hours(1);
        client.at = if ahead { client.at + by } else { client.at - by };
        let answer = client.iam("ListRoles", &[]).await;
        assert_eq!((answer.status, answer.text("Code").as_str()), (403, "SignatureDoesNotMatch"));
        let (begin, end) =
            if ahead { ("Signature not yet current: ", " + 15 min.)") } else { ("Signature expired: ", " - 15 min.)") };
        let words = answer.text("Message");
        assert!(words.starts_with(begin) && words.ends_with(end), "{}", answer.body);
        // Each service has its own code for it.
        let ec2 = client.query("ec2", "DescribeRegions", &[]).await;
        assert_eq!((ec2.status, ec2.text("Code").as_str()), (400, "RequestExpired"));
        let s3 = client.send("s3", "GET", "/", &[], "").await;
        assert_eq!((s3.status, s3.text("Code").as_str()), (403, "RequestTimeTooSkewed"));
    }
}

#[tokio::test]
async fn a_caller_without_permission_is_told_what_is_missing() {
    let world = World::new().await;
    let who = "arn:aws:iam::111122223333:user/nobody";
    let role = "arn:aws:iam::111122223333:role/Cni";
    let text = format!(
        "User: {who} is not authorized to perform: iam:GetRole on resource: {role} because no identity-based \
         policy allows the iam:GetRole action"
    );
    world.nobody.iam("GetRole", &[("RoleName", "Cni")]).await.refuses(403, "AccessDenied", &text);
    let caller = world.nobody.query("sts", "GetCallerIdentity", &[]).await.ok();
    assert_eq!((caller.text("Arn").as_str(), caller.text("Account").as_str()), (who, "111122223333"));
    assert!(caller.text("UserId").starts_with("AIDA"));
    // A role that does not exist is not given away to somebody who may not ask.
    let gone = world.nobody.iam("GetRole", &[("RoleName", "Gone")]).await;
    assert_eq!((gone.status, gone.text("Code").as_str()), (403, "AccessDenied"));
}

#[tokio::test]
async fn unknown_actions_are_named() {
    let world = World::new().await;
    for client in [&world.admin, &world.nobody] {
        let answer = client.iam("FrobnicateRole", &[("RoleName", "Cni")]).await;
        answer.refuses(400, "InvalidAction", "Could not find operation FrobnicateRole for version 2010-05-08");
        let near = client.iam("FrobnicateOpenIDConnectProvider", &[]).await;
        assert_eq!((near.status, near.text("Code").as_str()), (400, "InvalidAction"));
    }
    let sts = world.admin.query("sts", "Frobnicate", &[]).await;
    assert_eq!((sts.status, sts.text("Code").as_str()), (400, "InvalidAction"));
    let ec2 = world.admin.query("ec2", "Frobnicate", &[]).await;
    ec2.refuses(400, "InvalidAction", "The action Frobnicate is not valid for this web service.");
}
