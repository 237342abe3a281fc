//! The answers of an audit against asking every policy about every subject.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use trustwalk_audit::{Inventory, Matrix, Reader, assumable};
use trustwalk_trust_policy::{Call, Decision, Document, Exchange, Identity, Policy};

use super::support::{EKS, GITHUB};

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
