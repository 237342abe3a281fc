//! Trust policies as people write them by hand: what is named, how surely, and what the plan would change.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use serde_json::{Value, json};
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::plan::{Action, Plan, build};
use trustwalk_testkit::Scenario;

const SUB: &str = "system:serviceaccount:kube-system:aws-node";
const WEB: &str = "sts:AssumeRoleWithWebIdentity";

fn evidence(policy: &Value) -> Evidence {
    let scenario = Scenario::parse(
        "base = \"story\"\nsts = \"AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity\"",
    );
    let mut e = scenario.unwrap().evidence().unwrap();
    let trustwalk_core::evidence::Observed::Known { value, .. } = &mut *e.role else { panic!("no role") };
    value.trust_policy = policy.to_string();
    e
}

/// Issuer path and provider ARN of the story.
fn names() -> (String, String) {
    let e = evidence(&json!({}));
    let iss = e.token.known().unwrap().iss.clone().unwrap();
    (iss.trim_start_matches("https://").to_owned(), e.provider.known().unwrap().arn.clone())
}

fn statement(conditions: &[(&str, &str, Value)]) -> Value {
    let (path, arn) = names();
    let mut s = json!({"Effect": "Allow", "Principal": {"Federated": arn}, "Action": WEB, "Condition": {}});
    for (operator, key, value) in conditions {
        let key = if key.contains(':') { (*key).to_owned() } else { format!("{path}:{key}") };
        s["Condition"][*operator][key] = value.clone();
    }
    s
}

fn good() -> Value {
    statement(&[("StringEquals", "aud", json!("sts.amazonaws.com")), ("StringEquals", "sub", json!(SUB))])
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The trust policy a plan would set.
fn new_policy(plan: &Plan) -> Option<Value> {
    plan.steps.iter().find_map(|s| {
        let Action::SetTrustPolicy { document, .. } = &s.action else { return None };
        Some(serde_json::from_str(document).unwrap())
    })
}

fn judge(policy: &Value) -> (Diagnosis, Option<Value>) {
    let e = evidence(policy);
    let d = diagnose(&e);
    let plan = build(&e, &d);
    (d, new_policy(&plan))
}

fn found(d: &Diagnosis) -> Vec<&str> {
    d.root_cause.iter().chain(&d.also).map(Finding::name).collect()
}

#[test]
fn a_deny_is_named_with_its_place_and_never_worked_around() {
    let (path, _) = names();
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:*",
        "Condition": {"StringNotEquals": {format!("{path}:aud"): "vault"}}});
    let (d, plan) = judge(&policy(&[good(), deny.clone()]));
    assert_eq!(found(&d), ["trust-condition-not-met"]);
    assert!(d.root_cause.as_ref().unwrap().sentence.starts_with("Statement[1] "), "{:?}", d.root_cause);
    assert_eq!(plan, None);
    // A wrong subject beside it: both are named, and mending one alone cures nothing, so nothing is offered.
    let wrong = statement(&[("StringEquals", "sub", json!("system:serviceaccount:kube-system:aws-nod"))]);
    let (d, plan) = judge(&policy(&[wrong, deny]));
    assert_eq!(found(&d), ["sub-wrong-service-account", "trust-condition-not-met"]);
    assert_eq!(plan, None);
}

#[test]
fn what_comes_with_the_call_is_never_certain() {
    for (operator, key, value) in [
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        ("StringLike", "sts:RoleSessionName", "prod-*"),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1"),
    ] {
        let (d, plan) =
            judge(&policy(&[statement(&[(operator, key, json!(value)), ("StringEquals", "sub", json!(SUB))])]));
        let root = d.root_cause.unwrap();
        assert_eq!((root.name(), root.confidence), ("trust-condition-not-met", Confidence::Likely), "{key}");
        assert!(!root.sentence.contains("(absent)"), "{}", root.sentence);
        assert_eq!(plan, None);
    }
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}});
    let (d, _) = judge(&policy(&[good(), deny]));
    assert!(d.root_cause.is_none() && !d.undetermined.is_empty(), "{d:?}");
}

#[test]
fn without_an_exchange_what_comes_with_the_call_is_a_question() {
    let (key, value) = ("aws:SourceIp", "10.0.0.0/8");
    let document = policy(&[statement(&[("IpAddress", key, json!(value)), ("StringEquals", "sub", json!(SUB))])]);
    let mut e = evidence(&document);
    e.exchange = trustwalk_core::evidence::Observed::default();
    let d = diagnose(&e);
    assert!(found(&d).is_empty() && d.possible.is_empty(), "{:?}", found(&d));
    assert!(d.undetermined.iter().any(|u| u.contains(key)), "{:?}", d.undetermined);
}

#[test]
fn session_tags_of_the_token_are_request_tags() {
    let tagged = |tags: Value| {
        let mut asks = statement(&[("StringEquals", "aws:RequestTag/team", json!("net"))]);
        asks["Action"] = json!([WEB, "sts:TagSession"]);
        let mut e = evidence(&policy(&[asks]));
        let trustwalk_core::evidence::Observed::Known { value: token, .. } = &mut e.token else { panic!("no token") };
        token.claims.insert("https://aws.amazon.com/tags".to_owned(), tags.to_string());
        diagnose(&e)
    };
    let d = tagged(json!({"principal_tags": {"team": ["net"]}}));
    assert_eq!(found(&d), ["org-policy-rcp-scp-deny"], "the policy admits");
    let d = tagged(json!({"principal_tags": {"team": ["batch"]}}));
    assert_eq!(found(&d), ["trust-condition-not-met"]);
    let d = tagged(json!({"principal_tags": {"area": ["net"]}}));
    assert_eq!(found(&d), ["required-session-tag-not-in-token"]);
    // A source identity is the token's too, and this token has none.
    let (d, plan) = judge(&policy(&[statement(&[("StringEquals", "sts:SourceIdentity", json!("alice"))])]));
    assert_eq!(d.root_cause.map(|f| f.confidence), Some(Confidence::Proven));
    assert_eq!(plan, None);
}

#[test]
fn a_provider_with_a_url_in_its_arn_is_named() {
    let (path, arn) = names();
    let mut s = good();
    s["Principal"]["Federated"] = json!(arn.replace(&path, &format!("https://{path}")));
    let (d, plan) = judge(&policy(&[s]));
    assert_eq!(found(&d), ["https-prefix-in-arn-or-condition-key"]);
    assert_eq!(plan.unwrap()["Statement"][0]["Principal"]["Federated"], json!(arn));
}

#[test]
fn characters_that_nobody_sees_are_shown() {
    for unseen in ["\u{200b}", "\u{feff}", "\u{a0}", "\n", "\t", "\u{2060}", "\u{ad}"] {
        for written in [format!("sts.amazonaws.com{unseen}"), format!("sts.{unseen}amazonaws.com")] {
            let (d, plan) = judge(&policy(&[statement(&[("StringEquals", "aud", json!(written))])]));
            assert_eq!(found(&d), ["audience-condition-wrong-in-trust-policy"], "{written:?}");
            let sentence = &d.root_cause.as_ref().unwrap().sentence;
            assert!(sentence.contains(&written.escape_debug().to_string()), "{sentence}");
            assert!(plan.unwrap().to_string().contains("\"sts.amazonaws.com\""));
        }
    }
}

#[test]
fn a_token_that_says_less_than_the_policy_asks_for_widens_nothing() {
    for (file, offers) in [("violated", false), ("violated-newer", true)] {
        let name = format!("{}/causes/ci-token-of-another-version/{file}.toml", env!("CARGO_MANIFEST_DIR"));
        let e = Scenario::parse(&std::fs::read_to_string(name).unwrap()).unwrap().evidence().unwrap();
        assert_eq!(new_policy(&build(&e, &diagnose(&e))).is_some(), offers, "{file}");
    }
}

#[test]
fn the_time_is_known() {
    let late = ("DateLessThan", "aws:CurrentTime", json!("2020-01-01T00:00:00Z"));
    let (d, _) = judge(&policy(&[statement(&[late, ("StringEquals", "sub", json!(SUB))])]));
    assert_eq!(d.root_cause.as_ref().map(|f| f.confidence), Some(Confidence::Proven), "{d:?}");
    let early = ("DateGreaterThan", "aws:CurrentTime", json!("2020-01-01T00:00:00Z"));
    let (d, _) = judge(&policy(&[statement(&[early, ("StringEquals", "sub", json!(SUB))])]));
    assert_eq!(found(&d), ["org-policy-rcp-scp-deny"], "the policy admits");
}

#[test]
fn operators_other_than_equality_are_told_as_what_they_ask() {
    for (operator, value, words) in [
        ("Null", json!("true"), "to be absent"),
        ("StringNotEquals", json!(SUB), "excludes"),
        ("StringNotLike", json!(["system:*", "x"]), "excludes"),
        ("StringEquals", json!([]), "no value at all"),
        ("ArnLike", json!("arn:*"), "by ArnLike"),
    ] {
        let (d, plan) = judge(&policy(&[statement(&[(operator, "sub", value)])]));
        assert_eq!(found(&d), ["trust-condition-not-met"], "{operator}");
        let sentence = &d.root_cause.as_ref().unwrap().sentence;
        assert!(sentence.contains(words), "{operator}: {sentence}");
        assert_eq!(plan, None, "{operator}");
    }
}

#[test]
fn whoever_is_admitted_stays_admitted() {
    let (path, arn) = names();
    // Another service account's subject, and a pattern of somebody's.
    for other in ["system:serviceaccount:batch:settlement", "system:serviceaccount:kube-system:aws-node-*"] {
        let (d, plan) = judge(&policy(&[statement(&[("StringLike", "sub", json!(other))])]));
        assert_eq!(d.root_cause.unwrap().name(), "sub-wrong-service-account");
        let values = plan.unwrap()["Statement"][0]["Condition"]["StringLike"][format!("{path}:sub")].clone();
        assert_eq!(values, json!([other, SUB]));
    }
    // A statement for another provider of the account.
    let hub = arn.replace(&path, "token.actions.githubusercontent.com");
    let theirs = json!({"Effect": "Allow", "Principal": {"Federated": hub}, "Action": WEB, "Condition":
        {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:harbour/ledger:*"}}});
    let mut e = evidence(&policy(std::slice::from_ref(&theirs)));
    e.providers = trustwalk_core::evidence::Observed::Known {
        value: vec![hub, arn.clone()],
        source: trustwalk_core::evidence::Source::default(),
    };
    let plan = build(&e, &diagnose(&e));
    let document = new_policy(&plan).unwrap();
    assert_eq!(document["Statement"][0], theirs);
    assert_eq!(document["Statement"][1]["Condition"]["StringEquals"][format!("{path}:sub")], json!(SUB));
    // A statement that allows more than the action in question.
    let mut tagging = good();
    tagging["Action"] = json!(["sts:AssumeRole", "sts:TagSession"]);
    let (_, plan) = judge(&policy(&[tagging]));
    assert_eq!(plan.unwrap()["Statement"][0]["Action"], json!([WEB, "sts:TagSession"]));
}

#[test]
fn no_repair_opens_the_role() {
    let (path, arn) = names();
    // The action put right would let every identity of the issuer in; a statement of its own does not.
    let open = json!({"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRole"});
    let (d, plan) = judge(&policy(std::slice::from_ref(&open)));
    assert_eq!(found(&d), ["trust-policy-wrong-action"]);
    let plan = plan.unwrap();
    assert_eq!(plan["Statement"][0], open);
    assert_eq!(plan["Statement"][1]["Condition"]["StringEquals"][format!("{path}:sub")], json!(SUB));
    // StringLike would make this pattern admit every service account of the cluster; the one asked for is named.
    let pattern = "system:serviceaccount:*";
    let (d, plan) = judge(&policy(&[statement(&[("StringEquals", "sub", json!(pattern))])]));
    assert_eq!(found(&d), ["wildcard-with-stringequals"]);
    let conditions = plan.unwrap()["Statement"][0]["Condition"].clone();
    assert_eq!(conditions, json!({"StringEquals": {format!("{path}:sub"): [pattern, SUB]}}));
}

#[test]
fn one_plan_cures_all_conditions() {
    let (path, _) = names();
    let both = statement(&[
        ("StringEquals", "aud", json!("vault")),
        ("StringEquals", "sub", json!("system:serviceaccount:kube-system:aws-nod")),
    ]);
    let e = evidence(&policy(&[both]));
    let d = diagnose(&e);
    assert_eq!(found(&d), ["sub-wrong-service-account", "audience-condition-wrong-in-trust-policy"]);
    let plan = build(&e, &d);
    assert!(!plan.notes.iter().any(|n| n.contains("further run")), "{:?}", plan.notes);
    let (_, document) = judge(&serde_json::from_str(&e.role.known().unwrap().trust_policy).unwrap());
    let block = document.unwrap()["Statement"][0]["Condition"]["StringEquals"].clone();
    assert!(block[format!("{path}:sub")].to_string().contains(SUB));
    assert!(block[format!("{path}:aud")].to_string().contains("sts.amazonaws.com"));
}

#[test]
fn the_statement_that_is_nearest_is_the_one_meant() {
    let far = statement(&[("StringEquals", "sub", json!("system:serviceaccount:x:y"))]);
    let near = statement(&[("StringEquals", "sub", json!("system:serviceaccount:kube-system:aws-nodes"))]);
    let (d, _) = judge(&policy(&[far, near]));
    assert!(d.root_cause.as_ref().unwrap().sentence.contains("aws-nodes"), "{:?}", d.root_cause);
}

#[test]
fn a_single_statement_without_a_list_can_be_added_to() {
    let ec2 = json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let (d, plan) = judge(&json!({"Version": "2012-10-17", "Statement": ec2}));
    assert_eq!(found(&d), ["trust-policy-lacks-web-identity-statement"]);
    assert_eq!(plan.unwrap()["Statement"][0], ec2);
}

#[test]
fn a_line_break_in_a_value_is_shown_as_one() {
    let (d, plan) = judge(&policy(&[statement(&[("StringEquals", "sub", json!(format!("{SUB}\n")))])]));
    let root = d.root_cause.unwrap();
    assert!(!root.sentence.contains('\n') && root.sentence.contains("line break"), "{}", root.sentence);
    assert!(plan.is_some());
}
