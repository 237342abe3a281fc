//! Whom a change of a trust policy admits: found by trying, compared with an evaluator written here.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use trustwalk_trust_policy::{Asked, Identity, Policy, Principal, TooMany, Witness, widened};

const ISSUER: &str = "issuer.example/id/A";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/issuer.example/id/A";
const OTHER: &str = "arn:aws:iam::111122223333:oidc-provider/issuer.example/id/B";
const WEB: &str = "sts:AssumeRoleWithWebIdentity";
const SUB: &str = "system:serviceaccount:ns:app";
const AUD: &str = "sts.amazonaws.com";

fn compiled(statements: &Value) -> Policy {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    Policy::parse(&text).expect("a policy")
}

fn asked(sub: &str, aud: &str) -> Asked {
    let identity = Identity::new(PROVIDER).with_claim("sub", sub).with_claim("aud", aud);
    Asked { identity, audiences: Vec::new() }
}

fn statement(conditions: &Value) -> Value {
    let text = conditions.to_string().replace("\"sub\":", &format!("\"{ISSUER}:sub\":"));
    let text = text.replace("\"aud\":", &format!("\"{ISSUER}:aud\":"));
    let conditions: Value = serde_json::from_str(&text).expect("JSON");
    json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": WEB, "Condition": conditions})
}

fn exact(sub: &str) -> Value {
    statement(&json!({"StringEquals": {"aud": AUD, "sub": sub}}))
}

fn found(before: &Value, after: &Value) -> Vec<Witness> {
    widened(&compiled(before), &compiled(after), &asked(SUB, AUD)).expect("few enough")
}

fn subjects(witnesses: &[Witness]) -> Vec<String> {
    let sub = format!("{ISSUER}:sub");
    let mut all: Vec<String> =
        witnesses.iter().filter_map(|w| w.request.context.get(&sub)).flatten().cloned().collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn a_statement_for_exactly_the_one_asked_for_admits_nobody_else() {
    let other = exact("system:serviceaccount:ns:other");
    assert_eq!(found(&json!([other]), &json!([other, exact(SUB)])), []);
    assert_eq!(found(&json!([]), &json!([exact(SUB)])), []);
}

#[test]
fn a_pattern_that_comes_to_work_admits_its_namespace_or_all_of_them() {
    for pattern in ["system:serviceaccount:ns:*", "system:serviceaccount:*", "*", "system:serviceaccount:?s:app"] {
        let before = statement(&json!({"StringEquals": {"aud": AUD, "sub": pattern}}));
        let after = statement(&json!({"StringEquals": {"aud": AUD}, "StringLike": {"sub": pattern}}));
        let others = found(&json!([before]), &json!([after]));
        assert!(!others.is_empty(), "{pattern}");
        assert!(!subjects(&others).contains(&SUB.to_owned()), "{pattern}");
    }
}

#[test]
fn values_added_to_two_lists_admit_their_product() {
    let before = statement(&json!({"StringEquals": {"sub": ["a"], "aud": ["x"]}}));
    let after = statement(&json!({"StringEquals": {"sub": ["a", "b"], "aud": ["x", "y"]}}));
    let others = widened(&compiled(&json!([before])), &compiled(&json!([after])), &asked("b", "y")).expect("few");
    let pair = |w: &Witness| {
        let of = |claim: &str| w.request.context.get(&format!("{ISSUER}:{claim}")).map(|v| v.join(" "));
        (of("sub").unwrap_or_default(), of("aud").unwrap_or_default())
    };
    let pairs: Vec<(String, String)> = others.iter().map(pair).collect();
    let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(pairs, [text("b", "x"), text("a", "y")]);
}

#[test]
fn everybody_is_tried_where_everybody_is_named() {
    let all = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
    let mut wider = all.clone();
    wider["Action"] = json!(["sts:AssumeRole", WEB]);
    let others = found(&json!([all]), &json!([wider]));
    assert!(others.iter().any(|w| matches!(&w.request.principal, Principal::Federated(p) if p != PROVIDER)));
    for (principal, action) in [
        (json!({"AWS": "arn:aws:iam::444455556666:root"}), "sts:AssumeRole"),
        (json!({"AWS": "444455556666"}), "sts:AssumeRole"),
        (json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole"),
        (json!({"Federated": PROVIDER}), "sts:TagSession"),
        (json!({"Federated": PROVIDER}), "sts:*"),
        (json!({"Federated": "*"}), WEB),
        (json!("*"), WEB),
    ] {
        let new = json!({"Effect": "Allow", "Principal": principal, "Action": action});
        assert!(!found(&json!([exact(SUB)]), &json!([exact(SUB), new])).is_empty(), "{principal} {action}");
    }
    let not = json!({"Effect": "Allow", "NotPrincipal": {"Federated": PROVIDER}, "Action": WEB});
    assert!(!found(&json!([exact(SUB)]), &json!([exact(SUB), not])).is_empty());
    let not = json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "NotAction": "sts:AssumeRole"});
    assert!(!found(&json!([exact(SUB)]), &json!([exact(SUB), not])).is_empty());
}

#[test]
fn a_deny_that_goes_or_shrinks_lets_others_in() {
    let any = statement(&json!({"StringEquals": {"aud": AUD}, "StringLike": {"sub": "system:serviceaccount:*"}}));
    let deny = |sub: Value| {
        let mut s = statement(&json!({"StringEquals": {"sub": sub}}));
        s["Effect"] = json!("Deny");
        s
    };
    let bad = "system:serviceaccount:ns:bad";
    assert_eq!(subjects(&found(&json!([any, deny(json!(bad))]), &json!([any]))), [bad]);
    let both = deny(json!([SUB, bad]));
    assert_eq!(subjects(&found(&json!([any, both]), &json!([any, deny(json!(SUB))]))), [bad]);
    assert_eq!(found(&json!([any, both]), &json!([any, deny(json!(bad))])), [], "the one asked for alone");
}

#[test]
fn a_condition_that_goes_lets_others_in() {
    for (operator, key, value) in [
        ("StringEquals", "aud", json!("other")),
        ("Null", "aud", json!("true")),
        ("StringNotLike", "sub", json!("*:app")),
        ("StringEquals", "amr", json!("authenticated")),
        ("ForAllValues:StringEquals", "amr", json!(["a", "b"])),
    ] {
        let key = format!("{ISSUER}:{key}");
        let mut before = statement(&json!({"StringLike": {"sub": "system:serviceaccount:ns:app*"}}));
        let after = before.clone();
        before["Condition"][operator][key] = value;
        assert!(!found(&json!([before]), &json!([after])).is_empty(), "{operator}");
    }
    // From where the one asked for calls is its own affair; from where others do is not.
    let mut before = statement(&json!({"StringEquals": {"sub": ["system:serviceaccount:ns:b"]}}));
    let after = before.clone();
    before["Condition"]["IpAddress"]["aws:SourceIp"] = json!("10.0.0.0/8");
    assert!(!found(&json!([before]), &json!([after])).is_empty());
}

#[test]
fn numbers_times_and_blocks_are_tried_at_their_edges() {
    for (operator, key, old, new) in [
        ("NumericLessThan", "aws:MultiFactorAuthAge", "10", "20"),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/24", "10.0.0.0/16"),
        ("IpAddress", "aws:SourceIp", "2001:db8::/64", "2001:db8::/48"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::1:role/a", "arn:aws:iam::*:role/a"),
    ] {
        let with = |value: &str| {
            let mut s = exact("system:serviceaccount:ns:other");
            s["Condition"][operator][key] = json!(value);
            json!([s])
        };
        assert!(!found(&with(old), &with(new)).is_empty(), "{operator}");
        assert_eq!(found(&with(new), &with(old)), [], "{operator}");
    }
}

#[test]
fn what_cannot_be_told_counts_against_the_change() {
    let variable = statement(&json!({"StringLike": {"sub": "${aws:PrincipalTag/team}"}}));
    assert!(!found(&json!([exact(SUB)]), &json!([exact(SUB), variable])).is_empty());
    let unknown = statement(&json!({"StringMatches": {"sub": "x"}}));
    assert!(!found(&json!([exact(SUB)]), &json!([exact(SUB), unknown])).is_empty());
    assert_eq!(found(&json!([variable, unknown]), &json!([unknown, variable])), [], "both stood there");
}

#[test]
fn audiences_that_sts_refuses_before_are_nobodys() {
    let (before, after) = (json!([]), json!([statement(&json!({"StringEquals": {"sub": SUB}}))]));
    let mut who = asked(SUB, AUD);
    assert!(!widened(&compiled(&before), &compiled(&after), &who).expect("few").is_empty());
    who.audiences = vec![AUD.to_owned()];
    assert_eq!(widened(&compiled(&before), &compiled(&after), &who), Ok(Vec::new()));
    who.audiences.push("other".to_owned());
    assert!(!widened(&compiled(&before), &compiled(&after), &who).expect("few").is_empty());
}

#[test]
fn too_many_to_try_is_said() {
    let patterns: Vec<String> = (0..60).map(|n| format!("*a{n}*b{n}*")).collect();
    let new = statement(&json!({"StringLike": {"sub": patterns, "aud": patterns}}));
    assert_eq!(widened(&compiled(&json!([])), &compiled(&json!([new])), &asked(SUB, AUD)), Err(TooMany));
}

#[test]
fn a_witness_is_told_in_words() {
    let others = found(&json!([]), &json!([exact("system:serviceaccount:ns:other")]));
    let words = format!("{PROVIDER} with {ISSUER}:aud {AUD} and {ISSUER}:sub system:serviceaccount:ns:other");
    assert_eq!(others[0].to_string().to_lowercase(), words.to_lowercase());
}

/// A statement of the small language that the oracle below knows.
#[derive(Debug, Clone)]
struct Small {
    deny: bool,
    providers: Vec<&'static str>,
    sub: Option<(bool, Vec<&'static str>)>,
    aud: Option<Vec<&'static str>>,
}

const SUBS: [&str; 6] = ["", "a", "b", "ab", "ba", "abb"];
const PATTERNS: [&str; 8] = ["a", "b", "ab", "a*", "*b", "*", "?", "a?*"];
const AUDS: [&str; 3] = ["x", "y", "z"];

fn small() -> impl Strategy<Value = Small> {
    let providers = prop::collection::vec(select(&[PROVIDER, OTHER, "*"][..]), 1..3);
    let sub = prop::option::of((any::<bool>(), prop::collection::vec(select(&PATTERNS[..]), 1..3)));
    let aud = prop::option::of(prop::collection::vec(select(&AUDS[..]), 1..3));
    (prop::bool::weighted(0.2), providers, sub, aud).prop_map(|(deny, providers, sub, aud)| Small {
        deny,
        providers,
        sub,
        aud,
    })
}

impl Small {
    fn json(&self) -> Value {
        let mut conditions = json!({});
        for issuer in [ISSUER, "issuer.example/id/B"] {
            // Claims of both issuers: a token has those of its own alone, so each would have to be there if it may.
            if !(self.providers.len() == 1 && self.providers[0].ends_with(&format!("/{issuer}"))) {
                continue;
            }
            if let Some((like, values)) = &self.sub {
                let operator = if *like { "StringLike" } else { "StringEquals" };
                conditions[operator][format!("{issuer}:sub")] = json!(values);
            }
            if let Some(values) = &self.aud {
                conditions["StringEquals"][format!("{issuer}:aud")] = json!(values);
            }
        }
        let effect = if self.deny { "Deny" } else { "Allow" };
        json!({"Effect": effect, "Principal": {"Federated": self.providers}, "Action": WEB, "Condition": conditions})
    }

    /// The same, evaluated by hand: conditions stand only where one provider is named.
    fn applies(&self, provider: &str, sub: &str, aud: &str) -> bool {
        let named = self.providers.iter().any(|p| *p == "*" || *p == provider);
        let conditions = self.providers.len() == 1 && self.providers[0] != "*";
        let subject = self.sub.as_ref().is_none_or(|(like, values)| {
            values.iter().any(|v| if *like { glob(v.as_bytes(), sub.as_bytes()) } else { *v == sub })
        });
        let audience = self.aud.as_ref().is_none_or(|values| values.contains(&aud));
        named && (!conditions || (subject && audience))
    }
}

/// The textbook's matcher.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => glob(&pattern[1..], text) || (!text.is_empty() && glob(pattern, &text[1..])),
        (Some(b'?'), Some(_)) => glob(&pattern[1..], &text[1..]),
        (Some(p), Some(t)) => p == t && glob(&pattern[1..], &text[1..]),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn admits(policy: &[Small], provider: &str, sub: &str, aud: &str) -> bool {
    let some = |deny: bool| policy.iter().any(|s| s.deny == deny && s.applies(provider, sub, aud));
    some(false) && !some(true)
}

fn document(policy: &[Small]) -> Policy {
    compiled(&json!(policy.iter().map(Small::json).collect::<Vec<_>>()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever a small world holds is found, and nobody is named who is not newly admitted.
    #[test]
    fn trying_agrees_with_brute_force(
        before in prop::collection::vec(small(), 0..3),
        after in prop::collection::vec(small(), 0..3),
    ) {
        let others = widened(&document(&before), &document(&after), &asked("a", "x"));
        let Ok(others) = others else { return Ok(()) };
        let mut brute = Vec::new();
        for provider in [PROVIDER, OTHER, "arn:aws:iam::111122223333:oidc-provider/elsewhere.example"] {
            for sub in SUBS {
                for aud in AUDS {
                    let new = admits(&after, provider, sub, aud) && !admits(&before, provider, sub, aud);
                    if new && (provider, sub, aud) != (PROVIDER, "a", "x") {
                        brute.push((provider, sub, aud));
                    }
                }
            }
        }
        prop_assert!(brute.is_empty() || !others.is_empty(), "{brute:?}");
        for witness in &others {
            let Principal::Federated(provider) = &witness.request.principal else { continue };
            let issuer = provider.split_once(":oidc-provider/").map_or(provider.as_str(), |(_, i)| i);
            let claim = |name: &str| witness.request.context.get(&format!("{issuer}:{name}")).map(|v| v[0].clone());
            // The oracle knows no missing claims.
            let (Some(sub), Some(aud)) = (claim("sub"), claim("aud")) else { continue };
            prop_assert!(admits(&after, provider, &sub, &aud), "{witness}");
            prop_assert!(!admits(&before, provider, &sub, &aud), "{witness}");
        }
    }

    /// A statement for somebody else is always found, whatever stood there, unless it says nothing new.
    #[test]
    fn a_statement_for_another_is_found(before in prop::collection::vec(small(), 0..4), sub in "[c-z]{1,8}") {
        let mut after: Vec<Value> = before.iter().map(Small::json).collect();
        after.push(statement(&json!({"StringEquals": {"sub": sub, "aud": "x"}})));
        let others = widened(&document(&before), &compiled(&json!(after)), &asked("a", "x"));
        let stood = admits(&before, PROVIDER, &sub, "x");
        let denied = before.iter().any(|s| s.deny && s.applies(PROVIDER, &sub, "x"));
        prop_assert_eq!(others.map(|o| o.is_empty()), Ok(stood || denied));
    }

    /// The same policy, in any order, and any policy that lost statements that allow, admits nobody.
    #[test]
    fn what_changes_nothing_admits_nobody(before in prop::collection::vec(small(), 0..4), lost in 0_usize..4) {
        let mut after = before.clone();
        after.reverse();
        prop_assert_eq!(widened(&document(&before), &document(&after), &asked("a", "x")), Ok(Vec::new()));
        if after.get(lost).is_some_and(|s| !s.deny) {
            after.remove(lost);
        }
        prop_assert_eq!(widened(&document(&before), &document(&after), &asked("a", "x")), Ok(Vec::new()));
    }
}
