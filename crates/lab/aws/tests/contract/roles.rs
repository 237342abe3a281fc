//! Roles: making, reading, changing, and paging through them.

use serde_json::json;

use super::client::Answer;
use super::world::{BARE, World, condition, trust};

const MALFORMED: &str = "MalformedPolicyDocument";

async fn create(world: &World, name: &str, policy: &str) -> Answer {
    world.admin.iam("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", policy)]).await
}

#[tokio::test]
async fn a_role_is_made_once_and_read_back() {
    let world = World::new().await;
    let policy = trust(&world.account.provider_arn(BARE), &condition());
    let made = create(&world, "New", &policy).await.ok();
    assert_eq!(made.text("Arn"), "arn:aws:iam::111122223333:role/New");
    assert!(made.text("RoleId").starts_with("AROA"));
    let got = world.admin.iam("GetRole", &[("RoleName", "New")]).await.ok();
    assert_eq!(got.text("MaxSessionDuration"), "3600");
    let shown = got.text("AssumeRolePolicyDocument");
    assert!(shown.starts_with("%7B%22"), "the document is percent-encoded: {shown}");
    create(&world, "New", &policy).await.refuses(409, "EntityAlreadyExists", "Role with name New already exists.");
    let missing = "The role with name Gone cannot be found.";
    for action in
        ["GetRole", "UpdateAssumeRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies", "DeleteRole", "TagRole"]
    {
        world.admin.iam(action, &[("RoleName", "Gone")]).await.refuses(404, "NoSuchEntity", missing);
    }
    let bad = create(&world, "a b", &policy).await;
    assert_eq!((bad.status, bad.text("Code").as_str()), (400, "ValidationError"));
    let long = create(&world, &"x".repeat(65), &policy).await;
    assert!(long.text("Message").ends_with("Member must have length less than or equal to 64"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new().await;
    let policy = trust(&world.account.provider_arn(BARE), &condition());
    for n in 0..7 {
        create(&world, &format!("Role{n}"), &policy).await.ok();
    }
    let (mut names, mut marker, mut pages) = (Vec::new(), None, 0);
    loop {
        let mut parameters = vec![("MaxItems", "3")];
        let kept: Option<String> = marker.take();
        parameters.extend(kept.iter().map(|m| ("Marker", m.as_str())));
        let page = world.admin.iam("ListRoles", &parameters).await.ok();
        names.extend(page.all("RoleName"));
        pages += 1;
        if page.text("IsTruncated") == "false" {
            assert!(page.all("Marker").is_empty());
            break;
        }
        marker = Some(page.text("Marker"));
    }
    assert_eq!((pages, names.len()), (3, 8));
    assert!(names.is_sorted());
    for bad in [("MaxItems", "0"), ("MaxItems", "1001"), ("Marker", "%%%")] {
        let answer = world.admin.iam("ListRoles", &[bad]).await;
        assert_eq!((answer.status, answer.text("Code").as_str()), (400, "ValidationError"), "{bad:?}");
    }
}

#[tokio::test]
async fn the_whole_account_comes_in_pages() {
    let world = World::new().await;
    let policy = trust(&world.account.provider_arn(BARE), &condition());
    for n in 0..4 {
        create(&world, &format!("Role{n}"), &policy).await.ok();
    }
    let inline = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]});
    let put = [("RoleName", "Role0"), ("PolicyName", "reads"), ("PolicyDocument", &inline.to_string())];
    world.admin.iam("PutRolePolicy", &put).await.ok();
    let ask = async |more: &[(&str, &str)]| world.admin.iam("GetAccountAuthorizationDetails", more).await;
    let first = ask(&[("Filter.member.1", "Role"), ("MaxItems", "2")]).await.ok();
    assert_eq!((first.text("IsTruncated"), first.all("RoleId").len()), ("true".to_owned(), 2));
    let marker = first.text("Marker");
    let rest = ask(&[("Filter.member.1", "Role"), ("Marker", &marker)]).await.ok();
    assert_eq!((rest.text("IsTruncated").as_str(), rest.all("RoleId").len()), ("false", 3));
    let all = ask(&[]).await.ok();
    assert!(all.text("AssumeRolePolicyDocument").starts_with("%7B%22"));
    assert_eq!(all.all("PolicyName"), ["reads"]);
    assert!(ask(&[("Filter.member.1", "User")]).await.ok().all("RoleId").is_empty());
    let wrong = ask(&[("Filter.member.1", "Robot")]).await;
    assert_eq!((wrong.status, wrong.text("Code").as_str()), (400, "ValidationError"));
}

#[tokio::test]
async fn trust_policies_are_checked_when_saved() {
    let world = World::new().await;
    let arn = world.account.provider_arn(BARE);
    let good = trust(&arn, &condition());
    let update = async |policy: &str| {
        world.admin.iam("UpdateAssumeRolePolicy", &[("RoleName", "Cni"), ("PolicyDocument", policy)]).await
    };
    update(&trust(&arn, &json!({}))).await.ok();
    let mut resource: serde_json::Value = serde_json::from_str(&good).unwrap();
    resource["Statement"][0]["Resource"] = json!("*");
    for (policy, text) in [
        ("{".to_owned(), "This policy contains invalid Json"),
        (r#"{"Version":"2012-10-17","Statement":[7]}"#.to_owned(), "Syntax errors in policy."),
        (resource.to_string(), "Has prohibited field Resource"),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}"#.to_owned(),
            "Missing required field Principal",
        ),
        (
            trust("${aws_iam_openid}", &json!({})),
            "Federated principals must be valid domain names or SAML metadata ARNs",
        ),
        (
            good.replace("sts:AssumeRoleWithWebIdentity", "s3:GetObject"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            good.replace("Federated", "AWS").replace(&arn, "arn:aws:iam::111122223333:role/Gone"),
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:role/Gone\"",
        ),
    ] {
        update(&policy).await.refuses(400, MALFORMED, text);
    }
    let values: Vec<String> = (0..200).map(|n| format!("system:serviceaccount:n:{n}")).collect();
    let long = trust(&arn, &json!({"StringEquals": {format!("{BARE}:sub"): values}}));
    update(&long).await.refuses(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048");
    update(&good).await.ok();
    world.assume(&world.token(&[])).await.ok();
}

#[tokio::test]
async fn shared_issuers_must_be_asked_for_their_tenant() {
    let world = World::new().await;
    let github = "token.actions.githubusercontent.com";
    let arn = world.account.provider_arn(github);
    let key = format!("{github}:sub");
    for (condition, passes) in [
        (json!({"StringLike": {&key: "repo:o/r:*"}}), true),
        (json!({"StringEquals": {key.to_uppercase(): ["repo:o/r:ref:refs/heads/main"]}}), true),
        (json!({}), false),
        (json!({"StringEquals": {format!("{github}:aud"): "sts.amazonaws.com"}}), false),
        (json!({"StringLike": {&key: "*"}}), false),
        (json!({"StringNotLike": {&key: "repo:x/*"}}), false),
        (json!({"StringLike": {format!("{github}:job_workflow_ref"): "o/r/.github/workflows/d.yml@*"}}), true),
    ] {
        let answer = create(&world, "Ci", &trust(&arn, &condition)).await;
        assert_eq!(answer.status == 200, passes, "{condition}: {}", answer.body);
        if passes {
            world.admin.iam("DeleteRole", &[("RoleName", "Ci")]).await.ok();
        } else {
            let words = format!(
                "Trust policy with trusted principal {arn} must evaluate, using StringEquals, StringLike or \
                 StringEqualsIgnoreCase, {github}:sub or {github}:job_workflow_ref which is not scoped to all."
            );
            answer.refuses(400, MALFORMED, &words);
        }
    }
    let cognito = create(&world, "Ci", &trust("cognito-identity.amazonaws.com", &json!({}))).await;
    cognito.refuses(400, MALFORMED, "A condition block must be present for the Cognito provider");
}

/// Members as each operation has them (IAM API reference; what `CreateRole` leaves out is reported).
#[tokio::test]
async fn a_role_keeps_what_it_was_told_and_each_answer_shows_its_part() {
    let world = World::new().await;
    let policy = trust(&world.account.provider_arn(BARE), &condition());
    let asked = [
        ("RoleName", "New"),
        ("Path", "/team/"),
        ("AssumeRolePolicyDocument", policy.as_str()),
        ("Description", "what it is for"),
        ("MaxSessionDuration", "7200"),
    ];
    let made = world.admin.iam("CreateRole", &asked).await.ok();
    for absent in ["MaxSessionDuration", "RoleLastUsed", "Tags"] {
        assert!(made.all(absent).is_empty(), "{absent}: {}", made.body);
    }
    let got = async || world.admin.iam("GetRole", &[("RoleName", "New")]).await.ok();
    let first = got().await;
    assert_eq!(first.text("Description"), "what it is for");
    assert_eq!((first.text("MaxSessionDuration").as_str(), first.all("RoleLastUsed").len()), ("7200", 1));
    let update = [("RoleName", "New"), ("Description", "another"), ("MaxSessionDuration", "3600")];
    world.admin.iam("UpdateRole", &update).await.ok();
    assert_eq!(got().await.text("Description"), "another");
    let told = world.admin.iam("UpdateRoleDescription", &[("RoleName", "New"), ("Description", "third")]).await.ok();
    assert_eq!(told.text("Description"), "third");
    let wrong = world.admin.iam("UpdateRole", &[("RoleName", "New"), ("Description", "\u{2013}")]).await;
    assert_eq!(wrong.text("Code"), "ValidationError");
    let listed = world.admin.iam("ListRoles", &[("PathPrefix", "/team/")]).await.ok();
    assert_eq!(listed.all("RoleName"), ["New"]);
    assert!(listed.all("RoleLastUsed").is_empty() && listed.all("Tags").is_empty(), "{}", listed.body);
    let other = create(&world, "NEW", &policy).await;
    other.refuses(409, "EntityAlreadyExists", "Role with name NEW already exists.");
}

#[tokio::test]
async fn an_instance_profile_holds_one_role_which_cannot_go_before_it() {
    let world = World::new().await;
    let call = async |action: &str, more: &[(&str, &str)]| {
        let asked = [&[("InstanceProfileName", "nodes")], more].concat();
        world.admin.iam(action, &asked).await
    };
    let made = call("CreateInstanceProfile", &[]).await.ok();
    assert_eq!(made.text("Arn"), "arn:aws:iam::111122223333:instance-profile/nodes");
    assert!(made.text("InstanceProfileId").starts_with("AIPA"));
    let twice = "Instance Profile nodes already exists.";
    call("CreateInstanceProfile", &[]).await.refuses(409, "EntityAlreadyExists", twice);
    let cni = [("RoleName", "Cni")];
    call("AddRoleToInstanceProfile", &cni).await.ok();
    let full = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
    call("AddRoleToInstanceProfile", &cni).await.refuses(409, "LimitExceeded", full);
    let of_role = world.admin.iam("ListInstanceProfilesForRole", &cni).await.ok();
    assert_eq!((of_role.text("InstanceProfileName").as_str(), of_role.text("RoleName").as_str()), ("nodes", "Cni"));
    let held = "Cannot delete entity, must remove roles from instance profile first.";
    world.admin.iam("DeleteRole", &cni).await.refuses(409, "DeleteConflict", held);
    call("DeleteInstanceProfile", &[]).await.refuses(409, "DeleteConflict", held);
    call("RemoveRoleFromInstanceProfile", &cni).await.ok();
    world.admin.iam("DeleteRole", &cni).await.ok();
    call("DeleteInstanceProfile", &[]).await.ok();
    let gone = "Instance Profile nodes cannot be found.";
    call("GetInstanceProfile", &[]).await.refuses(404, "NoSuchEntity", gone);
}
