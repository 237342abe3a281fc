//! Narrower policies: they keep everybody who was seen and admit nobody else.

use proptest::prelude::*;
use serde_json::{Value, json};
use trustwalk_audit::{Seen, Zone};
use trustwalk_trust_policy::{Call, Decision, Document, Exchange, Identity, Policy};

use super::support::{EKS, audit, details, github, inventory, of_issuer, policy, provider, role_arn};

fn event(subject: &str, audience: &str) -> Value {
    let arn = provider(EKS);
    json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRoleWithWebIdentity",
        "userIdentity": {"type": "WebIdentityUser", "principalId": format!("{arn}:{audience}:{subject}"),
            "userName": subject, "identityProvider": arn},
        "requestParameters": {"roleArn": role_arn("r")}})
}

fn seen(events: &[Value]) -> Seen {
    let mut seen = Seen::default();
    seen.read(&json!({"Records": events}).to_string()).unwrap();
    seen
}

/// The narrower policy of role `r`, or why there is none.
fn narrowed(statements: &[Value], events: &[Value]) -> Result<Value, Option<String>> {
    let inventory = inventory(&[details(&[("r", policy(statements))])]);
    let audit = audit(&inventory, &Zone::untold(), Some(&seen(events)));
    let document = audit.findings.iter().find_map(|f| f.document.clone());
    document
        .map(|text| serde_json::from_str(&text).unwrap())
        .ok_or_else(|| audit.untightened.first().map(|u| u.why.clone()))
}

fn admits(policy: &Value, subject: &str, audience: &str) -> bool {
    let policy = Policy::compile(&Document::parse(&policy.to_string()).unwrap());
    let identity = Identity::new(provider(EKS)).with_claim("sub", subject).with_claim("aud", audience);
    policy.decide(&Exchange::new(&identity, &Call::new())) == Decision::Allow
}

fn account(names: &str) -> String {
    format!("system:serviceaccount:{names}")
}

#[test]
fn a_whole_namespace_becomes_those_who_were_seen() {
    let wide = of_issuer(
        EKS,
        &[
            ("StringEquals", "aud", json!("sts.amazonaws.com")),
            ("StringLike", "sub", json!("system:serviceaccount:a:*")),
        ],
    );
    let events = [event(&account("a:x"), "sts.amazonaws.com"), event(&account("a:y"), "sts.amazonaws.com")];
    let narrow = narrowed(&[wide], &events).unwrap();
    assert!(
        admits(&narrow, &account("a:x"), "sts.amazonaws.com") && admits(&narrow, &account("a:y"), "sts.amazonaws.com")
    );
    assert!(!admits(&narrow, &account("a:z"), "sts.amazonaws.com") && !admits(&narrow, &account("a:x"), "other"));
}

#[test]
fn pairs_stay_pairs_and_other_statements_stay() {
    let wide = of_issuer(EKS, &[("StringLike", "sub", json!("system:serviceaccount:a:*"))]);
    let mut other = github(&[]);
    other["Principal"] = json!({"Service": "ec2.amazonaws.com"});
    other["Action"] = json!("sts:AssumeRole");
    let narrow =
        narrowed(&[wide, other.clone()], &[event(&account("a:x"), "one"), event(&account("a:y"), "two")]).unwrap();
    assert!(admits(&narrow, &account("a:x"), "one") && admits(&narrow, &account("a:y"), "two"));
    assert!(!admits(&narrow, &account("a:x"), "two") && !admits(&narrow, &account("a:y"), "one"));
    assert_eq!(narrow["Statement"].as_array().unwrap().last().unwrap()["Principal"], other["Principal"]);
}

#[test]
fn where_nothing_is_to_be_narrowed_nothing_is_offered_and_the_reason_is_told() {
    let exact = of_issuer(
        EKS,
        &[("StringEquals", "aud", json!("sts.amazonaws.com")), ("StringEquals", "sub", json!(account("a:x")))],
    );
    let event_x = event(&account("a:x"), "sts.amazonaws.com");
    assert_eq!(narrowed(std::slice::from_ref(&exact), std::slice::from_ref(&event_x)), Err(None));
    assert!(narrowed(std::slice::from_ref(&exact), &[]).unwrap_err().unwrap().contains("nobody was seen"));
    // A value that nobody used makes way.
    let mut two = exact;
    two["Condition"]["StringEquals"][format!("{EKS}:sub")] = json!([account("a:x"), account("a:gone")]);
    assert!(!admits(&narrowed(&[two], &[event_x]).unwrap(), &account("a:gone"), "sts.amazonaws.com"));
    let wide = of_issuer(EKS, &[("StringLike", "sub", json!("system:serviceaccount:*"))]);
    let many: Vec<Value> =
        (0..40).map(|n| event(&account(&format!("{}{n}:x", "n".repeat(40))), "sts.amazonaws.com")).collect();
    assert!(narrowed(&[wide], &many).unwrap_err().unwrap().contains("refuse to save"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn everybody_seen_stays_and_nobody_else_of_a_small_world_gets_in(
        who in proptest::collection::btree_set((0..3_usize, 0..3_usize, 0..2_usize), 1..6),
        pattern in prop::sample::select(vec!["", ":serviceaccount:", ":serviceaccount:a", ":serviceaccount:a0:"]),
        ask in any::<bool>(),
    ) {
        let audiences = ["sts.amazonaws.com", "other"];
        let one = |(ns, name, aud): &(usize, usize, usize)| (account(&format!("a{ns}:s{name}")), audiences[*aud]);
        let pattern = if pattern.is_empty() { "*".to_owned() } else { format!("system{pattern}*") };
        let mut conditions = vec![("StringLike", "sub", json!(pattern))];
        if ask {
            conditions.push(("StringEquals", "aud", json!(audiences)));
        }
        let statement = of_issuer(EKS, &conditions);
        let before = policy(std::slice::from_ref(&statement));
        let events: Vec<Value> = who.iter().map(&one).map(|(s, a)| event(&s, a)).collect();
        if let Ok(narrow) = narrowed(&[statement], &events) {
            for ns in 0..3 {
                for name in 0..3 {
                    for aud in 0..2 {
                        let (subject, audience) = one(&(ns, name, aud));
                        let expected = who.contains(&(ns, name, aud)) && admits(&before, &subject, audience);
                        prop_assert_eq!(admits(&narrow, &subject, audience), expected, "{} {}", subject, audience);
                    }
                }
            }
        }
    }
}
