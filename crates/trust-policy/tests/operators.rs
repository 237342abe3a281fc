//! The decision table: what AWS's pages say of operators, keys and set operators, row by row.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use trustwalk_trust_policy::{Context, Decision, Document, Policy, Principal, Request};

const OPERATORS: &str = "IAM User Guide: Condition operators";
const MULTI: &str = "IAM User Guide: Multivalued context keys";
const VARIABLES: &str = "IAM User Guide: Policy variables";
const VALUES: &str = "IAM User Guide: Conditions with multiple keys or values";

/// Evaluates one allow statement with these conditions (JSON) and these keys.
fn allows(version: &str, conditions: &str, keys: &[(&str, &[&str])]) -> bool {
    let text = format!(
        "{{\"Version\":\"{version}\",\"Statement\":{{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sts:*\",\
         \"Condition\":{conditions}}}}}"
    );
    let policy = Policy::compile(&Document::parse(&text).expect(conditions));
    let mut context = Context::new();
    for (key, values) in keys {
        context.set(key, values.iter().copied());
    }
    let request = Request::new("sts:AssumeRole", Principal::Anonymous, context);
    let decision = policy.evaluate(&request);
    assert_eq!(policy.explain(&request).decision, decision, "explaining does not change the decision");
    decision == Decision::Allow
}

type Keys<'a> = &'a [(&'a str, &'a [&'a str])];

#[test]
fn the_pages_rows_hold() {
    let rows: &[(&str, &str, Keys<'_>, bool)] = &[
        // Strings.
        (OPERATORS, r#"{"StringEquals":{"k":"Abc"}}"#, &[("K", &["Abc"])], true),
        (OPERATORS, r#"{"StringEquals":{"k":"Abc"}}"#, &[("k", &["abc"])], false),
        (OPERATORS, r#"{"StringEquals":{"k":"a*"}}"#, &[("k", &["abc"])], false),
        (OPERATORS, r#"{"StringEquals":{"k":"a*"}}"#, &[("k", &["a*"])], true),
        (OPERATORS, r#"{"StringEqualsIgnoreCase":{"k":"ABC"}}"#, &[("k", &["abc"])], true),
        (OPERATORS, r#"{"StringNotEqualsIgnoreCase":{"k":"ABC"}}"#, &[("k", &["abc"])], false),
        (OPERATORS, r#"{"StringLike":{"k":"a?c*"}}"#, &[("k", &["abc"])], true),
        (OPERATORS, r#"{"StringLike":{"k":"A*"}}"#, &[("k", &["abc"])], false),
        (OPERATORS, r#"{"StringNotLike":{"k":"a*"}}"#, &[("k", &["xbc"])], true),
        // Missing keys.
        (OPERATORS, r#"{"StringEquals":{"k":"a"}}"#, &[], false),
        (OPERATORS, r#"{"StringNotEquals":{"k":"a"}}"#, &[], true),
        (OPERATORS, r#"{"StringEqualsIfExists":{"k":"a"}}"#, &[], true),
        (OPERATORS, r#"{"StringEqualsIfExists":{"k":"a"}}"#, &[("k", &["b"])], false),
        (OPERATORS, r#"{"StringNotEqualsIfExists":{"k":"a"}}"#, &[], true),
        (OPERATORS, r#"{"Null":{"k":"true"}}"#, &[], true),
        (OPERATORS, r#"{"Null":{"k":true}}"#, &[("k", &["a"])], false),
        (OPERATORS, r#"{"Null":{"k":"false"}}"#, &[("k", &["a"])], true),
        (OPERATORS, r#"{"Null":{"k":false}}"#, &[], false),
        // Numbers, times, truth, bytes, addresses.
        (OPERATORS, r#"{"NumericLessThanEquals":{"k":10}}"#, &[("k", &["10.0"])], true),
        (OPERATORS, r#"{"NumericGreaterThan":{"k":"10"}}"#, &[("k", &["9"])], false),
        (OPERATORS, r#"{"NumericNotEquals":{"k":"10"}}"#, &[("k", &["11"])], true),
        (OPERATORS, r#"{"NumericEquals":{"k":"inf"}}"#, &[("k", &["inf"])], false),
        (OPERATORS, r#"{"DateGreaterThan":{"k":"2020-01-01T00:00:01Z"}}"#, &[("k", &["2020-06-30"])], true),
        (OPERATORS, r#"{"DateLessThan":{"k":"2020-06-30T00:00:00Z"}}"#, &[("k", &["1593475199"])], true),
        (OPERATORS, r#"{"DateLessThan":{"k":"2020-06-30T00:00:00Z"}}"#, &[("k", &["1593475200"])], false),
        (OPERATORS, r#"{"DateEquals":{"k":"2020-01"}}"#, &[("k", &["2020-01-01T01:00:00+01:00"])], true),
        (OPERATORS, r#"{"Bool":{"k":true}}"#, &[("k", &["true"])], true),
        (OPERATORS, r#"{"Bool":{"k":"false"}}"#, &[], false),
        (OPERATORS, r#"{"BinaryEquals":{"k":"QmluYXJ5"}}"#, &[("k", &["QmluYXJ5"])], true),
        (OPERATORS, r#"{"IpAddress":{"k":"203.0.113.0/24"}}"#, &[("k", &["203.0.113.9"])], true),
        (OPERATORS, r#"{"IpAddress":{"k":"2001:db8::/32"}}"#, &[("k", &["2001:db8:1::1"])], true),
        (OPERATORS, r#"{"NotIpAddress":{"k":"203.0.113.0/24"}}"#, &[("k", &["203.0.114.9"])], true),
        (OPERATORS, r#"{"IpAddress":{"k":"0.0.0.0/0"}}"#, &[("k", &["::1"])], false),
        // ARNs: six parts, each with wildcards of its own.
        (OPERATORS, r#"{"ArnEquals":{"k":"arn:aws:sns:*:123:T*"}}"#, &[("k", &["arn:aws:sns:eu:123:Topic"])], true),
        (OPERATORS, r#"{"ArnLike":{"k":"arn:aws:s*:T"}}"#, &[("k", &["arn:aws:sns:eu:123:T"])], false),
        (OPERATORS, r#"{"ArnLike":{"k":"arn:aws:sns:*:*:a:*"}}"#, &[("k", &["arn:aws:sns:eu:1:a:b:c"])], true),
        (OPERATORS, r#"{"ArnNotLike":{"k":"arn:aws:sns:*:*:*"}}"#, &[("k", &["arn:aws:sqs:eu:1:q"])], true),
        // Several keys and values.
        (VALUES, r#"{"StringEquals":{"k":["a","b"]}}"#, &[("k", &["b"])], true),
        (VALUES, r#"{"StringNotEquals":{"k":["a","b"]}}"#, &[("k", &["b"])], false),
        (VALUES, r#"{"StringEquals":{"k":"a","l":"b"}}"#, &[("k", &["a"])], false),
        (VALUES, r#"{"StringEquals":{"k":"a"},"Bool":{"l":"true"}}"#, &[("k", &["a"]), ("l", &["true"])], true),
        // Set operators.
        (MULTI, r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#, &[("k", &["a", "b"])], true),
        (MULTI, r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#, &[("k", &["a", "c"])], false),
        (MULTI, r#"{"ForAllValues:StringEquals":{"k":"a"}}"#, &[], true),
        (MULTI, r#"{"ForAllValues:StringEquals":{"k":"a"}}"#, &[("k", &[])], true),
        (MULTI, r#"{"ForAnyValue:StringEquals":{"k":["a","b"]}}"#, &[("k", &["c", "b"])], true),
        (MULTI, r#"{"ForAnyValue:StringEquals":{"k":"a"}}"#, &[], false),
        (MULTI, r#"{"ForAnyValue:StringNotEquals":{"k":"a"}}"#, &[("k", &["a", "b"])], true),
        (MULTI, r#"{"ForAllValues:StringNotEquals":{"k":"a"}}"#, &[("k", &["a", "b"])], false),
        // Variables.
        (VARIABLES, r#"{"StringEquals":{"k":"x-${l}"}}"#, &[("k", &["x-y"]), ("l", &["y"])], true),
        (VARIABLES, r#"{"StringEquals":{"k":"${l}"}}"#, &[("k", &["y"])], false),
        (VARIABLES, r#"{"StringNotEquals":{"k":"${l}"}}"#, &[("k", &["y"])], false),
        (VARIABLES, r#"{"StringNotLike":{"k":["x","${l}*"]}}"#, &[("k", &["y"])], false),
        (VARIABLES, r#"{"StringNotEquals":{"k":"${l}"}}"#, &[], false),
        (VARIABLES, r#"{"StringNotEqualsIfExists":{"k":"${l}"}}"#, &[], true),
        (VARIABLES, r#"{"ArnNotLike":{"k":"${l}"}}"#, &[("k", &["y"])], false),
        (VARIABLES, r#"{"ForAnyValue:StringNotEquals":{"k":"${l}"}}"#, &[("k", &["y"])], false),
        (VARIABLES, r#"{"ForAllValues:StringEquals":{"k":"${l}"}}"#, &[], false),
        (VARIABLES, r#"{"StringNotEquals":{"k":"${l}"}}"#, &[("k", &["y"]), ("l", &["z"])], true),
        (VARIABLES, r#"{"StringEquals":{"k":["${l}","y"]}}"#, &[("k", &["y"])], true),
        (VARIABLES, r#"{"StringEquals":{"k":"${l}"}}"#, &[("k", &["y"]), ("l", &["y", "z"])], false),
        (VARIABLES, r#"{"StringEquals":{"k":"${l, 'dft'}"}}"#, &[("k", &["dft"])], true),
        (VARIABLES, r#"{"StringLike":{"k":"a${*}*"}}"#, &[("k", &["a*b"])], true),
        (VARIABLES, r#"{"StringLike":{"k":"a${*}*"}}"#, &[("k", &["abb"])], false),
        (VARIABLES, r#"{"StringLike":{"k":"${?}${$}"}}"#, &[("k", &["?$"])], true),
        (VARIABLES, r#"{"StringLike":{"k":"${l}"}}"#, &[("k", &["abc"]), ("l", &["*"])], false),
        (VARIABLES, r#"{"Bool":{"k":"${l}"}}"#, &[("k", &["true"]), ("l", &["true"])], false),
        (VARIABLES, r#"{"ArnLike":{"k":"arn:a:b:c:d:${l}/*"}}"#, &[("k", &["arn:a:b:c:d:u/x"]), ("l", &["u"])], true),
    ];
    for (page, conditions, keys, expected) in rows {
        assert_eq!(allows("2012-10-17", conditions, keys), *expected, "{page}: {conditions} with {keys:?}");
    }
}

#[test]
fn a_deny_with_a_variable_without_value_denies_as_the_guides_example_does() {
    let denies = |conditions: &str| {
        let statements = format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"*"}},
            {{"Effect":"Deny","Principal":"*","Action":"*","Condition":{conditions}}}"#
        );
        decide(&statements, "sts:AssumeRole", Principal::Anonymous) == Decision::ExplicitDeny
    };
    assert!(denies(r#"{"StringNotEquals":{"k":"${l}"}}"#), "{VARIABLES}");
    assert!(!denies(r#"{"StringEquals":{"k":"${l}"}}"#), "{VARIABLES}");
}

#[test]
fn variables_are_plain_text_in_the_old_version() {
    let keys: Keys<'_> = &[("k", &["y"]), ("l", &["y"])];
    assert!(!allows("2008-10-17", r#"{"StringEquals":{"k":"${l}"}}"#, keys), "{VARIABLES}");
    assert!(allows("2008-10-17", r#"{"StringEquals":{"k":"${l}"}}"#, &[("k", &["${l}"])]), "{VARIABLES}");
}

fn decide(statements: &str, action: &str, principal: Principal) -> Decision {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let policy = Policy::compile(&Document::parse(&text).expect(statements));
    policy.evaluate(&Request::new(action, principal, Context::new()))
}

#[test]
fn principals_and_actions_match_as_the_reference_says() {
    let aws = |arn: &str| Principal::Aws(arn.to_owned());
    let federated = |arn: &str| Principal::Federated(arn.to_owned());
    let session = "arn:aws:sts::111122223333:assumed-role/r/s";
    let rows = [
        (r#""Principal":"*","Action":"STS:assumeROLE""#, aws(session), true),
        (r#""Principal":{"AWS":"111122223333"},"Action":"sts:Assume*""#, aws(session), true),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"*""#, aws(session), true),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/p/r"},"Action":"*""#, aws(session), true),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/q"},"Action":"*""#, aws(session), false),
        (r#""Principal":{"AWS":"arn:aws:iam::111122223333:ro*"},"Action":"*""#, aws(session), false),
        (r#""Principal":{"Federated":["x","y"]},"Action":"*""#, federated("y"), true),
        (r#""Principal":{"Service":"y"},"Action":"*""#, federated("y"), false),
        (r#""NotPrincipal":{"Federated":"x"},"Action":"*""#, federated("y"), true),
        (r#""Principal":"*","NotAction":"sts:assumerole""#, federated("y"), false),
        (r#""Principal":"*","NotAction":"sts:TagSession""#, federated("y"), true),
        (r#""Principal":"*""#, federated("y"), false),
    ];
    for (elements, principal, expected) in rows {
        let statement = format!(r#"{{"Effect":"Allow",{elements}}}"#);
        let decision = decide(&statement, "sts:AssumeRole", principal);
        assert_eq!(decision == Decision::Allow, expected, "{elements}");
    }
}

#[test]
fn a_deny_beats_every_allow() {
    let allow = r#"{"Effect":"Allow","Principal":"*","Action":"*"}"#;
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"*"}"#;
    let decide = |text: &str| decide(text, "sts:AssumeRole", Principal::Anonymous);
    assert_eq!(decide(allow), Decision::Allow);
    assert_eq!(decide(&format!("{deny},{allow}")), Decision::ExplicitDeny);
    assert_eq!(decide(&format!("{allow},{deny}")), Decision::ExplicitDeny);
    assert_eq!(decide(""), Decision::ImplicitDeny);
}
