//! Too broad, with a witness; and what looks broad and is not.

use serde_json::json;

use super::support::{EKS, GITHUB, allow, codes, findings, github, of_issuer, provider};

const AUD: (&str, &str, &str) = ("StringEquals", "aud", "sts.amazonaws.com");

fn aud() -> (&'static str, &'static str, serde_json::Value) {
    (AUD.0, AUD.1, json!(AUD.2))
}

#[test]
fn strangers_at_github_get_in_where_the_policy_lets_them() {
    let never = "token.actions.githubusercontent.com:never_filled";
    for (name, statements, expected) in [
        ("one repository", vec![github(&[aud(), ("StringLike", "sub", json!("repo:acme/api:*"))])], vec![]),
        ("a whole organization", vec![github(&[aud(), ("StringLike", "sub", json!("repo:acme/*"))])], vec![]),
        (
            "exact under StringLike",
            vec![github(&[aud(), ("StringLike", "sub", json!("repo:acme/api:pull_request"))])],
            vec![],
        ),
        ("no subject", vec![github(&[aud()])], vec!["TA002"]),
        ("every subject", vec![github(&[aud(), ("StringLike", "sub", json!("*"))])], vec!["TA002"]),
        ("every repository", vec![github(&[aud(), ("StringLike", "sub", json!("repo:*"))])], vec!["TA002"]),
        (
            "an owner's beginning",
            vec![github(&[aud(), ("StringLike", "sub", json!("repo:acme*/api:*"))])],
            vec!["TA002"],
        ),
        ("an owner's end", vec![github(&[aud(), ("StringLike", "sub", json!("repo:*acme/api:*"))])], vec!["TA002"]),
        (
            "any owner's environment",
            vec![github(&[aud(), ("StringLike", "sub", json!("repo:*:environment:production"))])],
            vec!["TA002"],
        ),
        (
            "ids by wildcard",
            vec![github(&[aud(), ("StringLike", "sub", json!("repo:acme@*/api@*:ref:refs/heads/main"))])],
            vec!["TA004"],
        ),
        ("ids in full", vec![github(&[aud(), ("StringLike", "sub", json!("repo:acme@1/api@2:*"))])], vec![]),
        (
            "somebody's second value",
            vec![github(&[
                aud(),
                ("StringLike", "sub", json!(["repo:acme/api:pull_request", "repo:*/api:pull_request"])),
            ])],
            vec!["TA002"],
        ),
        (
            "the second statement",
            vec![github(&[aud(), ("StringEquals", "sub", json!("repo:acme/api:pull_request"))]), github(&[aud()])],
            vec!["TA002"],
        ),
        (
            "a key that is there only with an environment, IfExists",
            vec![github(&[
                aud(),
                ("StringEqualsIfExists", "environment", json!("production")),
                ("StringLike", "sub", json!("repo:*")),
            ])],
            vec!["TA002"],
        ),
        (
            "ForAllValues on a key that no token has",
            vec![allow(&json!(provider(GITHUB)), &json!({"ForAllValues:StringEquals": {never: "x"}}))],
            vec!["TA002"],
        ),
        (
            "a negated operator alone",
            vec![github(&[aud(), ("StringNotLike", "sub", json!("repo:evil/*"))])],
            vec!["TA002"],
        ),
        (
            "letter case of keys does not count",
            vec![allow(
                &json!(provider(GITHUB)),
                &json!({"StringLike": {"Token.Actions.GitHubUserContent.com:SUB": "repo:acme/api:*"}}),
            )],
            vec![],
        ),
        (
            "an owner's id, whatever the subject",
            vec![github(&[
                aud(),
                ("StringEquals", "repository_owner_id", json!("123")),
                ("StringLike", "sub", json!("repo:*")),
            ])],
            vec![],
        ),
        (
            "an environment, which everybody may call so",
            vec![github(&[aud(), ("StringEquals", "environment", json!("prod"))])],
            vec!["TA002"],
        ),
        (
            "a branch, likewise",
            vec![github(&[aud(), ("StringEquals", "ref", json!("refs/heads/release"))])],
            vec!["TA002"],
        ),
        (
            "a repository by its own claim",
            vec![github(&[aud(), ("StringEquals", "repository", json!("acme/api"))])],
            vec![],
        ),
        ("an actor, who is no stranger", vec![github(&[aud(), ("StringEquals", "actor", json!("alice"))])], vec![]),
        (
            "IfExists on a claim that every token has",
            vec![github(&[aud(), ("StringLikeIfExists", "sub", json!("repo:acme/api:*"))])],
            vec![],
        ),
        (
            "ForAllValues on the subject",
            vec![github(&[aud(), ("ForAllValues:StringLike", "sub", json!("repo:acme/api:*"))])],
            vec![],
        ),
        (
            "in whatever letter case",
            vec![github(&[aud(), ("StringEqualsIgnoreCase", "sub", json!("REPO:ACME/API:PULL_REQUEST"))])],
            vec![],
        ),
        (
            "a variable that the call fills",
            vec![github(&[aud(), ("StringLike", "sub", json!("repo:*/${aws:RequestedRegion}:*"))])],
            vec![],
        ),
        (
            "a workflow that anybody may call",
            vec![github(&[aud(), ("StringLike", "job_workflow_ref", json!("acme/flows/.github/workflows/d.yml@*"))])],
            vec!["TA005"],
        ),
        (
            "a workflow in a subject",
            vec![github(&[aud(), ("StringLike", "sub", json!("job_workflow_ref:acme/flows/*"))])],
            vec!["TA005"],
        ),
        (
            "a workflow of one's own repository",
            vec![github(&[
                aud(),
                ("StringLike", "job_workflow_ref", json!("acme/flows/*")),
                ("StringLike", "sub", json!("repo:acme/api:*")),
            ])],
            vec![],
        ),
        (
            "only from an address, which the call decides",
            vec![allow(&json!(provider(GITHUB)), &json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))],
            vec![],
        ),
    ] {
        assert_eq!(codes(&statements, ""), expected, "{name}");
    }
}

#[test]
fn a_deny_closes_an_open_allow() {
    let open = github(&[aud()]);
    let mut deny = github(&[("StringNotLike", "sub", json!("repo:acme/*"))]);
    deny["Effect"] = json!("Deny");
    assert_eq!(codes(&[open.clone(), deny.clone()], ""), Vec::<&str>::new());
    // A Deny for another action closes nothing.
    deny["Action"] = json!("sts:TagSession");
    assert_eq!(codes(&[open, deny], ""), ["TA002"]);
}

#[test]
fn clusters_are_told_by_namespace() {
    let sub = |operator: &'static str, value: &str| of_issuer(EKS, &[aud(), (operator, "sub", json!(value))]);
    for (statement, expected) in [
        (sub("StringEquals", "system:serviceaccount:payments:ledger"), vec![]),
        (sub("StringLike", "system:serviceaccount:payments:*"), vec![]),
        (sub("StringLike", "system:serviceaccount:*:ledger"), vec!["TA006"]),
        (sub("StringLike", "system:serviceaccount:*"), vec!["TA006"]),
        (sub("StringLike", "*"), vec!["TA006"]),
        (of_issuer(EKS, &[aud()]), vec!["TA006"]),
    ] {
        assert_eq!(codes(std::slice::from_ref(&statement), ""), expected, "{statement}");
    }
}

#[test]
fn a_zone_says_who_is_ours() {
    let zone = format!(
        "issuers = [\"https://idp.example\"]\n[[organization]]\nname = \"acme\"\nid = 12\nprojects = [\"api\"]\n\
         [[cluster]]\nissuer = \"https://{EKS}\"\nnamespaces = [\"payments\"]\n"
    );
    let sub = |value: &str| github(&[aud(), ("StringLike", "sub", json!(value))]);
    let account = |value: &str| of_issuer(EKS, &[aud(), ("StringEquals", "sub", json!(value))]);
    for (statement, expected) in [
        (sub("repo:acme/api:ref:refs/heads/main"), vec![]),
        (sub("repo:acme/web:ref:refs/heads/main"), vec!["TA003"]),
        (sub("repo:former/api:ref:refs/heads/main"), vec!["TA003"]),
        (sub("repo:acme@12/api@3:ref:refs/heads/main"), vec![]),
        (sub("repo:acme@13/api@3:ref:refs/heads/main"), vec!["TA003"]),
        (account("system:serviceaccount:payments:ledger"), vec![]),
        (account("system:serviceaccount:web:ledger"), vec!["TA003"]),
        (of_issuer("idp.example", &[("StringEquals", "sub", json!("x"))]), vec![]),
        (of_issuer("idp.example", &[("StringLike", "sub", json!("*"))]), vec!["TA007"]),
        (of_issuer("other.example", &[("StringEquals", "sub", json!("x"))]), vec!["TA003"]),
    ] {
        assert_eq!(codes(std::slice::from_ref(&statement), &zone), expected, "{statement}");
    }
}

#[test]
fn issuers_that_many_share_are_told_by_their_customer() {
    for (issuer, ours, theirs) in [
        ("gitlab.com", "project_path:acme/api:ref_type:branch:ref:main", "project_path:*:ref_type:branch:ref:main"),
        ("app.terraform.io", "organization:acme:project:p:workspace:w:run_phase:*", "organization:*:run_phase:apply"),
        ("agent.buildkite.com", "organization:acme:pipeline:p:*", "organization:acme*"),
    ] {
        let sub = |value: &str| of_issuer(issuer, &[("StringLike", "sub", json!(value))]);
        assert_eq!(codes(&[sub(ours)], ""), Vec::<&str>::new(), "{issuer}");
        assert_eq!(codes(&[sub(theirs)], ""), ["TA002"], "{issuer}");
        assert_eq!(codes(&[of_issuer(issuer, &[])], ""), ["TA002"], "{issuer}");
    }
}

#[test]
fn who_names_everybody_lets_everybody_in() {
    let mut everybody = github(&[]);
    for (principal, expected) in [
        (json!("*"), vec!["TA001"]),
        (json!({"Federated": "*"}), vec!["TA001"]),
        (json!({"AWS": "*"}), vec!["TA001"]),
        (json!({"AWS": "arn:aws:iam::111122223333:root"}), vec![]),
        (json!({"Service": "ec2.amazonaws.com"}), vec![]),
        (json!({"Federated": "arn:aws:iam::111122223333:saml-provider/x"}), vec![]),
    ] {
        everybody["Principal"] = principal.clone();
        let found: Vec<&str> = codes(&[everybody.clone()], "").into_iter().filter(|c| c.starts_with("TA")).collect();
        assert_eq!(found, expected, "{principal}");
    }
    // What a key asks for is asked of everybody.
    everybody["Principal"] = json!("*");
    everybody["Condition"] = json!({"StringLike": {format!("{GITHUB}:sub"): "repo:acme/api:*"}});
    assert_eq!(codes(&[everybody], ""), Vec::<&str>::new());
}

#[test]
fn a_witness_is_a_whole_token_that_agrees_with_itself() {
    let wide = github(&[
        aud(),
        ("StringLike", "sub", json!("repo:*:ref:refs/heads/main")),
        ("StringEquals", "ref", json!("refs/heads/main")),
    ]);
    let found = findings(&[wide], "");
    let claims = &found[0].witness.as_ref().unwrap().claims;
    let sub = claims["sub"].as_str().unwrap();
    let repository = claims["repository"].as_str().unwrap();
    assert!(sub.starts_with(&format!("repo:{repository}:")), "{claims:?}");
    assert!(repository.starts_with(claims["repository_owner"].as_str().unwrap()));
    assert_eq!((claims["ref"].as_str(), claims["aud"].as_str()), (Some("refs/heads/main"), Some("sts.amazonaws.com")));
}

#[test]
fn a_witness_is_a_token_that_its_issuer_can_make() {
    let zone = "[[organization]]\nname = \"acme\"\nid = 1234\nprojects = [\"api\"]\n";
    let all = findings(&[github(&[aud(), ("StringLike", "sub", json!("repo:acme/*"))])], zone);
    let witness = all[0].witness.as_ref().unwrap();
    assert_eq!(witness.claims["sub"], "repo:acme/trustwalk-stranger:ref:refs/heads/main");
    // Ids that are written are somebody's, and not the next owner's.
    let exact = github(&[aud(), ("StringEquals", "sub", json!("repo:acme@9/api@5:ref:refs/heads/main"))]);
    assert_eq!(codes(&[exact], zone), ["TA003"]);
}
