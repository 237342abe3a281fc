//! What IAM refuses to save, reason by reason, and what JSON hides.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use serde_json::{Value, json};
use trustwalk_trust_policy::{
    Document, PrincipalKind, ProviderArn, SaveContext, SaveError, Standing, WEB_IDENTITY_ACTION, Warning,
};

const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/issuer.example";

fn lint(text: &str) -> Vec<SaveError> {
    let document = Document::parse(text).expect(text);
    document.lint(&SaveContext::default())
}

/// A sound statement with some elements replaced.
fn with(changes: &Value) -> Vec<SaveError> {
    let mut statement = json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": WEB_IDENTITY_ACTION});
    for (name, value) in changes.as_object().expect("elements") {
        statement.as_object_mut().expect("a statement").insert(name.clone(), value.clone());
    }
    lint(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
}

#[test]
fn actions_that_no_trust_policy_may_have_are_refused() {
    for (action, said) in [
        ("sts:InvalidAction", Some("AssumeRole policy may only specify STS AssumeRole actions.")),
        ("sts:AssumeRoleWithWebIdentitty", Some("AssumeRole policy may only specify STS AssumeRole actions.")),
        ("sts:GetCallerIdentity", Some("AssumeRole policy may only specify STS AssumeRole actions.")),
        ("s3:*", Some("AssumeRole policy may only specify STS AssumeRole actions.")),
        ("*", Some("AssumeRole policy may only specify STS AssumeRole actions.")),
        (
            "AssumeRoleWithWebIdentity",
            Some("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        ),
        ("", Some("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")),
        ("sts:Assume:Role", Some("Actions/Condition can contain only one colon.")),
        ("STS:assumerolewithwebidentity", None),
        ("sts:*", None),
        ("sts:AssumeRole*", None),
        ("sts:TagSession", None),
    ] {
        let errors = with(&json!({"Action": [WEB_IDENTITY_ACTION, action]}));
        assert_eq!(errors.first().map(ToString::to_string).as_deref(), said, "{action}");
        assert!(errors.iter().all(|e| e.standing() == Standing::Reported), "{action}");
    }
    assert_eq!(with(&json!({"Action": []})), [SaveError::NoActions { statement: 0 }]);
}

#[test]
fn an_element_beside_its_opposite_is_refused_and_hidden_from_nobody() {
    let exclusive = |element| SaveError::ExclusiveElements { statement: 0, element };
    assert_eq!(with(&json!({"NotAction": "sts:AssumeRole"})), [exclusive("Action")]);
    let both = with(&json!({"NotPrincipal": {"AWS": "111122223333"}}));
    assert_eq!(both, [exclusive("Principal"), SaveError::NotPrincipal { statement: 0 }]);
    let resources = with(&json!({"Resource": "*", "NotResource": "*"}));
    assert_eq!(resources, [exclusive("Resource"), SaveError::ProhibitedResource { statement: 0 }]);
    assert!(both.iter().all(|e| e.standing() == Standing::Documented && e.code() == "MalformedPolicyDocument"));
}

#[test]
fn principals_that_name_nobody_are_refused() {
    let federated = |value: &str| with(&json!({"Principal": {"Federated": value}}));
    for malformed in [
        "arn:aws:iam::111122223333:oidc-provider/https://issuer.example",
        "https://issuer.example",
        "issuer.example/path",
        "arn:aws:iam::1111222233:oidc-provider/issuer.example",
        "arn:aws:iam:eu-west-1:111122223333:oidc-provider/issuer.example",
        "arn:aws:iam::111122223333:oidc-provider/",
        "arn:aws:iam::111122223333:oidc-provider/issuer.example\n",
        "arn:aws:iam::111122223333:role/r",
        "arn:aws:sts::111122223333:oidc-provider/issuer.example",
        "",
    ] {
        let value = malformed.to_owned();
        assert_eq!(federated(malformed), [SaveError::InvalidFederated { statement: 0, value }], "{malformed}");
        assert_eq!(ProviderArn::parse(malformed), None, "{malformed}");
    }
    for sound in ["accounts.google.com", "arn:aws-cn:iam::111122223333:oidc-provider/a/b", PROVIDER] {
        assert_eq!(federated(sound), [], "{sound}");
    }
    let issuer = ProviderArn::parse("arn:aws-cn:iam::111122223333:oidc-provider/a.b/c").expect("an ARN");
    assert_eq!((issuer.partition, issuer.account, issuer.issuer), ("aws-cn", "111122223333", "a.b/c"));
    let words = |principal: Value| with(&json!({"Principal": principal})).first().map(ToString::to_string);
    let everybody = words(json!("*"));
    assert_eq!(everybody.as_deref(), Some("AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\"."));
    assert_eq!(words(json!({})).as_deref(), Some("Missing required field Principal cannot be empty!"));
    assert_eq!(words(json!({"AWS": "role"})).as_deref(), Some("Invalid principal in policy: \"AWS\":\"role\""));
    for sound in ["*", "111122223333", "arn:aws:iam::111122223333:root", "AROAEXAMPLEEXAMPLE12"] {
        assert_eq!(words(json!({"AWS": sound})), None, "{sound}");
    }
}

#[test]
fn conditions_that_cannot_be_read_are_refused_or_said_to_be_unknown() {
    let condition = |operator: &str, key: &str, value: Value| with(&json!({"Condition": {operator: {key: value}}}));
    let date = condition("DateLessThan", "aws:CurrentTime", json!("tomorrow"));
    assert_eq!(date[0].to_string(), "The policy failed legacy parsing");
    assert_eq!(date[0].standing(), Standing::Reported);
    for (operator, value) in [("NumericEquals", "many"), ("Bool", "maybe"), ("IpAddress", "10.0.0.0/99"), ("Null", "")]
    {
        let errors = condition(operator, "aws:x", json!([value]));
        assert!(matches!(&errors[..], [SaveError::UnreadableValue { .. }]), "{errors:?}");
        assert_eq!(errors[0].standing(), Standing::Unknown);
    }
    assert!(matches!(&condition("StringEquals", "issuer.example:sub", json!([]))[..], [SaveError::NoValues { .. }]));
    let unknown = condition("StringMatches", "issuer.example:sub", json!("x"));
    assert_eq!(unknown[0].to_string(), "Invalid Condition type : StringMatches");
    let empty = with(&json!({"Condition": {"StringEquals2": {}, "StringEquals": {}}}));
    assert_eq!(empty.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Invalid Condition type : StringEquals2"]);
    let scheme = condition("StringEquals", "https://issuer.example:sub", json!("x"));
    assert_eq!(scheme[0].to_string(), "Actions/Condition can contain only one colon.");
    for (operator, key, value) in [
        ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
        ("StringEquals", "aws:RequestTag/a:b:c", "x"),
        ("ArnLike", "aws:SourceArn", "${aws:PrincipalArn}"),
        ("IpAddress", "aws:SourceIp", "2001:db8::/32"),
    ] {
        assert_eq!(condition(operator, key, json!(value)), [], "{operator} {key}");
    }
}

#[test]
fn statement_ids_are_unique_and_no_statement_is_none() {
    let statement = json!({"Sid": "A", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
    let twice = json!({"Statement": [statement, statement]}).to_string();
    assert_eq!(lint(&twice), [SaveError::DuplicateSid { statement: 1, sid: "A".to_owned() }]);
    assert_eq!(lint(&twice.replace("\"A\"", "\"\"")), []);
    assert_eq!(lint(r#"{"Version":"2012-10-17","Statement":[]}"#)[0].to_string(), "Syntax errors in policy.");
}

#[test]
fn every_name_that_json_drops_is_told() {
    let text = r#"{"Version":"2012-10-17","Version":"2008-10-17","Statement":{"Effect":"Deny","Effect":"Allow",
        "Principal":{"Federated":"a.example","Federated":["b.example"]},
        "Action":"sts:AssumeRole","Action":"sts:AssumeRoleWithWebIdentity"}}"#;
    let document = Document::parse(text).expect("a policy");
    let element = |statement, element: &str| Warning::ElementDropped { statement, element: element.to_owned() };
    let principals = Warning::PrincipalsDropped {
        statement: 0,
        principal: PrincipalKind::Federated,
        values: vec!["a.example".to_owned()],
    };
    for expected in [element(None, "Version"), element(Some(0), "Effect"), element(Some(0), "Action"), principals] {
        assert!(document.warnings.contains(&expected), "{expected:?} in {:?}", document.warnings);
    }
    assert_eq!(document.warnings.len(), 4);
}
