//! Trust that admits nobody, ever, and trust of which that is only unknown.

use serde_json::{Value, json};
use trustwalk_audit::{Standing, Zone};

use super::support::{
    EKS, GITHUB, allow, audit, codes, details, findings, github, inventory, of_issuer, policy, provider,
};

fn dead(statement: &Value) -> Vec<&'static str> {
    codes(std::slice::from_ref(statement), "").into_iter().filter(|c| c.starts_with("TW")).collect()
}

#[test]
fn what_no_token_meets_is_told_with_the_cause_that_its_user_would_meet() {
    let ghe = "token.actions.githubusercontent.com/acme";
    let (own, other) = (format!("{EKS}:sub"), format!("{GITHUB}:sub"));
    let both = json!({"StringEquals": {own: "system:serviceaccount:a:b", other: "repo:a/b:pull_request"}});
    let region = json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1",
        format!("{EKS}:sub"): "system:serviceaccount:a:b"}});
    let mut wrong = Vec::new();
    for (name, statement, expected) in [
        ("a star under StringEquals", github(&[("StringEquals", "sub", json!("repo:acme/api:*"))]), vec!["TW005"]),
        (
            "the same in a cluster",
            of_issuer(EKS, &[("StringEquals", "sub", json!("system:serviceaccount:a:*"))]),
            vec!["TW005"],
        ),
        (
            "a branch's star",
            github(&[("StringEquals", "sub", json!("repo:acme/api:ref:refs/heads/release-*"))]),
            vec!["TW005"],
        ),
        (
            "an environment's star may be its name",
            github(&[("StringEquals", "sub", json!("repo:acme/api:environment:*"))]),
            vec![],
        ),
        (
            "of another issuer nobody knows",
            of_issuer("idp.example", &[("StringEquals", "sub", json!("team-*"))]),
            vec![],
        ),
        (
            "a claim that IAM makes no key of",
            github(&[("StringEquals", "repository_visibility", json!("private"))]),
            vec!["TW013"],
        ),
        (
            "the same with IfExists is no lock",
            github(&[
                ("StringEqualsIfExists", "repository_visibility", json!("private")),
                ("StringLike", "sub", json!("repo:acme/api:*")),
            ]),
            vec![],
        ),
        (
            "a scheme in the key",
            allow(&json!(provider(EKS)), &json!({"StringEquals": {format!("https://{EKS}:sub"): "x"}})),
            vec!["TW033"],
        ),
        ("no claim in the key", allow(&json!(provider(EKS)), &json!({"StringEquals": {EKS: "x"}})), vec!["TW067"]),
        ("two issuers at once", allow(&json!([provider(EKS), provider(GITHUB)]), &both), vec!["TW109", "TW109"]),
        ("no service account's subject", of_issuer(EKS, &[("StringLike", "sub", json!("repo:acme/*"))]), vec!["TW108"]),
        (
            "two subjects at once",
            of_issuer(
                EKS,
                &[
                    ("StringEquals", "sub", json!("system:serviceaccount:a:b")),
                    ("StringLike", "sub", json!("system:serviceaccount:c:*")),
                ],
            ),
            vec!["TW108"],
        ),
        ("a list without values", of_issuer(EKS, &[("StringEquals", "sub", json!([]))]), vec!["TW108"]),
        ("an operator that IAM has not", of_issuer(EKS, &[("StringEqual", "sub", json!("x"))]), vec!["TW108"]),
        (
            "another account's provider",
            allow(&json!("arn:aws:iam::444455556666:oidc-provider/idp.example"), &json!({})),
            vec!["TW045"],
        ),
        ("an issuer where an ARN belongs", allow(&json!("https://idp.example"), &json!({})), vec!["TW033"]),
        (
            "an enterprise's path is another issuer",
            allow(&json!(provider(ghe)), &json!({"StringEquals": {format!("{GITHUB}:sub"): "repo:a/b:pull_request"}})),
            vec!["TW070"],
        ),
        (
            "a key only signed requests have",
            allow(&json!(provider(EKS)), &json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
            vec!["TW108"],
        ),
        ("what the call decides is unknown", allow(&json!(provider(EKS)), &region), vec![]),
    ] {
        let found = dead(&statement);
        if found != expected {
            wrong.push(format!("{name}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_deny_for_everybody_kills_and_one_for_some_does_not() {
    let open = of_issuer(EKS, &[("StringEquals", "sub", json!("system:serviceaccount:a:b"))]);
    let mut deny = open.clone();
    deny["Effect"] = json!("Deny");
    // Whoever is let in is refused again: letter by letter, by a pattern, as one of several.
    let deny_like = |value: &str| json!({"StringLike": {format!("{EKS}:sub"): value}});
    for condition in
        [deny["Condition"].clone(), deny_like("system:*"), deny_like("system:serviceaccount:a:?"), json!({})]
    {
        deny["Condition"] = condition;
        assert_eq!(codes(&[open.clone(), deny.clone()], ""), ["TW108"], "{deny}");
    }
    let pattern = of_issuer(EKS, &[("StringLike", "sub", json!(["system:serviceaccount:a:*", "x"]))]);
    for (condition, expected) in [
        (deny_like("system:serviceaccount:other:*"), vec![]),
        (deny_like("system:serviceaccount:a:*"), vec![]),
        (deny_like("*"), vec!["TW108"]),
        // What is said of the pattern's text is said of no subject.
        (json!({"StringNotLike": {format!("{EKS}:sub"): "system:serviceaccount:a:x*"}}), vec![]),
        (json!({"StringEquals": {format!("{EKS}:sub"): ["system:serviceaccount:a:*", "x"]}}), vec![]),
        // One letter is not all that a star is.
        (json!({"StringLike": {format!("{EKS}:sub"): ["system:serviceaccount:a:?", "x"]}}), vec![]),
    ] {
        deny["Condition"] = condition;
        let found: Vec<&str> = codes(&[pattern.clone(), deny.clone()], "");
        assert_eq!(found.into_iter().filter(|c| c.starts_with("TW")).collect::<Vec<_>>(), expected, "{deny}");
    }
}

#[test]
fn trust_whose_time_is_over_is_dead_and_one_whose_time_ends_says_when() {
    let open = of_issuer(EKS, &[("StringEquals", "sub", json!("system:serviceaccount:a:b"))]);
    let with = |effect: &str, condition: Value| {
        let mut statement = open.clone();
        statement["Effect"] = json!(effect);
        let conditions = statement["Condition"].as_object_mut().unwrap();
        if effect == "Deny" {
            conditions.clear();
        }
        conditions.extend(condition.as_object().unwrap().clone());
        statement
    };
    let until = |day: &str| json!({"DateLessThan": {"aws:CurrentTime": day}});
    let from = |day: &str| json!({"DateGreaterThanEquals": {"aws:CurrentTime": day}});
    let end = "2027-06-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    // Now is in November 2026.
    for (name, statements, expected, when) in [
        ("over", vec![with("Allow", until("2026-01-01"))], vec!["TW108"], None),
        ("ends", vec![with("Allow", until("2027-06-01"))], vec!["TA017"], Some(end)),
        ("ends by a Deny", vec![open.clone(), with("Deny", from("2027-06-01"))], vec!["TA017"], Some(end)),
        ("has begun", vec![with("Allow", from("2026-01-01"))], vec![], None),
        ("is to begin", vec![with("Allow", from("2027-01-01"))], vec![], None),
        ("a Deny that is over", vec![open.clone(), with("Deny", until("2026-01-01"))], vec![], None),
        (
            "between two days",
            vec![with(
                "Allow",
                json!({"DateGreaterThan": {"aws:CurrentTime": "2026-12-24"}, "DateLessThan":
                {"aws:CurrentTime": "2027-06-01"}}),
            )],
            vec!["TA017"],
            Some(end),
        ),
    ] {
        let found = audit(&inventory(&[details(&[("r", policy(&statements))])]), &Zone::untold(), None).findings;
        let codes: Vec<&str> = found.iter().map(|f| f.rule.code()).filter(|c| *c != "TA008").collect();
        assert_eq!(codes, expected, "{name}: {found:#?}");
        assert_eq!(found.iter().find_map(|f| f.when), when, "{name}");
    }
}

#[test]
fn one_dead_statement_does_not_hide_a_live_one() {
    let live = github(&[("StringLike", "sub", json!("repo:acme/api:*"))]);
    let star = github(&[("StringEquals", "sub", json!("repo:acme/api:*"))]);
    let inventory = inventory(&[details(&[("r", policy(&[star, live]))])]);
    let audit = audit(&inventory, &Zone::untold(), None);
    let standings: Vec<Standing> = audit.trust.iter().map(|t| t.standing).collect();
    assert_eq!(standings, [Standing::Dead, Standing::Open]);
    assert_eq!(audit.trust[0].subjects, ["StringEquals repo:acme/api:*"]);
    assert_eq!(audit.findings[0].statement, Some(0));
}

#[test]
fn of_a_statement_with_several_providers_each_is_told_by_itself() {
    let two = json!([provider(GITHUB), provider("gitlab.com")]);
    let statement =
        allow(&two, &json!({"StringEquals": {format!("{GITHUB}:sub"): "repo:acme/api:ref:refs/heads/main"}}));
    let said = |statement: &Value| -> Vec<String> {
        let found = findings(std::slice::from_ref(statement), "").into_iter();
        found.filter(|f| f.message.contains("admits nobody")).map(|f| f.message).collect()
    };
    let told = said(&statement);
    assert!(told.len() == 1 && told[0].starts_with("it admits nobody of arn:aws:iam::"), "{told:?}");
    assert!(told[0].contains(":oidc-provider/gitlab.com: no token of gitlab.com"), "{told:?}");
    let one = github(&[("StringEquals", "sub", json!("repo:acme/*"))]);
    assert!(said(&one)[0].starts_with("it admits nobody: "), "{:?}", said(&one));
}
