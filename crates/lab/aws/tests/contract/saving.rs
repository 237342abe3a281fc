//! Documents that IAM refuses to save, in the words reported of it.

use serde_json::{Value, json};

use super::world::{BARE, World};

const MALFORMED: &str = "MalformedPolicyDocument";
const LEGACY: &str = "The policy failed legacy parsing";
const SYNTAX: &str = "Syntax errors in policy.";

/// A statement with one member changed, or taken away by null.
fn with(statement: &Value, member: &str, value: Value) -> String {
    let mut statement = statement.clone();
    let members = statement.as_object_mut().unwrap();
    members.shift_remove(member);
    if !value.is_null() {
        members.insert(member.to_owned(), value);
    }
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[tokio::test]
async fn trust_policies_that_make_no_sense_are_not_saved() {
    let world = World::new().await;
    let sound = json!({
        "Effect": "Allow", "Principal": {"Federated": world.account.provider_arn(BARE)},
        "Action": "sts:AssumeRoleWithWebIdentity",
    });
    let foreign = "AssumeRole policy may only specify STS AssumeRole actions.";
    let federated = "Federated principals must be valid domain names or SAML metadata ARNs";
    let invalid = |text: &str| format!("AssumeRolepolicy contained an invalid principal: {text}.");
    let refused = [
        (with(&sound, "Action", json!("sts:InvalidAction")), foreign.to_owned()),
        (with(&sound, "Action", json!("s3:GetObject")), foreign.to_owned()),
        (with(&sound, "Action", json!("*")), foreign.to_owned()),
        (with(&sound, "Action", json!([])), "Missing required field Action".to_owned()),
        (with(&sound, "Action", json!({"a": 1})), SYNTAX.to_owned()),
        (with(&sound, "NotAction", json!("sts:AssumeRole")), SYNTAX.to_owned()),
        (with(&sound, "Effect", Value::Null), "Missing required field Effect".to_owned()),
        (with(&sound, "Effect", json!("allow")), SYNTAX.to_owned()),
        (with(&sound, "Colour", json!("red")), SYNTAX.to_owned()),
        (with(&sound, "Principal", json!("*")), invalid("\"STAR\":\"*\"")),
        (with(&sound, "Principal", json!({})), invalid("")),
        (with(&sound, "Principal", json!({"AWS": [], "Service": []})), invalid("")),
        (with(&sound, "Principal", json!({"Federated": "*"})), federated.to_owned()),
        (with(&sound, "Principal", json!({"Federated": "${module.eks.arn}"})), federated.to_owned()),
        (
            with(
                &sound,
                "Principal",
                json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/https://issuer.example"}),
            ),
            federated.to_owned(),
        ),
        (
            with(&sound, "Principal", json!({"Service": "eks"})),
            "Invalid principal in policy: \"SERVICE\":\"eks\"".to_owned(),
        ),
        (
            with(&sound, "Condition", json!({"ForAllValuesStringEquals": {"aws:TagKeys": "x"}})),
            "Invalid Condition type : ForAllValuesStringEquals".to_owned(),
        ),
        (
            with(&sound, "Condition", json!({"StringEquals": {"https://issuer.example:sub": "x"}})),
            "Condition can contain only one colon.".to_owned(),
        ),
        (with(&sound, "Condition", json!({"DateLessThan": {"aws:CurrentTime": "tomorrow"}})), LEGACY.to_owned()),
        (
            json!({"Version": "2012-10-17", "Statement": [with_sid(&sound), with_sid(&sound)]}).to_string(),
            "Statement IDs (SID) in a single policy must be unique.".to_owned(),
        ),
    ];
    for (document, words) in refused {
        let asked = [("RoleName", "Cni"), ("PolicyDocument", document.as_str())];
        world.admin.iam("UpdateAssumeRolePolicy", &asked).await.refuses(400, MALFORMED, &words);
    }
    for document in [
        with(
            &sound,
            "Condition",
            json!({"StringEquals": {"aws:RequestTag/a:b": "x"}, "Bool": {"aws:SecureTransport": true}}),
        ),
        with(&sound, "Action", json!(["sts:AssumeRole*", "STS:tagsession"])),
        with(&sound, "Principal", json!({"AWS": "111122223333", "Service": []})),
        with(&sound, "Principal", json!({"AWS": "*", "Federated": "accounts.google.com"})),
    ] {
        let asked = [("RoleName", "Cni"), ("PolicyDocument", document.as_str())];
        world.admin.iam("UpdateAssumeRolePolicy", &asked).await.ok();
    }
}

fn with_sid(statement: &Value) -> Value {
    let mut statement = statement.clone();
    statement.as_object_mut().unwrap().insert("Sid".to_owned(), json!("Same"));
    statement
}

#[tokio::test]
async fn identity_policies_that_make_no_sense_are_not_saved() {
    let world = World::new().await;
    let sound = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"});
    let unprefaced = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    for (document, words) in [
        (with(&sound, "Action", json!([])), "Policy statement must contain actions."),
        (with(&sound, "Action", Value::Null), "Policy statement must contain actions."),
        (with(&sound, "Action", json!("GetObject")), unprefaced),
        (json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "Get"}}).to_string(), unprefaced),
        (with(&sound, "Action", json!("s3:Get:Object")), "Actions/Condition can contain only one colon."),
        (with(&sound, "Action", json!("s 3:Get")), "Vendor s 3 is not valid"),
        (with(&sound, "NotAction", json!("s3:*")), SYNTAX),
        (with(&sound, "Effect", Value::Null), SYNTAX),
        (with(&sound, "Resource", json!([])), "Policy statement must contain resources."),
        (with(&sound, "Resource", json!("bucket")), "Resource bucket must be in ARN format or \"*\"."),
        (with(&sound, "Resource", json!("arn:aws:s3::bucket")), LEGACY),
        (with(&sound, "Resource", json!("arn:aws::bucket")), LEGACY),
        (
            with(&sound, "Resource", json!("arn:aws")),
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (
            with(&sound, "Resource", json!("arn:aws:s3:us-east-1::bucket")),
            "Resource arn:aws:s3:us-east-1::bucket can not contain region information.",
        ),
        (
            with(&sound, "Resource", json!("arn:aws:iam:us-east-1::role/x")),
            "IAM resource arn:aws:iam:us-east-1::role/x cannot contain region information.",
        ),
        (
            with(&sound, "Resource", json!("arn:aws:iam:::bucket")),
            "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, \
             instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, \
             access-report/.",
        ),
        (with(&sound, "Resource", json!("a:b:c")), "Partition \"b\" is not valid for resource \"arn:b:c:*:*:*\"."),
        (with(&sound, "Resource", json!("")), "Resource  must be in ARN format or \"*\"."),
        (with(&sound, "Resource", json!(["x", {}])), SYNTAX),
        (with(&sound, "Resource", json!("arn:aws:iam::${aws:PrincipalAccount}:role/x")), LEGACY),
        (
            with(&sound, "Resource", json!("arn:aws2:s3:::b")),
            "Partition \"aws2\" is not valid for resource \"arn:aws2:s3:::b\".",
        ),
        (with(&sound, "Condition", json!({"StringAlike": {"aws:username": "x"}})), SYNTAX),
        (with(&sound, "Condition", json!({"DateLessThan": {"aws:CurrentTime": "x"}})), LEGACY),
        (with(&sound, "Condition", json!({"DateLessThan": {"a": "2016-12-13t2:00:00.5+1"}})), LEGACY),
        (with(&sound, "Condition", json!([])), SYNTAX),
        (with(&sound, "Condition", json!({"StringEquals": "x"})), SYNTAX),
        (with(&sound, "Condition", json!({"StringEquals": {"a": {}}})), SYNTAX),
        (with(&sound, "Effect", json!("denY")), LEGACY),
        (with(&sound, "Effect", json!("never")), SYNTAX),
        (with(&sound, "Sid", json!([])), SYNTAX),
        (
            with(&sound, "Sid", json!("not this")),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
             [0-9A-Za-z]*",
        ),
        // Of two faults the resource is named before the action, and what is missing before both.
        (
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s:3:x", "Resource": "y"}})
                .to_string(),
            "Resource y must be in ARN format or \"*\".",
        ),
        (
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "y"}}).to_string(),
            "Policy statement must contain actions.",
        ),
        (json!({"Version": "2012-10-17", "Id": {}, "Statement": [sound]}).to_string(), SYNTAX),
        (json!({"Version": "2013-10-17", "Statement": [sound]}).to_string(), SYNTAX),
        (json!({"Statement": [sound]}).to_string(), "Policy document must be version 2012-10-17 or greater."),
        (with(&sound, "Principal", json!({"AWS": "*"})), "Policy document should not specify a principal."),
        (
            json!({"Version": "2008-10-17", "Statement": [sound]}).to_string(),
            "Policy document must be version 2012-10-17 or greater.",
        ),
    ] {
        let asked = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", document.as_str())];
        world.admin.iam("PutRolePolicy", &asked).await.refuses(400, MALFORMED, words);
    }
    for sound in [
        with(&sound, "Resource", json!("arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*")),
        with(&sound, "Resource", json!("arn:aws:fdsasf")),
        with(&sound, "Resource", json!("arn:aws:iam::*:user/${aws:username}")),
        with(&sound, "Resource", json!("arn:aws:ec2:region:account-id:instance/*")),
        with(&sound, "Resource", json!("arn:aws:s3:us-west-2:111122223333:accesspoint/mine")),
        with(&sound, "Action", json!("s3.s:ListBucket")),
        with(&sound, "Action", json!("iam: a name with blanks ")),
        with(&sound, "Condition", json!({"StringEqualsIfExists": {"username": "x"}})),
        with(&sound, "Condition", json!({"DateGreaterThan": {"a": "01T"}})),
        with(&sound, "Condition", json!({"Nothing": {}})),
    ] {
        let asked = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", sound.as_str())];
        world.admin.iam("PutRolePolicy", &asked).await.ok();
    }
    let actions: Vec<String> = (0..700).map(|n| format!("s3:SomeAction{n}")).collect();
    let long = with(&sound, "Action", json!(actions));
    let asked = [("RoleName", "Cni"), ("PolicyName", "long"), ("PolicyDocument", long.as_str())];
    let words = "Maximum policy size of 10240 bytes exceeded for role Cni";
    world.admin.iam("PutRolePolicy", &asked).await.refuses(409, "LimitExceeded", words);
}

/// Who may stand in a trust policy: roles and users that there are, services that there are, no wildcards.
#[tokio::test]
async fn principals_that_are_not_there_are_not_saved() {
    let world = World::new().await;
    let update = async |principal: Value| {
        let document = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}});
        let asked = [("RoleName", "Cni"), ("PolicyDocument", &document.to_string())];
        world.admin.iam("UpdateAssumeRolePolicy", &asked).await
    };
    for (kind, name) in [
        ("AWS", "arn:aws:iam::111122223333:role/Gone"),
        ("AWS", "arn:aws:iam::111122223333:role/path/Cni"),
        ("AWS", "arn:aws:iam::111122223333:role/*"),
        ("AWS", "arn:aws:iam::999988887777:role/Any*"),
        ("AWS", "arn:aws:iam::111122223333:user/ghost"),
        ("AWS", "arn:aws:iam::111122223333:group/admins"),
        ("AWS", "arn:aws-cn:iam::111122223333:root"),
        ("AWS", "arn:aws:sts::111122223333:assumed-role/Gone/session"),
        ("SERVICE", "pod.eks.amazonaws.com"),
    ] {
        let member = if kind == "SERVICE" { "Service" } else { kind };
        let words = format!("Invalid principal in policy: \"{kind}\":\"{name}\"");
        update(json!({member: name})).await.refuses(400, MALFORMED, &words);
    }
    for principal in [
        json!({"AWS": ["111122223333", "arn:aws:iam::111122223333:user/nobody"]}),
        json!({"AWS": "arn:aws:sts::111122223333:assumed-role/Cni/pod"}),
        json!({"AWS": "arn:aws:iam::999988887777:role/Theirs"}),
        json!({"Service": ["pods.eks.amazonaws.com", "states.us-east-1.amazonaws.com"]}),
    ] {
        update(principal).await.ok();
    }
}

#[tokio::test]
async fn tags_have_limits_and_roles_take_their_keys_in_any_letter_case() {
    let world = World::new().await;
    let tag = async |pairs: &[(&str, &str)]| {
        let names: Vec<(String, &str)> = pairs
            .iter()
            .enumerate()
            .flat_map(|(n, (key, value))| {
                [(format!("Tags.member.{}.Key", n + 1), *key), (format!("Tags.member.{}.Value", n + 1), *value)]
            })
            .collect();
        let mut asked = vec![("RoleName", "Cni")];
        asked.extend(names.iter().map(|(name, value)| (name.as_str(), *value)));
        world.admin.iam("TagRole", &asked).await
    };
    tag(&[("Team", "a")]).await.ok();
    tag(&[("team", "b")]).await.ok();
    let shown = world.admin.iam("ListRoleTags", &[("RoleName", "Cni")]).await.ok();
    assert_eq!((shown.all("Key"), shown.all("Value")), (vec!["Team".to_owned()], vec!["b".to_owned()]));
    let twice = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    tag(&[("a", "1"), ("A", "2")]).await.refuses(400, "InvalidInput", twice);
    let letters = tag(&[("what?", "1")]).await;
    assert!(letters.text("Message").contains("'tags.1.member.key'"), "{}", letters.body);
    let long = tag(&[("a", &"x".repeat(257))]).await;
    assert!(long.text("Message").ends_with("have length less than or equal to 256"), "{}", long.body);
    assert_eq!(tag(&[("AWS:mine", "1")]).await.text("Code"), "InvalidInput");
    world.admin.iam("UntagRole", &[("RoleName", "Cni"), ("TagKeys.member.1", "TEAM")]).await.ok();
    let shown = world.admin.iam("GetRole", &[("RoleName", "Cni")]).await.ok();
    assert!(shown.all("Tags").is_empty(), "an empty list is left out: {}", shown.body);
}
