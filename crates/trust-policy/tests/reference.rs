//! The policy language's corners: every operator in every form, variables, principals, claims that become keys.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use serde_json::{Value, json};
use trustwalk_trust_policy::{Context, Decision, Document, Identity, Policy, Principal, Request};

type Keys<'a> = &'a [(&'a str, &'a [&'a str])];

fn request(action: &str, principal: Principal, keys: Keys<'_>) -> Request {
    let mut context = Context::new();
    for (key, values) in keys {
        context.set(key, values.iter().copied());
    }
    Request::new(action, principal, context)
}

fn holds(conditions: &Value, keys: Keys<'_>) -> bool {
    let text = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:*",
        "Condition": conditions}});
    let policy = Policy::parse(&text.to_string()).expect("a policy");
    policy.evaluate(&request("sts:AssumeRole", Principal::Anonymous, keys)) == Decision::Allow
}

/// Each comparison: operator, its negation if there is one, policy value, an actual value that matches and
/// one that does not (IAM User Guide, "Condition operators").
const COMPARISONS: &[(&str, &str, &str, &str, &str)] = &[
    ("StringEquals", "StringNotEquals", "a", "a", "A"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "Äb", "äB", "b"),
    ("StringLike", "StringNotLike", "a*?", "axy", "a"),
    ("NumericEquals", "NumericNotEquals", "10", "1e1", "10.5"),
    ("NumericLessThan", "", "10", "-3", "10"),
    ("NumericLessThanEquals", "", "10", "10", "11"),
    ("NumericGreaterThan", "", "10", "10.5", "10"),
    ("NumericGreaterThanEquals", "", "-0", "0", "-1"),
    ("DateEquals", "DateNotEquals", "2020-04-01T00:00:00Z", "1585699200", "2020-04-01T00:00:01Z"),
    ("DateLessThan", "", "2020-04-01", "2020-03-31T23:59:59Z", "2020-04-01T00:00:00Z"),
    ("DateLessThanEquals", "", "2020-04-01T01:00+01:00", "2020-04-01T00:00:00Z", "2020-04-01T00:00:01Z"),
    ("DateGreaterThan", "", "2020", "2020-01-01T00:00:00.5Z", "2020-01-01T00:00Z"),
    ("DateGreaterThanEquals", "", "2020-04", "2020-04-01T00:00Z", "2020-03"),
    ("Bool", "", "true", "TRUE", "false"),
    ("BinaryEquals", "", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "Qg=="),
    ("IpAddress", "NotIpAddress", "203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
    ("IpAddress", "NotIpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::ffff", "2001:db8:1234:5679::"),
    ("IpAddress", "NotIpAddress", "203.0.113.7", "203.0.113.7", "203.0.113.8"),
    (
        "ArnEquals",
        "ArnNotEquals",
        "arn:aws:iam::*:role/a?",
        "arn:aws:iam::111122223333:role/ab",
        "arn:aws:iam::111122223333:role/abc",
    ),
    (
        "ArnLike",
        "ArnNotLike",
        "arn:*:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:role/x/y:z",
        "arn:aws:iam::111122223333:user/x",
    ),
];

#[test]
fn every_operator_in_every_form() {
    for (operator, negation, policy, yes, no) in COMPARISONS {
        let test = |name: &str, actual: &[&str]| {
            let keys: &[(&str, &[&str])] = &[("K", actual)];
            holds(&json!({name: {"k": [policy]}}), keys)
        };
        let forms: Vec<(&str, bool)> =
            [(*operator, false), (*negation, true)].into_iter().filter(|f| !f.0.is_empty()).collect();
        for (name, negated) in forms {
            let form = |prefix: &str, suffix: &str| format!("{prefix}{name}{suffix}");
            let (plain, exists) = (form("", ""), form("", "IfExists"));
            let (all, any) = (form("ForAllValues:", ""), form("ForAnyValue:", ""));
            for each in [&plain, &exists, &all, &any] {
                assert_eq!(test(each, &[yes]), !negated, "{each} {policy} {yes}");
                assert_eq!(test(each, &[no]), negated, "{each} {policy} {no}");
            }
            // Missing and empty keys are the same.
            let missing = [(&plain, negated), (&exists, true), (&all, true), (&any, false)];
            for (each, wanted) in missing {
                assert_eq!(test(each, &[]), wanted, "{each} without the key");
                assert_eq!(holds(&json!({each: {"other": policy}}), &[("k", &[yes])]), wanted, "{each}");
            }
            assert!(test(&form("ForAnyValue:", "IfExists"), &[]));
            // Several actual values.
            assert!(!test(&all, &[yes, no]) && test(&any, &[yes, no]), "{name}");
            // A value that the operator cannot read matches nothing.
            if !operator.starts_with("String") && *operator != "BinaryEquals" {
                assert_eq!(test(&plain, &["?"]), negated, "{name}");
            }
        }
        // Values of one key are alternatives; for negations none may match.
        assert!(holds(&json!({*operator: {"k": ["0", policy]}}), &[("k", &[yes])]), "{operator}");
        if !negation.is_empty() {
            assert!(!holds(&json!({*negation: {"k": ["0", policy]}}), &[("k", &[yes])]), "{negation}");
        }
    }
}

#[test]
fn operators_that_do_not_exist_admit_nobody() {
    for operator in
        ["NullIfExists", "NotBool", "BoolNot", "StringMatches", "ForSomeValues:StringEquals", "ForAllValues", ""]
    {
        for keys in [&[("k", &["a"][..])][..], &[]] {
            assert!(!holds(&json!({operator: {"k": "a"}}), keys), "{operator}");
        }
    }
}

#[test]
fn operators_keys_and_values_combine_as_the_guide_says() {
    // IAM User Guide, "Conditions with multiple keys or values": AND over operators and keys, OR over values.
    let conditions = json!({
        "StringEquals": {"aws:PrincipalTag/department": ["finance", "hr", "legal"],
            "aws:PrincipalTag/role": ["audit", "security"]},
        "ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::222222222222:user/Ana", "arn:aws:iam::222222222222:user/Mary"]},
    });
    let ana = "arn:aws:iam::222222222222:user/Ana";
    let with = |department: &str, role: &str, arn: &str| {
        let keys: &[(&str, &[&str])] = &[
            ("AWS:principaltag/Department", &[department]),
            ("aws:PrincipalTag/role", &[role]),
            ("aws:PrincipalArn", &[arn]),
        ];
        holds(&conditions, keys)
    };
    assert!(with("hr", "audit", ana));
    assert!(!with("hr", "manager", ana));
    assert!(!with("HR", "audit", ana));
    assert!(!with("hr", "audit", "arn:aws:iam::222222222222:user/Bob"));
    // "Null" beside `ForAllValues`, as the guide advises.
    let guarded =
        json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["preprod", "storage"]}, "Null": {"aws:TagKeys": "false"}});
    assert!(holds(&guarded, &[("aws:TagKeys", &["storage"])]));
    assert!(!holds(&guarded, &[("aws:TagKeys", &["storage", "other"])]));
    assert!(!holds(&guarded, &[]));
}

#[test]
fn variables_are_replaced_or_make_their_value_unmatchable() {
    let keys: Keys<'_> = &[("aws:PrincipalTag/team", &["yellow"]), ("k", &["path/yellow"]), ("two", &["a", "b"])];
    for (value, wanted) in [
        ("path/${aws:PrincipalTag/team}", true),
        ("path/${AWS:principaltag/TEAM}", true),
        ("path/${aws:PrincipalTag/team, 'company-wide'}", true),
        ("path/${aws:PrincipalTag/none, 'yellow'}", true),
        ("path/${aws:PrincipalTag/none,'yellow'}", true),
        ("path/${aws:PrincipalTag/none}", false),
        ("path/${two}", false),
        ("path/${two, 'yellow'}", false),
        ("path/${}", false),
        ("${k}", true),
        ("path/${aws:PrincipalTag/team", false),
        ("path/$yellow", false),
    ] {
        assert_eq!(holds(&json!({"StringEquals": {"k": value}}), keys), wanted, "{value}");
        // What has no value keeps an Allow from applying, negated or not.
        let valueless = ["/none}", "${two", "${}"].iter().any(|part| value.contains(part));
        assert_eq!(holds(&json!({"StringNotEquals": {"k": value}}), keys), !wanted && !valueless, "{value}");
    }
    // An escaped sign is itself, beside wildcards that are not escaped.
    for (value, actual, wanted) in [
        ("${*}", "*", true),
        ("${*}", "x", false),
        ("${?}*", "?xyz", true),
        ("${?}*", "axyz", false),
        ("${$}{k}", "${k}", true),
        ("a${*}b*", "a*bc", true),
    ] {
        assert_eq!(holds(&json!({"StringLike": {"l": value}}), &[("l", &[actual])]), wanted, "{value} {actual}");
    }
    // Without a version, or with the old one, they are plain text.
    for version in [None, Some("2008-10-17")] {
        let mut policy = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*",
            "Condition": {"StringEquals": {"k": "${k}"}}}});
        if let Some(version) = version {
            policy["Version"] = json!(version);
        }
        let policy = Policy::parse(&policy.to_string()).expect("a policy");
        let decide =
            |actual: &str| policy.evaluate(&request("sts:AssumeRole", Principal::Anonymous, &[("k", &[actual])]));
        assert_eq!((decide("x"), decide("${k}")), (Decision::ImplicitDeny, Decision::Allow));
    }
}

fn admits(principal: &Value, who: Principal) -> bool {
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal,
        "Action": ["sts:AssumeRole*", "sts:TagSession"]}]});
    let policy = Policy::parse(&text.to_string()).expect("a policy");
    policy.evaluate(&request("sts:AssumeRoleWithWebIdentity", who, &[])) == Decision::Allow
}

#[test]
fn principals_in_every_form() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A";
    let federated = |arn: &str| Principal::Federated(arn.to_owned());
    assert!(admits(&json!({"Federated": provider}), federated(provider)));
    assert!(admits(
        &json!({"Federated": ["accounts.google.com", provider], "Service": "ec2.amazonaws.com"}),
        federated(provider)
    ));
    assert!(admits(
        &json!({"Federated": "cognito-identity.amazonaws.com"}),
        federated("cognito-identity.amazonaws.com")
    ));
    for other in [
        format!("{provider}/"),
        provider.to_lowercase(),
        provider.replace("111122223333", "444455556666"),
        provider.replace("oidc-provider/", "oidc-provider/https://"),
        provider.replace("/A", "/*"),
        "arn:aws:iam::111122223333:oidc-provider/*".to_owned(),
        "arn:aws:iam::111122223333:root".to_owned(),
    ] {
        assert!(!admits(&json!({"Federated": other}), federated(provider)), "{other}");
        assert!(!admits(&json!({"AWS": other}), federated(provider)), "{other}");
    }
    let session = Principal::Aws("arn:aws-cn:sts::111122223333:assumed-role/app/s".to_owned());
    assert!(admits(&json!({"AWS": "arn:aws-cn:iam::111122223333:role/team/app"}), session.clone()));
    assert!(!admits(&json!({"AWS": "arn:aws:iam::111122223333:role/app"}), session.clone()), "another partition");
    assert!(!admits(&json!({"AWS": "arn:aws-cn:iam::111122223333:role/ap"}), session.clone()));
    assert!(admits(&json!({"AWS": ["444455556666", "111122223333"]}), session.clone()));
    assert!(admits(&json!({"AWS": "arn:aws-cn:sts::111122223333:assumed-role/app/s"}), session));
    assert!(admits(
        &json!({"Service": ["ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com"]}),
        Principal::Service("pods.eks.amazonaws.com".to_owned())
    ));
    assert!(!admits(&json!({}), federated(provider)));
    assert!(!admits(&json!({"Federated": []}), federated(provider)));
}

#[test]
fn negated_elements_leave_out_what_they_name() {
    let decide = |statement: Value, action: &str, who: &str| {
        let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "*"});
        let text = json!({"Version": "2012-10-17", "Statement": [allow, statement]});
        let policy = Policy::parse(&text.to_string()).expect("a policy");
        policy.evaluate(&request(action, Principal::Federated(who.to_owned()), &[]))
    };
    let deny = json!({"Effect": "Deny", "NotPrincipal": {"Federated": ["a", "b"]},
        "NotAction": ["sts:tag*", "sts:?etSourceIdentity"]});
    assert_eq!(decide(deny.clone(), "sts:AssumeRoleWithWebIdentity", "a"), Decision::Allow);
    assert_eq!(decide(deny.clone(), "sts:AssumeRoleWithWebIdentity", "c"), Decision::ExplicitDeny);
    assert_eq!(decide(deny.clone(), "sts:TagSession", "c"), Decision::Allow);
    assert_eq!(decide(deny, "sts:SetSourceIdentity", "c"), Decision::Allow);
}

#[test]
fn claims_become_keys_by_their_exact_names() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/idp.example/t";
    let context = |claims: Value| {
        let Value::Object(claims) = claims else { return Vec::new() };
        let context = Identity::new(provider).with_claims(claims).context();
        ["aud", "sub", "amr", "azp", "email"]
            .map(|name| {
                context.get(&format!("IDP.example/t:{name}")).map(<[String]>::to_vec).unwrap_or_default().join("+")
            })
            .into_iter()
            .collect()
    };
    assert_eq!(context(json!({"aud": ["a"], "sub": "s", "email": "e"})), ["a", "s", "", "", ""]);
    assert_eq!(context(json!({"sub": "s", "SUB": "other", "Sub": "third"})), ["", "s", "", "", ""], "case counts");
    assert_eq!(context(json!({"SUB": "other", "Aud": "x", "AZP": "y"})), ["", "", "", "", ""]);
    assert_eq!(context(json!({"aud": ["a", "b"], "azp": "p"})), ["p", "", "", "", ""]);
    for azp in [Value::Null, json!({}), json!(["p"])] {
        assert_eq!(context(json!({"aud": "a", "azp": azp})), ["a", "", "", "", ""], "no authorized party");
    }
    assert_eq!(context(json!({"amr": ["pwd", "mfa"], "sub": 7})), ["", "7", "pwd+mfa", "", ""]);
    assert_eq!(context(json!({"sub": null, "amr": [[]]})), ["", "", "", "", ""]);
    let google = Identity::new("accounts.google.com").with_claim("azp", "app").with_claim("aud", "x").context();
    assert_eq!(google.get("accounts.google.com:oaud"), Some(&["x".to_owned()][..]));
    assert_eq!(google.get("accounts.google.com:aud"), Some(&["app".to_owned()][..]));
}

#[test]
fn texts_that_are_almost_policies_are_refused() {
    for bad in [
        "\u{feff}{\"Statement\":[]}",
        r#"{"Statement":[],}"#,
        r#"{"Statement":"Allow"}"#,
        r#"{"Statement":[null]}"#,
        r#"{"Version":"2012-10-18","Statement":[]}"#,
        r#"{"Version":20121017,"Statement":[]}"#,
        r#"{"Statement":{"Effect":"ALLOW"}}"#,
        r#"{"Statement":{"Principal":{"federated":"x"}}}"#,
        r#"{"Statement":{"Principal":null}}"#,
        r#"{"Statement":{"Condition":[]}}"#,
        r#"{"Statement":{"Condition":{"StringEquals":"k"}}}"#,
        r#"{"Statement":{"Condition":{"StringEquals":{"k":{}}}}}"#,
        r#"{"Statement":{"Condition":{"StringEquals":{"k":[["a"]]}}}}"#,
        r#"{"Statement":{"Condition":{"StringEquals":{"k":null}}}}"#,
        r#"{"Statement":{"Action":"\ud800"}}"#,
    ] {
        assert!(Document::parse(bad).is_err(), "{bad}");
    }
}
