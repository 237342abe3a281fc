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
        (with(&sound, "Action", json!("s3:Get:Object")), "Actions/Condition can contain only one colon."),
        (with(&sound, "Action", json!("s 3:Get")), "Vendor s 3 is not valid"),
        (with(&sound, "NotAction", json!("s3:*")), SYNTAX),
        (with(&sound, "Effect", Value::Null), SYNTAX),
        (with(&sound, "Resource", json!([])), "Policy statement must contain resources."),
        (with(&sound, "Resource", json!("bucket")), "Resource bucket must be in ARN format or \"*\"."),
        (with(&sound, "Resource", json!("arn:aws:s3:bucket")), LEGACY),
        (with(&sound, "Resource", json!("arn:aws:iam::${aws:PrincipalAccount}:role/x")), LEGACY),
        (
            with(&sound, "Resource", json!("arn:aws2:s3:::b")),
            "Partition \"aws2\" is not valid for resource \"arn:aws2:s3:::b\".",
        ),
        (with(&sound, "Condition", json!({"StringAlike": {"aws:username": "x"}})), SYNTAX),
        (with(&sound, "Condition", json!({"DateLessThan": {"aws:CurrentTime": "x"}})), LEGACY),
        (with(&sound, "Condition", json!({"StringEquals": {"username": "x"}})), unprefaced),
        (with(&sound, "Principal", json!({"AWS": "*"})), "Policy document should not specify a principal."),
        (
            json!({"Version": "2008-10-17", "Statement": [sound]}).to_string(),
            "Policy document must be version 2012-10-17 or greater.",
        ),
    ] {
        let asked = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", document.as_str())];
        world.admin.iam("PutRolePolicy", &asked).await.refuses(400, MALFORMED, words);
    }
    let variables = with(&sound, "Resource", json!("arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*"));
    let asked = [("RoleName", "Cni"), ("PolicyName", "own"), ("PolicyDocument", variables.as_str())];
    world.admin.iam("PutRolePolicy", &asked).await.ok();
}
