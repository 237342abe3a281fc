//! What nobody knows of a request is neither there nor absent, and the decision says so.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use trustwalk_trust_policy::{
    Answer, Call, ConditionVerdict, Context, Decision, Exchange, Identity, Part, Policy, Principal, Request, RoleIndex,
    Text, WEB_IDENTITY_ACTION,
};

const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/issuer.example";

fn identity() -> Identity {
    Identity::new(PROVIDER).with_claim("aud", "sts.amazonaws.com").with_claim("sub", "a")
}

fn statement(effect: &str, conditions: &Value) -> Value {
    json!({"Effect": effect, "Principal": {"Federated": PROVIDER}, "Action": WEB_IDENTITY_ACTION,
        "Condition": conditions})
}

fn policy(statements: &[Value]) -> Policy {
    Policy::parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string()).expect("a policy")
}

fn decide(conditions: &Value, call: &Call) -> Decision {
    let policy = policy(&[statement("Allow", conditions)]);
    let exchange = Exchange::new(&identity(), call);
    let decision = policy.decide(&exchange);
    let explanation = policy.explain(exchange.requests().first().expect("a request"));
    assert_eq!(explanation.decision, decision);
    assert_eq!(explanation.undecided.is_empty(), decision != Decision::Undetermined, "{conditions}");
    decision
}

#[test]
fn keys_that_aws_supplies_are_unknown_until_they_are_told() {
    let (yes, no, open) = (Decision::Allow, Decision::ImplicitDeny, Decision::Undetermined);
    let rows = [
        (json!({"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}), open),
        (json!({"DateNotEquals": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}), open),
        (json!({"NumericGreaterThan": {"aws:EpochTime": "1"}}), open),
        (json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), open),
        (json!({"NotIpAddress": {"AWS:sourceip": "203.0.113.0/24"}}), open),
        (json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}), open),
        (json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}), open),
        (json!({"StringLike": {"aws:UserAgent": "*"}}), yes),
        (json!({"StringLike": {"aws:UserAgent": "?*"}}), open),
        (json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}), open),
        (json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}), open),
        (json!({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}), open),
        (json!({"StringLike": {"sts:RoleSessionName": "ci-*"}}), open),
        (json!({"StringEquals": {"aws:ANewKeyOfTomorrow": "x"}}), open),
        // The same in every call.
        (json!({"Bool": {"aws:SecureTransport": "true"}}), yes),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), no),
        (json!({"Bool": {"aws:ViaAWSService": "false"}}), yes),
        // Whether it is there is known though its value is not.
        (json!({"Null": {"aws:CurrentTime": "false"}}), yes),
        (json!({"Null": {"aws:UserAgent": "true"}}), no),
        (json!({"Null": {"aws:SourceIp": "false"}}), open),
        // A call without signature never has them.
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), no),
        (json!({"StringEquals": {"sts:ExternalId": "x"}}), no),
        (json!({"StringNotEquals": {"aws:PrincipalTag/team": "x"}}), yes),
        (json!({"StringEquals": {"saml:sub": "x"}}), no),
        // What is certain decides whatever is not.
        (json!({"StringEquals": {"issuer.example:sub": "b", "aws:RequestedRegion": "eu-west-1"}}), no),
        (json!({"StringEquals": {"issuer.example:sub": "a", "aws:RequestedRegion": "eu-west-1"}}), open),
        (json!({"StringNotEquals": {"issuer.example:sub": "${aws:UserAgent}"}}), open),
    ];
    for (conditions, expected) in rows {
        assert_eq!(decide(&conditions, &Call::new()), expected, "{conditions}");
    }
}

#[test]
fn what_is_told_of_the_call_decides() {
    let at = Call::new().at(1_800_000_000);
    assert_eq!(decide(&json!({"DateLessThan": {"aws:CurrentTime": "2027-01-16T00:00:00Z"}}), &at), Decision::Allow);
    assert_eq!(decide(&json!({"DateLessThan": {"aws:CurrentTime": "2027-01-15"}}), &at), Decision::ImplicitDeny);
    // What is to hold for ever is written so, and is later than any moment that the type has.
    for end in ["9999-12-31T23:59:59Z", "9999-12-31", "9999-12-31T23:59:59.999+00:00", "9999", "999999999999999"] {
        assert_eq!(decide(&json!({"DateLessThan": {"aws:CurrentTime": end}}), &at), Decision::Allow, "{end}");
        assert_eq!(decide(&json!({"DateGreaterThan": {"aws:CurrentTime": end}}), &at), Decision::ImplicitDeny, "{end}");
    }
    for never in ["9999-13-31T23:59:59Z", "9999-02-29", "10000-01-01T00:00:00Z", "9999-12-31T23:59:59", "2027-02-29"] {
        assert_eq!(
            decide(&json!({"DateLessThan": {"aws:CurrentTime": never}}), &at),
            Decision::ImplicitDeny,
            "{never}"
        );
    }
    assert_eq!(decide(&json!({"NumericLessThan": {"aws:EpochTime": 1_800_000_001}}), &at), Decision::Allow);
    let there = Call::new().with("aws:SourceIp", ["203.0.113.9"]);
    assert_eq!(decide(&json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), &there), Decision::Allow);
    assert_eq!(decide(&json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), &there), Decision::ImplicitDeny);
    let gone = Call::new().with::<String>("aws:SourceVpc", []);
    assert_eq!(decide(&json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}), &gone), Decision::Allow);
}

#[test]
fn an_unknown_deny_leaves_an_allow_open_and_a_refusal_as_it_is() {
    let region = json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}});
    let (allow, other) = (statement("Allow", &json!({})), statement("Allow", &json!({"StringEquals": {"k:sub": "x"}})));
    let exchange = Exchange::new(&identity(), &Call::new());
    assert_eq!(policy(&[allow.clone(), statement("Deny", &region)]).decide(&exchange), Decision::Undetermined);
    assert_eq!(policy(&[other, statement("Deny", &region)]).decide(&exchange), Decision::ImplicitDeny);
    assert_eq!(policy(&[statement("Allow", &region), allow]).decide(&exchange), Decision::Allow);
}

#[test]
fn an_identity_that_is_known_in_part_leaves_its_other_claims_open() {
    let github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let asks = |key: &str| {
        let key = if key.contains(':') { key.to_owned() } else { format!("token.actions.githubusercontent.com:{key}") };
        let text = json!({"Statement": {"Effect": "Allow", "Principal": {"Federated": github},
            "Action": WEB_IDENTITY_ACTION, "Condition": {"StringEquals": {key: "x"}}}});
        Policy::parse(&text.to_string()).expect("a policy")
    };
    let typed = Identity::new(github).with_claim("aud", "b").partly_known();
    let exchange = Exchange::new(&typed, &Call::new());
    for (key, expected) in [
        ("sub", Decision::Undetermined),
        ("repository", Decision::Undetermined),
        ("aws:RequestTag/team", Decision::Undetermined),
        ("sts:SourceIdentity", Decision::Undetermined),
        ("sha", Decision::ImplicitDeny),
        ("aud", Decision::ImplicitDeny),
        ("other.example:sub", Decision::ImplicitDeny),
    ] {
        assert_eq!(asks(key).decide(&exchange), expected, "{key}");
    }
    let whole = Exchange::new(&Identity::new(github).with_claim("aud", "b"), &Call::new());
    assert_eq!(asks("repository").decide(&whole), Decision::ImplicitDeny);
    assert_eq!(asks("aws:RequestTag/team").decide(&whole), Decision::ImplicitDeny);
}

#[test]
fn templates_compare_by_what_is_known_of_them() {
    let hole = |name: &str| Part::Hole(name.to_owned());
    let known = |text: &str| Part::Known(text.to_owned());
    let sub = Text::new([known("system:serviceaccount:"), hole("var.ns"), known(":app")]);
    let like = |operator: &str, value: &str| {
        let policy = policy(&[statement("Allow", &json!({operator: {"issuer.example:sub": value}}))]);
        let mut request = Request::web_identity(&identity());
        request.context.set_partly("issuer.example:sub", [sub.clone()]);
        let decision = policy.evaluate(&request);
        let index = RoleIndex::build([policy]);
        assert_eq!(index.roles_for(&request).is_empty(), decision != Decision::Allow, "{value}");
        decision
    };
    assert_eq!(like("StringLike", "system:serviceaccount:*:app"), Decision::Allow);
    assert_eq!(like("StringLike", "system:serviceaccount:*:other"), Decision::ImplicitDeny);
    assert_eq!(like("StringEquals", "system:serviceaccount:prod:app"), Decision::Undetermined);
    assert_eq!(like("StringNotEquals", "system:serviceaccount:prod:app"), Decision::Undetermined);
    assert_eq!(like("StringNotEquals", "system:serviceaccount:prod:other"), Decision::Allow);
    assert_eq!(like("StringEqualsIgnoreCase", "SYSTEM:serviceaccount:x:API"), Decision::ImplicitDeny);
}

#[test]
fn what_is_undecided_is_named_once_and_stands_in_the_report() {
    let conditions = json!({"StringEquals": {"aws:RequestedRegion": "a"}, "StringLike": {"AWS:RequestedRegion": "a?"}});
    let policy = policy(&[statement("Allow", &conditions)]);
    let request = Request::web_identity(&identity());
    let explanation = policy.explain(&request);
    assert_eq!(explanation.undecided, ["aws:RequestedRegion"]);
    let report = &explanation.statements[0];
    assert_eq!((report.applies, report.answer), (false, Answer::Unknown));
    assert!(report.conditions.iter().all(|c| c.verdict == ConditionVerdict::Undetermined && c.hints.is_empty()));
}

fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
    prop::collection::vec(prop::option::of("[ab]{0,2}"), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    /// Whatever the unknown parts turn out to be, a certain answer was right.
    #[test]
    fn certain_answers_hold_for_every_filling(
        parts in texts(),
        pattern in "[ab*?]{0,5}",
        fillings in prop::collection::vec("[abc]{0,3}", 3),
    ) {
        let text = Text::new(parts.iter().enumerate().map(|(i, part)| match part {
            Some(text) => Part::Known(text.clone()),
            None => Part::Hole(i.to_string()),
        }));
        let filled: String = parts
            .iter()
            .zip(fillings.iter().cycle())
            .map(|(part, filling)| part.clone().unwrap_or_else(|| filling.clone()))
            .collect();
        let whole = Text::from(filled.as_str()).matches(&pattern);
        prop_assert_ne!(whole, Answer::Unknown);
        let answer = text.matches(&pattern);
        prop_assert!(answer == Answer::Unknown || answer == whole, "{text} {pattern} {filled}");
    }

    /// The same of whole decisions: telling what was unknown turns no certain answer round.
    #[test]
    fn telling_more_turns_no_certain_answer_round(
        operator in prop::sample::select(&["StringEquals", "StringNotEquals", "StringLike", "StringNotLike",
            "StringEqualsIfExists", "ForAllValues:StringLike", "ForAnyValue:StringNotLike", "Null"][..]),
        effect in prop::sample::select(&["Allow", "Deny"][..]),
        value in prop::sample::select(&["a", "a*", "*", "?", "true", "false", "${k}", "${other}b"][..]),
        told in prop::option::of("[ab]{1,2}"),
    ) {
        let principal = Principal::Anonymous;
        let all = json!({"Effect": "Allow", "Principal": "*", "Action": "*"});
        let one = json!({"Effect": effect, "Principal": "*", "Action": "*", "Condition": {operator: {"k": value}}});
        let statements = if effect == "Deny" { vec![all, one] } else { vec![one] };
        let policy = policy(&statements);
        let (mut open, mut known) = (Context::new(), Context::new());
        open.set_unknown("k");
        known.set("k", told.iter().cloned());
        let before = policy.evaluate(&Request::new("sts:AssumeRole", principal.clone(), open));
        let after = policy.evaluate(&Request::new("sts:AssumeRole", principal, known));
        prop_assert_ne!(after, Decision::Undetermined);
        prop_assert!(before == Decision::Undetermined || before == after, "{before:?} {after:?}");
    }
}
