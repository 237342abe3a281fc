//! A reviewer's attempts to have an audit say something false, or leave something out.

use serde_json::{Value, json};
use trustwalk_audit::{Matrix, Zone, assumable};

use super::support::{
    ACCOUNT, EKS, GITHUB, allow, audit, codes, details, findings, github, inventory, of_issuer, policy, provider,
};

const MAIN: &str = "repo:acme/api:ref:refs/heads/main";

/// Conditions by operator, key and value.
fn keys(conditions: &[(&str, &str, Value)]) -> Value {
    let mut out = json!({});
    for (operator, key, value) in conditions {
        out[*operator][*key] = value.clone();
    }
    out
}

fn with(mut statement: Value, more: &[(&str, &str, Value)]) -> Value {
    for (operator, key, value) in more {
        statement["Condition"][*operator][*key] = value.clone();
    }
    statement
}

#[test]
fn what_the_caller_chooses_keeps_nobody_out() {
    let open = || github(&[("StringEquals", "aud", json!("sts.amazonaws.com"))]);
    for (name, statement, expected) in [
        ("a session's name", with(open(), &[("StringEquals", "sts:RoleSessionName", json!("deploy"))]), vec!["TA002"]),
        ("its beginning", with(open(), &[("StringLike", "sts:RoleSessionName", json!("deploy-*"))]), vec!["TA002"]),
        ("its letter", with(open(), &[("StringLike", "sts:RoleSessionName", json!("*"))]), vec!["TA002"]),
        ("any but one", with(open(), &[("StringNotEquals", "sts:RoleSessionName", json!("x"))]), vec!["TA002"]),
        ("a region", with(open(), &[("StringEquals", "aws:RequestedRegion", json!("eu-north-1"))]), vec!["TA002"]),
        ("regions", with(open(), &[("StringLike", "aws:RequestedRegion", json!("eu-*"))]), vec!["TA002"]),
        ("a header", with(open(), &[("StringLike", "aws:UserAgent", json!("aws-cli/*"))]), vec!["TA002"]),
        (
            "a region and a name",
            with(
                open(),
                &[
                    ("StringEquals", "aws:RequestedRegion", json!(["eu-west-1", "eu-north-1"])),
                    ("StringLike", "STS:rolesessionname", json!("ci-*")),
                ],
            ),
            vec!["TA002"],
        ),
        ("every address", with(open(), &[("IpAddress", "aws:SourceIp", json!("0.0.0.0/0"))]), vec!["TA002"]),
        ("not one address", with(open(), &[("NotIpAddress", "aws:SourceIp", json!("192.0.2.1"))]), vec!["TA002"]),
        ("an address of ours", with(open(), &[("IpAddress", "aws:SourceIp", json!("192.0.2.0/24"))]), vec![]),
        ("a network of ours", with(open(), &[("StringEquals", "aws:SourceVpc", json!("vpc-1"))]), vec![]),
    ] {
        assert_eq!(codes(std::slice::from_ref(&statement), ""), expected, "{name}");
    }
    // What is chosen is told; a Deny that it meets is one.
    let named = with(open(), &[("StringLike", "sts:RoleSessionName", json!("deploy-*"))]);
    let witness = findings(std::slice::from_ref(&named), "")[0].witness.clone().unwrap();
    assert_eq!(witness.call["sts:RoleSessionName"], "deploy-x");
    let mut deny = with(github(&[]), &[("StringNotEquals", "aws:SourceIp", json!("192.0.2.1"))]);
    deny["Condition"] = keys(&[("NotIpAddress", "aws:SourceIp", json!("192.0.2.0/24"))]);
    deny["Effect"] = json!("Deny");
    assert_eq!(codes(&[named, deny], ""), Vec::<&str>::new());
}

#[test]
fn none_of_many_values_is_left_untried() {
    let ours: Vec<String> = (0..300).map(|n| format!("repo:acme/r{n}:*")).collect();
    let deep: Vec<String> = (0..40).map(|n| format!("repo:acme/*{n}:*:*")).collect();
    for (ours, theirs) in [(&ours, "repo:*/api:environment:prod"), (&deep, "repo:*/api:environment:prod")] {
        let values = [ours.as_slice(), &[theirs.to_owned()]].concat();
        assert_eq!(codes(&[github(&[("StringLike", "sub", json!(ours))])], ""), Vec::<&str>::new());
        assert_eq!(codes(&[github(&[("StringLike", "sub", json!(values))])], ""), ["TA002"], "{theirs}");
    }
    let zone = "[[organization]]\nname = \"acme\"\n";
    let exact: Vec<String> = (0..300).map(|n| format!("repo:acme/r{n}:pull_request")).collect();
    let values = [exact.as_slice(), &["repo:former/api:pull_request".to_owned()]].concat();
    assert_eq!(codes(&[github(&[("StringEquals", "sub", json!(values))])], zone), ["TA003"]);
    let ids: Vec<String> = (0..30).map(|n| format!("repo:acme@*/r{n}@*:*")).collect();
    assert_eq!(codes(&[github(&[("StringLike", "sub", json!(ids))])], ""), ["TA004"]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: a row for each shape")]
fn shapes_of_statements() {
    let federated = |value: Value, conditions: Value| allow(&value, &conditions);
    let sub = |value: &str| keys(&[("StringLike", "token.actions.githubusercontent.com:sub", json!(value))]);
    let set = |mut statement: Value, member: &str, value: Value| {
        statement[member] = value;
        statement
    };
    let not_principal = |value: Value| {
        let mut statement = allow(&json!(null), &json!({}));
        statement.as_object_mut().unwrap().remove("Principal");
        set(statement, "NotPrincipal", value)
    };
    let linked = json!({"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let saml = json!({"Effect": "Allow", "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Principal": {"Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/corp")},
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}});
    for (name, statements, expected) in [
        ("of a service", vec![linked], vec![]),
        ("of SAML", vec![saml.clone()], vec![]),
        ("of SAML, every action", vec![set(saml, "Action", json!("sts:*"))], vec![]),
        (
            "everybody but one",
            vec![not_principal(json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}))],
            vec!["TA001"],
        ),
        ("an action by a pattern", vec![set(github(&[]), "Action", json!("sts:Assume*Identity"))], vec!["TA002"]),
        ("another action", vec![set(github(&[]), "Action", json!("sts:AssumeRole"))], vec![]),
        (
            "every action but another",
            vec![{
                let mut statement = github(&[]);
                statement.as_object_mut().unwrap().remove("Action");
                set(statement, "NotAction", json!("sts:TagSession"))
            }],
            vec!["TA002"],
        ),
        (
            "IfExists on who it is",
            vec![federated(
                json!(provider(GITHUB)),
                keys(&[
                    ("StringEqualsIfExists", "token.actions.githubusercontent.com:environment", json!("prod")),
                    ("StringLike", "token.actions.githubusercontent.com:sub", json!("repo:*")),
                ]),
            )],
            vec!["TA002"],
        ),
        (
            "no value for all",
            vec![federated(
                json!(provider(GITHUB)),
                keys(&[("ForAllValues:StringLike", "token.actions.githubusercontent.com:amr", json!("acme"))]),
            )],
            vec!["TA002"],
        ),
        (
            "the owner's name by a claim that is no key",
            vec![federated(
                json!(provider(GITHUB)),
                keys(&[("StringEquals", "token.actions.githubusercontent.com:repository_owner", json!("acme"))]),
            )],
            vec!["TW013"],
        ),
        (
            "a variable of the token's own",
            vec![federated(json!(provider(GITHUB)), sub("repo:${token.actions.githubusercontent.com:repository}:*"))],
            vec!["TA002"],
        ),
        (
            "a star that is a letter",
            vec![federated(json!(provider(GITHUB)), sub("repo:acme/api:environment:${*}"))],
            vec![],
        ),
        (
            "two providers, one closed",
            vec![federated(json!([provider(GITHUB), "accounts.google.com"]), sub("repo:acme/api:*"))],
            vec!["TW109"],
        ),
        (
            "a Null that asks for absence",
            vec![federated(
                json!(provider(GITHUB)),
                keys(&[("Null", "token.actions.githubusercontent.com:sub", json!("true"))]),
            )],
            vec!["TW108"],
        ),
        (
            "a Null that asks for presence",
            vec![federated(
                json!(provider(GITHUB)),
                keys(&[("Null", "token.actions.githubusercontent.com:sub", json!("false"))]),
            )],
            vec!["TA002"],
        ),
        (
            "a Deny for another provider",
            vec![github(&[]), set(of_issuer(EKS, &[]), "Effect", json!("Deny"))],
            vec!["TA002"],
        ),
        (
            "a Deny of all but ours by another claim",
            vec![
                github(&[]),
                set(github(&[("StringNotEquals", "repository_owner_id", json!("7"))]), "Effect", json!("Deny")),
            ],
            vec![],
        ),
        (
            "a Deny that IfExists opens",
            vec![
                github(&[]),
                set(
                    github(&[
                        ("StringNotEquals", "enterprise_id", json!("7")),
                        ("Null", "enterprise_id", json!("false")),
                    ]),
                    "Effect",
                    json!("Deny"),
                ),
            ],
            vec!["TA002"],
        ),
        (
            "a wildcard within an account",
            vec![federated(json!("arn:aws:iam::*:oidc-provider/idp.example"), json!({}))],
            vec!["TW033"],
        ),
    ] {
        let found: Vec<&str> = codes(&statements, "");
        let cause =
            |codes: &[&str]| codes.iter().map(|c| c.get(..2).unwrap_or_default().to_owned()).collect::<Vec<_>>();
        if expected.iter().all(|c| c.starts_with("TW")) && !expected.is_empty() {
            // Which cause its user would meet is others' to hold; that nobody gets in is said, and nothing else.
            assert_eq!(cause(&found), cause(&expected), "{name}: {found:?}");
        } else {
            assert_eq!(found, expected, "{name}");
        }
    }
}

fn role_of(partition: &str, account: &str, federated: &Value) -> Value {
    let document = policy(&[allow(federated, &keys(&[]))]);
    let arn = format!("arn:{partition}:iam::{account}:role/a/b/r");
    let role = json!({"RoleName": "r", "Path": "/a/b/", "Arn": arn, "AssumeRolePolicyDocument": document});
    json!({"RoleDetailList": [role], "IsTruncated": false})
}

#[test]
fn each_partition_has_providers_of_its_own() {
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        let arn = |partition: &str| json!(format!("arn:{partition}:iam::{ACCOUNT}:oidc-provider/{GITHUB}"));
        let told = |federated: &Value| {
            let all = audit(&inventory(&[role_of(partition, ACCOUNT, federated)]), &Zone::untold(), None);
            all.findings.iter().map(|f| (f.rule.code(), f.witness.clone())).collect::<Vec<_>>()
        };
        let own = told(&arn(partition));
        assert_eq!(own[0].0, "TA002");
        assert_eq!(json!(own[0].1.as_ref().unwrap().provider), arn(partition));
        let other = if partition == "aws" { "aws-cn" } else { "aws" };
        assert!(told(&arn(other))[0].0.starts_with("TW"), "{partition}");
        let any = told(&json!("*"));
        let witness = any[0].1.as_ref().unwrap();
        assert_eq!(any[0].0, "TA001");
        assert!(partition == "aws" || witness.provider.starts_with(&format!("arn:{partition}:")), "{witness:?}");
    }
}

#[test]
fn what_an_account_has_not_registered_lets_nobody_in_there() {
    let role = |account: &str| {
        let arn = format!("arn:aws:iam::{account}:oidc-provider/{EKS}");
        role_of("aws", account, &json!(arn))
    };
    let listed = json!({"OpenIDConnectProviderList": [{"Arn": provider(EKS)}]});
    let registered =
        json!({"Url": EKS, "Arn": provider(EKS), "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": []});
    let mut nothing = role("444455556666");
    nothing["OpenIDConnectProviderList"] = json!([]);
    let inventory = inventory(&[role(ACCOUNT), listed, registered, nothing]);
    assert!(inventory.listed.contains("444455556666"), "an empty listing beside roles is that account's");
    let matrix = Matrix::of(&inventory);
    for (audience, expected) in [(Some("sts.amazonaws.com"), vec![0]), (Some("other"), vec![]), (None, vec![0])] {
        let mut claims = serde_json::Map::new();
        claims.insert("sub".to_owned(), json!("system:serviceaccount:a:b"));
        if let Some(audience) = audience {
            claims.insert("aud".to_owned(), json!(audience));
        }
        let found = assumable(&inventory, EKS, &claims, true);
        let at: Vec<usize> =
            found.iter().map(|f| inventory.roles.iter().position(|r| r.arn == f.role).unwrap()).collect();
        assert_eq!(at, expected, "{audience:?}");
        assert_eq!(matrix.roles_for(&inventory, EKS, &claims), expected, "{audience:?}");
    }
    let whole = audit(&inventory, &Zone::untold(), None);
    // One name, two accounts: both are the answer.
    assert_eq!(whole.of_role(&inventory, "r").unwrap().trust.len(), 2);
    assert_eq!(whole.of_role(&inventory, &inventory.roles[0].arn).unwrap().trust.len(), 1);
    assert!(whole.of_role(&inventory, "none").is_none());
}

#[test]
fn of_a_role_that_cannot_be_read_nobody_says_what_it_does_not_do() {
    let sound = policy(&[of_issuer(EKS, &[("StringEquals", "sub", json!("system:serviceaccount:a:b"))])]);
    let listed = json!({"OpenIDConnectProviderList": [{"Arn": provider(EKS)}, {"Arn": provider(GITHUB)}]});
    let told = |roles: &[(&str, Value)]| {
        let inventory = inventory(&[details(roles), listed.clone()]);
        let all = audit(&inventory, &Zone::untold(), None).findings;
        all.iter().map(|f| f.rule.code()).filter(|c| *c == "TA012").count()
    };
    assert_eq!(told(&[("a", sound.clone())]), 1);
    assert_eq!(told(&[("a", sound), ("b", json!("{\"Version\": "))]), 0, "it may be the one that trusts it");
}

#[test]
fn an_organization_is_told_by_its_id() {
    let zone =
        "[[organization]]\nname = \"acme\"\nid = 42\n[[organization]]\nname = \"acme\"\nid = 43\nprojects = [\"x\"]\n";
    let sub = |value: &str| github(&[("StringLike", "sub", json!(value))]);
    for (value, expected) in [
        ("repo:acme@42/api@7:*", vec![]),
        ("repo:acme@43/x@7:*", vec![]),
        ("repo:acme@43/api@7:*", vec!["TA003"]),
        ("repo:acme@4?/api@7:*", vec!["TA004"]),
        ("repo:acme@*/api@7:*", vec!["TA004"]),
        ("repo:acme@42/api@*:*", vec![]),
        ("repo:ACME@42/api@7:*", vec![]),
        (MAIN, vec![]),
        ("repo:acme-labs/api:*", vec!["TA003"]),
    ] {
        assert_eq!(codes(&[sub(value)], zone), expected, "{value}");
    }
}
