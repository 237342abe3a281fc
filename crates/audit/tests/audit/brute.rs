//! The answers of an audit against asking every policy about every subject.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use trustwalk_audit::{Inventory, Matrix, Reader, assumable};
use trustwalk_trust_policy::{Call, Decision, Document, Exchange, Identity, Policy};

use super::support::{EKS, GITHUB, codes, github, policy, provider};

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const ISSUERS: [&str; 3] = [EKS, GITHUB, "accounts.google.com"];
const SUBJECTS: [&str; 6] = [
    "system:serviceaccount:a:x",
    "system:serviceaccount:a:y",
    "repo:acme/api:pull_request",
    "repo:acme/web:ref:refs/heads/main",
    "x",
    "",
];
const PATTERNS: [&str; 7] =
    ["*", "system:serviceaccount:a:*", "system:serviceaccount:*:x", "repo:acme/*", "repo:*:pull_request", "x", "?"];
const OPERATORS: [&str; 7] = [
    "StringEquals",
    "StringLike",
    "StringNotEquals",
    "StringNotLike",
    "StringEqualsIfExists",
    "ForAllValues:StringLike",
    "ForAnyValue:StringEquals",
];

fn arn(account: &str, issuer: &str) -> String {
    if issuer == "accounts.google.com" {
        issuer.to_owned()
    } else {
        format!("arn:aws:iam::{account}:oidc-provider/{issuer}")
    }
}

fn statement() -> impl Strategy<Value = Value> {
    let condition = (
        prop::sample::select(OPERATORS.to_vec()),
        prop::sample::select(ISSUERS.to_vec()),
        prop::sample::select(vec!["sub", "aud", "repository", "aws:SourceIp"]),
        prop::collection::vec(prop::sample::select([&SUBJECTS[..5], &PATTERNS].concat()), 1..3),
    );
    let effect = prop::sample::select(vec!["Allow", "Allow", "Allow", "Deny"]);
    let principal = (
        prop::sample::select(ACCOUNTS.to_vec()),
        prop::collection::vec(prop::sample::select(ISSUERS.to_vec()), 1..3),
        0..10_u8,
    );
    (effect, principal, prop::collection::vec(condition, 0..3)).prop_map(|(effect, principal, conditions)| {
        let (account, issuers, everybody) = principal;
        let mut written = json!({});
        for (operator, issuer, claim, values) in conditions {
            let key = if claim.contains(':') { claim.to_owned() } else { format!("{issuer}:{claim}") };
            written[operator][key] = json!(values);
        }
        let federated: Vec<String> = issuers.iter().map(|i| arn(account, i)).collect();
        let principal = if everybody == 0 { json!("*") } else { json!({"Federated": federated}) };
        let action = "sts:AssumeRoleWithWebIdentity";
        json!({"Effect": effect, "Principal": principal, "Action": action, "Condition": written})
    })
}

fn inventory_of(roles: &[(usize, Vec<Value>)]) -> Inventory {
    let mut reader = Reader::new();
    let all: Vec<Value> = roles
        .iter()
        .enumerate()
        .map(|(n, (account, statements))| {
            json!({"RoleName": format!("r{n}"), "Arn": format!("arn:aws:iam::{}:role/r{n}", ACCOUNTS[*account]),
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements}})
        })
        .collect();
    reader.read("f", &json!({"RoleDetailList": all}).to_string());
    reader.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn each_pair_is_answered_as_its_policy_answers(
        roles in prop::collection::vec((0..2_usize, prop::collection::vec(statement(), 1..3)), 1..12),
    ) {
        let inventory = inventory_of(&roles);
        prop_assert!(inventory.unread.is_empty());
        let matrix = Matrix::of(&inventory);
        for issuer in ISSUERS {
            for subject in SUBJECTS {
                let mut claims = Map::new();
                claims.insert("sub".to_owned(), json!(subject));
                claims.insert("aud".to_owned(), json!("x"));
                for partial in [false, true] {
                    let mut surely = Vec::new();
                    let mut perhaps = Vec::new();
                    for (at, role) in inventory.roles.iter().enumerate() {
                        let provider = arn(role.account.as_deref().unwrap(), issuer);
                        let identity = Identity::new(provider).with_claims(claims.clone());
                        let identity = if partial { identity.partly_known() } else { identity };
                        let policy = Policy::compile(&Document::parse(&role.text).unwrap());
                        match policy.decide(&Exchange::new(&identity, &Call::new())) {
                            Decision::Allow => surely.push(at),
                            Decision::Undetermined => perhaps.push(at),
                            Decision::ExplicitDeny | Decision::ImplicitDeny => {}
                        }
                    }
                    let answered = assumable(&inventory, issuer, &claims, partial);
                    let of = |wanted: Decision| -> Vec<usize> {
                        let all = answered.iter().filter(|a| a.decision == wanted);
                        all.map(|a| inventory.roles.iter().position(|r| r.arn == a.role).unwrap()).collect()
                    };
                    prop_assert_eq!(of(Decision::Allow), surely.clone());
                    prop_assert_eq!(of(Decision::Undetermined), perhaps);
                    if !partial {
                        prop_assert_eq!(matrix.roles_for(&inventory, issuer, &claims), surely);
                    }
                }
            }
        }
    }
}

const OWNERS: [&str; 9] = ["acme", "acme", "acme*", "*acme", "*", "acme@1", "acme@*", "acme@?", "*acme*"];
const NAMES: [&str; 7] = ["api", "api", "*", "api@2", "api@*", "api*", "*@*"];
const CONTEXTS: [&str; 6] = ["*", "ref:*", "ref:refs/heads/main", "environment:*", "environment:prod", "pull_request"];
const RAW: [&str; 5] = ["*", "repo:*", "*:environment:prod", "repo:*/api:*", "*api*"];
const OPENING: [&str; 5] =
    ["StringLike", "StringLike", "ForAllValues:StringLike", "StringLikeIfExists", "ForAnyValue:StringLike"];

/// Everybody of a small world who is not ours: `acme`, whose id is 1.
fn strangers() -> Vec<(bool, String)> {
    let mut all = Vec::new();
    for owner in ["evil", "acme-evil", "evil-acme", "acmeevil", "evil@9", "acme-evil@9", "acme@9"] {
        for name in ["api", "web", "api-evil"] {
            for context in ["ref:refs/heads/main", "environment:prod", "pull_request", "ref:refs/tags/v1"] {
                let name = if owner.contains('@') { format!("{name}@8") } else { name.to_owned() };
                all.push((owner.starts_with("acme@"), format!("repo:{owner}/{name}:{context}")));
            }
        }
    }
    all
}

/// Who admits a token of GitHub that says so.
fn admitted(document: &Policy, subject: &str) -> bool {
    let repository = subject.split(':').nth(1).unwrap_or_default();
    let bare = |half: &str| half.split('@').next().unwrap_or_default().to_owned();
    let (owner, name) = repository.split_once('/').unwrap_or_default();
    let identity = Identity::new(provider(GITHUB))
        .with_claim("sub", subject)
        .with_claim("aud", "sts.amazonaws.com")
        .with_claim("repository", format!("{}/{}", bare(owner), bare(name)))
        .with_claim("repository_owner_id", "9")
        .with_claim("repository_id", "8");
    document.decide(&Exchange::new(&identity, &Call::new().at(super::support::NOW))) == Decision::Allow
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn whoever_of_a_small_world_gets_in_is_told(
        patterns in prop::collection::vec((
            prop::sample::select(OWNERS.to_vec()),
            prop::sample::select(NAMES.to_vec()),
            prop::sample::select(CONTEXTS.to_vec()),
        ), 1..4),
        raw in prop::option::weighted(0.2, prop::sample::select(RAW.to_vec())),
        operator in prop::sample::select(OPENING.to_vec()),
        deny in prop::option::weighted(0.3, prop::sample::select(vec!["repo:acme/*", "repo:acme*", "repo:*acme/*"])),
        aud in any::<bool>(),
    ) {
        let mut values: Vec<String> = patterns.iter().map(|(o, n, c)| format!("repo:{o}/{n}:{c}")).collect();
        values.extend(raw.map(str::to_owned));
        let mut conditions = vec![(operator, "sub", json!(values))];
        if aud {
            conditions.push(("StringEquals", "aud", json!("sts.amazonaws.com")));
        }
        let mut statements = vec![github(&conditions)];
        if let Some(but) = deny {
            let mut closing = github(&[("StringNotLike", "sub", json!(but))]);
            closing["Effect"] = json!("Deny");
            statements.push(closing);
        }
        let document = Policy::compile(&Document::parse(&policy(&statements).to_string()).unwrap());
        let told = codes(&statements, "");
        for (next, subject) in strangers() {
            if admitted(&document, &subject) {
                let named = told.contains(&"TA002") || next && told.contains(&"TA004");
                prop_assert!(named, "{} gets in, and {:?} is told: {:?}", subject, told, statements);
            }
        }
    }
}
