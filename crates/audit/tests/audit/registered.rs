//! What accounts registered: missing, orphaned, unused, useless, at a quota.

use serde_json::{Value, json};
use trustwalk_audit::Zone;

use super::support::{ACCOUNT, EKS, GITHUB, audit, details, github, inventory, of_issuer, policy, provider};

fn listing(issuers: &[&str]) -> Value {
    let all: Vec<Value> = issuers.iter().map(|i| json!({"Arn": provider(i)})).collect();
    json!({"OpenIDConnectProviderList": all})
}

fn registered(issuer: &str, client_ids: &[&str], thumbprints: usize) -> Value {
    let prints: Vec<String> = (0..thumbprints).map(|n| format!("{n:040}")).collect();
    json!({"Url": issuer, "ClientIDList": client_ids, "ThumbprintList": prints, "CreateDate": "2020-01-01T00:00:00Z"})
}

fn found(files: &[Value]) -> Vec<(&'static str, String)> {
    let inventory = inventory(files);
    assert!(inventory.unread.is_empty(), "{:?}", inventory.unread);
    let findings = audit(&inventory, &Zone::untold(), None).findings;
    findings.iter().map(|f| (f.rule.code(), f.about.name().to_owned())).collect()
}

fn codes(files: &[Value]) -> Vec<&'static str> {
    found(files).into_iter().map(|(code, _)| code).collect()
}

fn account_role(value: &str) -> Value {
    policy(&[of_issuer(
        EKS,
        &[("StringEquals", "sub", json!(value)), ("StringEquals", "aud", json!("sts.amazonaws.com"))],
    )])
}

#[test]
fn a_provider_that_is_not_registered_is_told_only_where_the_listing_was_read() {
    let role = details(&[("r", account_role("system:serviceaccount:a:b"))]);
    assert_eq!(codes(std::slice::from_ref(&role)), Vec::<&str>::new());
    assert_eq!(codes(&[role.clone(), listing(&[])]), ["TW021"]);
    let slash = listing(&[&format!("{EKS}/")]);
    assert_eq!(codes(&[role.clone(), slash]), ["TW082", "TA012"]);
    let here = [role, listing(&[EKS]), registered(EKS, &["sts.amazonaws.com"], 1)];
    assert_eq!(codes(&here), ["TA013"]);
}

#[test]
fn audiences_that_nobody_takes_and_those_that_nobody_registered() {
    let role = details(&[("r", account_role("system:serviceaccount:a:b"))]);
    let with = |ids: &[&str]| codes(&[role.clone(), listing(&[EKS]), registered(EKS, ids, 1)]);
    assert_eq!(with(&["elsewhere"]), ["TW006", "TA013", "TA014"]);
    assert_eq!(with(&["sts.amazonaws.com", "elsewhere"]), ["TA013", "TA014"]);
    assert_eq!(with(&["sts.amazonaws.com", "sts.amazonaws.com\u{200b}"]), ["TW126", "TA013", "TA014"]);
}

#[test]
fn without_an_audience_any_that_is_registered_gets_in() {
    let open = details(&[("r", policy(&[github(&[("StringLike", "sub", json!("repo:acme/api:*"))])]))]);
    let with = |ids: &[&str]| codes(&[open.clone(), listing(&[GITHUB]), registered(GITHUB, ids, 1)]);
    assert!(!with(&["sts.amazonaws.com"]).contains(&"TA008"));
    assert!(with(&["sts.amazonaws.com", "https://ours.example"]).contains(&"TA008"));
    // What is not registered is unknown, and no witness is made up of it.
    assert_eq!(codes(&[open]), Vec::<&str>::new());
}

#[test]
fn providers_without_a_role_are_told_only_where_every_role_was_read() {
    let mut role = details(&[("r", account_role("system:serviceaccount:a:b"))]);
    let both = [listing(&[EKS, GITHUB]), registered(EKS, &["sts.amazonaws.com"], 1)];
    let all = |role: &Value| found(&[&[role.clone()][..], &both].concat());
    assert!(all(&role).contains(&("TA012", provider(GITHUB))));
    role["RoleDetailList"][0]["RoleLastUsed"] = json!({"LastUsedDate": "2026-11-01T00:00:00Z"});
    assert_eq!(all(&role), [("TA012", provider(GITHUB))]);
    role["IsTruncated"] = json!(true);
    let inventory = inventory(&[&[role][..], &both].concat());
    assert_eq!(inventory.unread.len(), 1);
    assert!(audit(&inventory, &Zone::untold(), None).findings.is_empty());
}

#[test]
fn quotas_are_told_when_they_are_reached() {
    let many: Vec<String> = (0..100).map(|n| format!("i{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(found(&[listing(&many)]).contains(&("TW083", ACCOUNT.to_owned())));
    assert!(!codes(&[listing(&many[1..])]).contains(&"TW083"));
    let one = listing(&["i.example"]);
    let ids: Vec<String> = (0..100).map(|n| format!("a{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(codes(&[one.clone(), registered("i.example", &ids, 1)]), ["TA015"]);
    assert_eq!(codes(&[one.clone(), registered("i.example", &ids[1..], 5)]), ["TA015"]);
    assert_eq!(codes(&[one, registered("i.example", &["a"], 4)]), Vec::<&str>::new());
}
