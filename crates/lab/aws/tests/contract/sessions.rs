//! Sessions: what narrows them, what they bring along, and that they end with their role.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::world::{BARE, ROLE, SUBJECT, World, condition, role, trust};

fn allow(actions: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}).to_string()
}

/// A trust policy for callers of IAM.
fn callers(principal: &str, actions: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions}]})
    .to_string()
}

/// The role's own policy allows all of IAM's and S3's.
async fn world() -> World {
    let world = World::new().await;
    let all = allow(&json!(["iam:*", "s3:*", "sts:*"]));
    let inline = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", all.as_str())];
    world.admin.iam("PutRolePolicy", &inline).await.ok();
    world
}

async fn roles(client: &Client) -> Answer {
    client.iam("ListRoles", &[]).await
}

#[tokio::test]
async fn session_policies_narrow_and_must_be_sound() {
    let world = world().await;
    let token = world.token(&[]);
    let whole = Client::new(world.address, world.assume(&token).await.ok().session());
    roles(&whole).await.ok();
    let narrow = allow(&json!("s3:*"));
    let given = world.assume_with(&token, &[("Policy", &narrow)]).await.ok();
    assert!(given.text("PackedPolicySize").parse::<u32>().unwrap() > 25, "{}", given.body);
    let session = Client::new(world.address, given.session());
    let refused = roles(&session).await;
    let why = "because no session policy allows the iam:ListRoles action";
    assert!(refused.text("Message").ends_with(why), "{}", refused.body);
    session.send("s3", "GET", "/", &[], "").await.ok();
    // What the role does not allow, no session policy gives.
    let wide = allow(&json!("*"));
    let session = Client::new(world.address, world.assume_with(&token, &[("Policy", &wide)]).await.ok().session());
    assert_eq!(session.query("ec2", "DescribeRegions", &[]).await.text("Code"), "UnauthorizedOperation");
    // Managed ones are read together with the document.
    let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let by_arn = world.assume_with(&token, &[("PolicyArns.member.1.arn", arn)]).await.ok();
    let session = Client::new(world.address, by_arn.session());
    session.send("s3", "GET", "/", &[], "").await.ok();
    assert_eq!(roles(&session).await.status, 403);
    for (name, value, code) in [
        ("Policy", "{", "MalformedPolicyDocument"),
        ("Policy", r#"{"Version":"2012-10-17"}"#, "MalformedPolicyDocument"),
        ("Policy", &"x".repeat(2049), "ValidationError"),
        ("PolicyArns.member.1.arn", "short", "ValidationError"),
        ("PolicyArns.member.1.arn", "arn:aws:iam::111122223333:policy/None", "MalformedPolicyDocument"),
    ] {
        assert_eq!(world.assume_with(&token, &[(name, value)]).await.text("Code"), code, "{name} {value}");
    }
    let names: Vec<String> = (1..=11).map(|n| format!("PolicyArns.member.{n}.arn")).collect();
    let eleven: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), arn)).collect();
    assert_eq!(world.assume_with(&token, &eleven).await.text("Code"), "ValidationError");
    let actions: Vec<String> = (0..80).map(|n| format!("s3:GetSomething{n}")).collect();
    let large = world.assume_with(&token, &[("Policy", &allow(&json!(actions)))]).await;
    assert_eq!((large.status, large.text("Code").as_str()), (400, "PackedPolicyTooLarge"), "{}", large.body);
}

/// Tags and source identity of a session go on where they are transitive, and need their actions at each step.
#[tokio::test]
async fn tags_are_passed_allowed_and_handed_on() {
    let world = world().await;
    let all = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    let admin = "arn:aws:iam::111122223333:user/admin";
    let arn = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let take = async |client: &Client, name: &str, more: &[(&str, &str)]| {
        let arn = arn(name);
        let asked = [&[("RoleArn", arn.as_str()), ("RoleSessionName", "step")], more].concat();
        client.query("sts", "AssumeRole", &asked).await
    };
    let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "red"), ("TransitiveTagKeys.member.1", "team")];
    world.account.put_role(role("First", callers(admin, &json!("sts:AssumeRole"))));
    let refused = take(&world.admin, "First", &tags).await;
    let words = format!("User: {admin} is not authorized to perform: sts:TagSession on resource: {}", arn("First"));
    refused.refuses(403, "AccessDenied", &words);
    world.account.put_role(role("First", callers(admin, &all)));
    let with_identity = [&tags[..], &[("SourceIdentity", "ada")]].concat();
    let first = take(&world.admin, "First", &with_identity).await.ok();
    assert_eq!(first.text("SourceIdentity"), "ada");
    let first = Client::new(world.address, first.session());
    world.account.put_role(role("Second", callers(&arn("First"), &json!("sts:AssumeRole"))));
    assert!(take(&first, "Second", &[]).await.text("Message").contains("sts:TagSession"), "what goes on needs it too");
    let asks_for_tag = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": arn("First")}, "Action": all,
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red", "sts:SourceIdentity": "ada"}}}]});
    world.account.put_role(role("Second", asks_for_tag.to_string()));
    let second = take(&first, "Second", &[]).await.ok();
    assert_eq!(second.text("SourceIdentity"), "ada");
    let clash = take(&first, "Second", &[("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "blue")]).await;
    let words = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
                 from the calling session.";
    clash.refuses(400, "InvalidParameterValue", words);
    let other = take(&first, "Second", &[("SourceIdentity", "eve")]).await;
    assert!(other.text("Message").contains("sts:SetSourceIdentity"), "{}", other.body);
    let alone = take(&world.admin, "First", &[("TransitiveTagKeys.member.1", "team")]).await;
    let words = "The specified transitive tag key must be included in the requested tags.";
    alone.refuses(400, "InvalidParameterValue", words);
    let bad = world.admin.query("sts", "AssumeRole", &[("RoleArn", &"x".repeat(30)), ("RoleSessionName", "ab")]).await;
    bad.refuses(400, "ValidationError", &format!("{} is invalid", "x".repeat(30)));
}

/// A role that is made anew under its name is another one.
#[tokio::test]
async fn a_role_made_anew_has_neither_sessions_nor_trust() {
    let world = world().await;
    let session = Client::new(world.address, world.assume(&world.token(&[])).await.ok().session());
    roles(&session).await.ok();
    let document = callers(ROLE, &json!("sts:AssumeRole"));
    let asked = [("RoleName", "Goal"), ("AssumeRolePolicyDocument", document.as_str())];
    world.admin.iam("CreateRole", &asked).await.ok();
    let goal = [("RoleArn", "arn:aws:iam::111122223333:role/Goal"), ("RoleSessionName", "chain")];
    session.query("sts", "AssumeRole", &goal).await.ok();
    let before = world.admin.iam("GetRole", &[("RoleName", "Cni")]).await.ok().text("RoleId");
    world.admin.iam("DeleteRolePolicy", &[("RoleName", "Cni"), ("PolicyName", "own")]).await.ok();
    world.admin.iam("DeleteRole", &[("RoleName", "Cni")]).await.ok();
    let words = "The security token included in the request is invalid.";
    roles(&session).await.refuses(403, "InvalidClientTokenId", words);
    let eks = session.send("eks", "GET", "/clusters", &[], "").await;
    eks.refuses_json(403, "UnrecognizedClientException", words);
    let trust = trust(&world.account.provider_arn(BARE), &condition());
    world.admin.iam("CreateRole", &[("RoleName", "Cni"), ("AssumeRolePolicyDocument", trust.as_str())]).await.ok();
    let after = world.admin.iam("GetRole", &[("RoleName", "Cni")]).await.ok().text("RoleId");
    assert_ne!(before, after);
    roles(&session).await.refuses(403, "InvalidClientTokenId", words);
    let new = Client::new(world.address, world.assume(&world.token(&[])).await.ok().session());
    assert_eq!(new.query("sts", "AssumeRole", &goal).await.text("Code"), "AccessDenied");
    // IAM shows the id of what was trusted, until the policy is saved again.
    let shown = world.admin.iam("GetRole", &goal_name()).await.ok().text("AssumeRolePolicyDocument");
    assert!(shown.contains(&before) && !shown.contains("role%2FCni"), "{shown}");
    let again = [("RoleName", "Goal"), ("PolicyDocument", document.as_str())];
    world.admin.iam("UpdateAssumeRolePolicy", &again).await.ok();
    new.query("sts", "AssumeRole", &goal).await.ok();
}

fn goal_name() -> [(&'static str, &'static str); 1] {
    [("RoleName", "Goal")]
}

/// Keys of IAM's own, and those that a web identity leaves with its session.
#[tokio::test]
async fn conditions_of_identity_policies_are_asked_with_the_services_keys() {
    let world = World::new().await;
    let put = async |condition: Value| {
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["iam:*"], "Resource": "*", "Condition": condition}]});
        let inline = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", &document.to_string())];
        world.admin.iam("PutRolePolicy", &inline).await.ok();
    };
    let session = Client::new(world.address, world.assume(&world.token(&[])).await.ok().session());
    let attach = async |policy: &str| {
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        session.iam("AttachRolePolicy", &[("RoleName", "Cni"), ("PolicyArn", &arn)]).await.status
    };
    put(json!({"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}})).await;
    assert_eq!((attach("ReadOnlyAccess").await, attach("AdministratorAccess").await), (200, 403));
    let create = async |boundary: Option<&str>| {
        let document = trust(&world.account.provider_arn(BARE), &condition());
        let mut asked = vec![("RoleName", "Bounded"), ("AssumeRolePolicyDocument", document.as_str())];
        asked.extend(boundary.map(|arn| ("PermissionsBoundary", arn)));
        session.iam("CreateRole", &asked).await.status
    };
    let bound = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    put(json!({"StringEquals": {"iam:PermissionsBoundary": bound}})).await;
    assert_eq!((create(None).await, create(Some(bound)).await), (403, 200));
    let tag = async |value: &str| {
        let asked = [("RoleName", "Cni"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", value)];
        session.iam("TagRole", &asked).await.status
    };
    put(json!({"StringEquals": {"aws:RequestTag/team": "red"},
        "ForAllValues:StringEquals": {"aws:TagKeys": "team"}}))
    .await;
    assert_eq!((tag("red").await, tag("blue").await), (200, 403));
    put(json!({"StringEquals": {"iam:ResourceTag/team": "red", format!("{BARE}:sub"): SUBJECT}})).await;
    assert_eq!(session.iam("UpdateRole", &[("RoleName", "Cni")]).await.status, 200);
    assert_eq!(session.iam("UpdateRole", &[("RoleName", "Bounded")]).await.status, 403);
}
