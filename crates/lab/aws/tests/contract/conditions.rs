//! What a request brings along by itself, and what a token may bring: session tags and a source identity.

use serde_json::{Value, json};

use super::client::Client;
use super::world::{BARE, World, role};

const TAGS: &str = "https://aws.amazon.com/tags";

/// A trust policy for the issuer's provider with these actions and conditions.
fn policy(world: &World, actions: &Value, condition: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": world.account.provider_arn(BARE)},
        "Action": actions, "Condition": condition,
    }]})
    .to_string()
}

/// IAM User Guide, "AWS global condition context keys".
#[tokio::test]
async fn keys_that_every_request_has_are_there() {
    let world = World::new().await;
    let web = json!("sts:AssumeRoleWithWebIdentity");
    for (condition, admitted) in [
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}), true),
        (json!({"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}), false),
        (json!({"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}), true),
        (json!({"Bool": {"aws:SecureTransport": "true"}}), true),
        (json!({"Null": {"aws:SourceIp": "true"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}), true),
        (json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1"]}}), false),
        (json!({"StringEquals": {"aws:RequestedRegion": "us-west-2"}}), true),
        (json!({"ArnLike": {"aws:FederatedProvider": "arn:aws:iam::*:oidc-provider/oidc.eks.*"}}), true),
        (json!({"StringLike": {"sts:RoleSessionName": "t?st"}}), true),
        (json!({"StringEquals": {format!("{BARE}:iss"): "x"}}), false),
        (json!({"ForAllValues:StringEquals": {format!("{BARE}:iss"): "x"}}), true),
        (json!({"StringNotEquals": {format!("{BARE}:sub"): "${aws:username}"}}), false),
    ] {
        world.account.put_role(role("Cni", policy(&world, &web, &condition)));
        let answer = world.assume(&world.token(&[])).await;
        assert_eq!(answer.status == 200, admitted, "{condition}: {}", answer.body);
    }
}

/// IAM User Guide, "Pass session tags in AWS STS".
#[tokio::test]
async fn session_tags_need_their_action_and_are_request_tags() {
    let world = World::new().await;
    let both = json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]);
    let team = json!({"StringEquals": {"aws:RequestTag/Team": "ledger"}});
    let tagged = world.token(&[(TAGS, json!({"principal_tags": {"team": ["ledger"], "x": ["1"]}}))]);
    let flat = world.token(&[("https://aws.amazon.com/tags/principal_tags/Team", json!(["ledger"]))]);
    world.account.put_role(role("Cni", policy(&world, &both[0], &json!({}))));
    world.assume(&tagged).await.refuses(403, "AccessDenied", "Not authorized to perform sts:TagSession");
    world.account.put_role(role("Cni", policy(&world, &both, &team)));
    world.assume(&tagged).await.ok();
    world.assume(&flat).await.ok();
    world.assume(&world.token(&[])).await.refuses(
        403,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    );
    let wrong = "principal_tags passed in claim is not in correct format.";
    for tags in
        [json!({"principal_tags": {"team": "ledger"}}), json!({"principal_tags": {"team": ["a", "b"]}}), json!(1)]
    {
        world.assume(&world.token(&[(TAGS, tags)])).await.refuses(400, "InvalidIdentityToken", wrong);
    }
}

/// IAM User Guide, "Monitor and control actions taken with assumed roles".
#[tokio::test]
async fn a_source_identity_needs_its_action() {
    let world = World::new().await;
    let token = world.token(&[("https://aws.amazon.com/source_identity", json!("ada"))]);
    world.account.put_role(role("Cni", policy(&world, &json!("sts:AssumeRoleWithWebIdentity"), &json!({}))));
    world.assume(&token).await.refuses(403, "AccessDenied", "Not authorized to perform sts:SetSourceIdentity");
    let condition = json!({"StringEquals": {"sts:SourceIdentity": "ada"}});
    world.account.put_role(role("Cni", policy(&world, &json!("sts:*"), &condition)));
    assert_eq!(world.assume(&token).await.ok().text("SourceIdentity"), "ada");
}

/// A session's tags are its principal's in what it does afterwards (same page).
#[tokio::test]
async fn what_a_session_may_do_can_hang_on_its_tags() {
    let world = World::new().await;
    let mut own = role("Cni", policy(&world, &json!("sts:*"), &json!({})));
    let statement = |effect: &str, condition: Value| {
        let action = "ec2:Describe*";
        json!({"Effect": effect, "Action": action, "Resource": "*", "Condition": condition})
    };
    let document = json!({"Version": "2012-10-17", "Statement": [
        statement("Allow", json!({"StringEquals": {"aws:PrincipalTag/team": "ledger"}})),
        statement("Deny", json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Cni"}})),
        statement("Deny", json!({"DateGreaterThan": {"aws:CurrentTime": "2100-01-01"}})),
    ]});
    own.inline.insert("own".to_owned(), document.to_string());
    world.account.put_role(own);
    for (team, allowed) in [("ledger", true), ("other", false)] {
        let token = world.token(&[(TAGS, json!({"principal_tags": {"team": [team]}}))]);
        let given = world.assume(&token).await.ok();
        let session = Client::new(world.address, given.session());
        let answer = session.query("ec2", "DescribeRegions", &[]).await;
        assert_eq!(answer.status == 200, allowed, "{team}: {}", answer.body);
    }
}
