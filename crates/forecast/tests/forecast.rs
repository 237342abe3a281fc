//! What breaks is foretold for its day, and nothing is announced that does not break.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Chain, DAY, at, day, evidence, failing};
use trustwalk_core::cause::Cause;
use trustwalk_core::evidence::{Evidence, TrustModel};
use trustwalk_core::forthcoming::{Basis, Forthcoming, When};
use trustwalk_forecast::{Forecast, Register, Scope, calendar, forecast};
use trustwalk_testkit::{NOW, github_job, story};

/// Everything that is foreseen, as far ahead as anybody looks.
fn ahead(e: &Evidence) -> Forecast {
    let register = Register::built_in();
    forecast(e, Scope { register: &register, until: NOW + 100 * 365 * DAY })
}

fn dated(e: &Evidence) -> Vec<Forthcoming> {
    ahead(e).forthcoming.into_iter().filter(|f| f.when.ahead().is_some() && f.fails).collect()
}

fn sha1(chain: &Chain, position: usize) -> String {
    trustwalk_x509::Certificate::from_der(&chain.der[position]).unwrap().sha1().as_str().to_owned()
}

#[test]
fn nothing_is_announced_where_the_library_decides() {
    let mut e = story().unwrap();
    let chain = Chain::new("oidc.eks.us-west-2.amazonaws.com", 40, 400);
    chain.put(&mut e);
    e["roots"]["library"] = json!([chain.root]);
    let found = ahead(&evidence(e));
    assert_eq!(found.forthcoming, [], "{found:#?}");
    assert_eq!(found.unknown, Vec::<String>::new());
}

#[test]
fn a_pinned_authority_ends_with_its_certificate_whatever_the_leaf_does() {
    let mut e = story().unwrap();
    let chain = Chain::new("oidc.eks.us-west-2.amazonaws.com", 40, 400);
    chain.put(&mut e);
    e["trust_model"] = json!("thumbprint-only");
    e["provider"]["value"]["thumbprints"] = json!([sha1(&chain, 1)]);
    let found = dated(&evidence(e.clone()));
    let [only] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((only.name, only.basis), (Some(Cause::ThumbprintMismatch), Basis::Certificate));
    assert_eq!(only.when, When::On { at: day(400) + 1 });
    // Of the leaf alone, its renewal is the end.
    e["provider"]["value"]["thumbprints"] = json!([sha1(&chain, 0)]);
    let e = evidence(e);
    let found = ahead(&e).forthcoming;
    assert_eq!(found.iter().find_map(|f| f.when.ahead()), Some(day(40) + 1));
    assert!(found.iter().any(|f| f.entry.as_deref() == Some("certificates-of-47-days")), "{found:#?}");
}

#[test]
fn a_leaf_of_ones_own_ends_on_its_day_and_the_diagnosis_of_that_day_says_the_same() {
    let host = "issuer.corp.example";
    let mut e = story().unwrap();
    let chain = Chain::new(host, 40, 400);
    chain.put(&mut e);
    e["provider"]["value"]["thumbprints"] = json!([sha1(&chain, 1)]);
    let e = evidence(e);
    let found = dated(&e);
    let whens: Vec<(Option<Cause>, Option<i64>)> = found.iter().map(|f| (f.name, f.when.ahead())).collect();
    let leaf = (Some(Cause::IssuerTlsCertificateInvalidForHost), Some(day(40) + 1));
    assert_eq!(whens, [leaf, (Some(Cause::ThumbprintMismatch), Some(day(400) + 1))], "{found:#?}");
    assert!(!failing(&at(&e, day(40))).contains(&Cause::IssuerTlsCertificateInvalidForHost));
    assert!(failing(&at(&e, day(40) + 1)).contains(&Cause::IssuerTlsCertificateInvalidForHost));
}

#[test]
fn a_token_that_was_made_once_ends_and_one_that_is_renewed_does_not() {
    let mut e = github_job().unwrap();
    e["token"]["value"]["exp"] = json!(NOW + 30 * DAY);
    let found = dated(&evidence(e.clone()));
    let [only] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((only.basis, only.when.ahead()), (Basis::Token, Some(NOW + 30 * DAY + 301)));
    e["token"]["value"]["exp"] = json!(NOW + 300);
    assert_eq!(dated(&evidence(e)), []);
}

#[test]
fn github_by_name_breaks_with_a_rename_unless_the_policy_takes_numbers_too() {
    let of = |e: Value| {
        let all = ahead(&evidence(e)).forthcoming;
        all.into_iter().find(|f| f.entry.as_deref() == Some("github-immutable-subjects"))
    };
    let job = github_job().unwrap();
    let found = of(job.clone()).unwrap();
    assert_eq!(found.name, Some(Cause::GhaSubImmutableIds));
    let When::Once { since: Some(since), .. } = found.when else { panic!("{found:#?}") };
    assert_eq!(since, "2026-07-15T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second());
    let policy = job["role"]["value"]["trust_policy"].as_str().unwrap();
    for both in [
        r#"["repo:acme/shop:ref:refs/heads/main","repo:acme@12/shop@34:ref:refs/heads/main"]"#,
        r#"["repo:acme/shop:ref:refs/heads/main","repo:acme@*/shop@*:*"]"#,
    ] {
        let mut taught = job.clone();
        taught["role"]["value"]["trust_policy"] = policy.replace("\"repo:acme/shop:ref:refs/heads/main\"", both).into();
        assert_eq!(of(taught), None, "{both}");
    }
}

#[test]
fn limits_that_are_nearly_reached_are_told_with_the_step_that_fails() {
    let mut e = story().unwrap();
    let ids: Vec<String> = (0..95).map(|n| format!("client-{n}")).chain(["sts.amazonaws.com".to_owned()]).collect();
    e["provider"]["value"]["client_ids"] = json!(ids);
    e["providers"]["value"] = json!((0..97).map(|n| format!("p{n}")).collect::<Vec<_>>());
    let policy = e["role"]["value"]["trust_policy"].as_str().unwrap();
    let long = policy.replacen("\"Statement\"", &format!("\"Id\": \"{}\", \"Statement\"", "x".repeat(1_450)), 1);
    e["role"]["value"]["trust_policy"] = long.into();
    let found = ahead(&evidence(e)).forthcoming;
    let bases: Vec<Basis> = found.iter().map(|f| f.basis).collect();
    assert_eq!(bases.iter().filter(|b| **b == Basis::Quota).count(), 2, "{found:#?}");
    assert!(bases.contains(&Basis::Size) && found.iter().all(|f| f.when.ahead().is_none()), "{found:#?}");
}

#[test]
fn what_was_not_read_is_not_known() {
    let mut e = story().unwrap();
    e["provider"] = json!({"state": "denied", "permission": "iam:GetOpenIDConnectProvider", "message": "no",
        "source": {"what": "iam", "at": NOW}});
    let found = ahead(&evidence(e));
    assert_eq!(found.unknown.len(), 1, "{found:#?}");
    assert!(found.unknown[0].contains("iam:GetOpenIDConnectProvider"), "{found:#?}");
}

#[test]
fn a_register_of_ones_own_concerns_whom_it_names() {
    let entry = |whom: &str| {
        let text = format!(
            "[[change]]\nid = \"move\"\nfrom = \"2022-08-01\"\nfails = true\nsays = \"the issuer moves\"\n\
             do = \"register the new one\"\nlink = \"issuer\"\nsources = [\"https://wiki.example/1\"]\n{whom}\n"
        );
        Register::parse(&text).unwrap()
    };
    let e = evidence(story().unwrap());
    let of = |whom: &str| forecast(&e, Scope { register: &entry(whom), until: NOW + 365 * DAY }).forthcoming.len();
    assert_eq!(of("whom.everybody = true"), 1);
    assert_eq!(of("whom.namespace = [\"kube-*\"]\nwhom.cluster = [\"prod\"]"), 1);
    assert_eq!(of("whom.namespace = [\"kube-*\"]\nwhom.cluster = [\"staging\"]"), 0);
    assert_eq!(of("whom.issuer = [\"oidc.eks.us-west-2.*\"]"), 1);
    assert_eq!(of("whom.eks-version = [\"1.22\"]\nwhom.region = [\"eu-*\"]"), 0);
}

#[test]
fn a_calendar_holds_each_day_once() {
    let mut e = github_job().unwrap();
    e["token"]["value"]["exp"] = json!(NOW + 30 * DAY);
    let e = evidence(e);
    let mut merged = trustwalk_forecast::Merged::default();
    merged.add(&e.target, ahead(&e));
    merged.add(&e.target, ahead(&e));
    let text = calendar(&merged.forthcoming, NOW, |of| format!("{} jobs", of.whom.len()));
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 1, "{text}");
    assert!(text.contains("DTSTART;VALUE=DATE:20220818") && text.contains(": 2 jobs"), "{text}");
    // What certificates without an end name is no day of a calendar, and an entry without a day is refused.
    let mut endless = merged.forthcoming.clone();
    endless[0].what.when = When::On { at: 253_402_300_799 };
    let text = calendar(&endless, NOW, |of| format!("{} jobs", of.whom.len()));
    assert!(!text.contains("VEVENT") && text.ends_with("END:VCALENDAR\r\n"), "{text}");
}

/// Conditions on the time, as days after now.
fn condition() -> impl Strategy<Value = (bool, &'static str, i64)> {
    let operator = prop::sample::select(vec![
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
        "DateNotEquals",
    ]);
    (any::<bool>(), operator, -20_i64..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Against brute force: the day foretold is the first on which the diagnosis of that day fails, of all days.
    #[test]
    fn policies_break_on_the_day_that_was_foretold(conditions in prop::collection::vec(condition(), 1..3)) {
        let mut e = story().unwrap();
        let mut policy: Value = serde_json::from_str(e["role"]["value"]["trust_policy"].as_str().unwrap()).unwrap();
        for (denies, operator, days) in conditions {
            let moment = jiff::Timestamp::from_second(day(days)).unwrap().to_string();
            let test = json!({operator: {"aws:CurrentTime": moment}});
            if denies {
                let all = policy["Statement"].as_array_mut().unwrap();
                let mut deny = all[0].clone();
                deny["Effect"] = json!("Deny");
                deny["Condition"] = test;
                all.push(deny);
            } else {
                policy["Statement"][0]["Condition"][operator] = test[operator].clone();
            }
        }
        e["role"]["value"]["trust_policy"] = policy.to_string().into();
        let e = evidence(e);
        let fails = |moment: i64| !failing(&at(&e, moment)).is_empty();
        let found = dated(&e);
        if fails(NOW) {
            return Ok(());
        }
        // Each day, and the seconds around each moment that a policy can name.
        let moments = (0..62).flat_map(|d| [day(d) - 1, day(d), day(d) + 1]).filter(|at| *at > NOW);
        let brute = moments.into_iter().find(|moment| fails(*moment));
        prop_assert_eq!(found.first().and_then(|f| f.when.ahead()), brute, "{:#?}\n{}", found, policy);
    }
}

#[test]
fn the_model_of_old_pins_what_the_model_of_now_does_not() {
    let mut e = story().unwrap();
    let chain = Chain::new("oidc.eks.us-west-2.amazonaws.com", 40, 400);
    chain.put(&mut e);
    e["roots"]["library"] = json!([chain.root]);
    e["provider"]["value"]["thumbprints"] = json!([sha1(&chain, 1)]);
    let mut e = evidence(e);
    assert_eq!(dated(&e), []);
    e.trust_model = TrustModel::ThumbprintOnly;
    assert_eq!(dated(&e).len(), 1);
}
