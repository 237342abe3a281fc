//! Policies and inventories in few words.

use serde_json::{Value, json};
use trustwalk_audit::{Audit, Basis, Finding, Inventory, Reader, Seen, Zone};
use trustwalk_trust_policy::{Call, Decision, Document, Exchange, Identity, Policy};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const GITHUB: &str = "token.actions.githubusercontent.com";
pub(crate) const EKS: &str = "oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E";
/// The moment of every audit.
pub(crate) const NOW: i64 = 1_796_000_000;

pub(crate) fn provider(issuer: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}")
}

pub(crate) fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// A statement that lets a provider's tokens in.
pub(crate) fn allow(federated: &Value, conditions: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"Federated": federated}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions})
}

pub(crate) fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Conditions on GitHub's claims: operator, claim, value.
pub(crate) fn github(conditions: &[(&str, &str, Value)]) -> Value {
    of_issuer(GITHUB, conditions)
}

pub(crate) fn of_issuer(issuer: &str, conditions: &[(&str, &str, Value)]) -> Value {
    let mut out = json!({});
    for (operator, claim, value) in conditions {
        out[*operator][format!("{issuer}:{claim}")] = value.clone();
    }
    allow(&json!(provider(issuer)), &out)
}

/// An account's details: roles by name with their policies.
pub(crate) fn details(roles: &[(&str, Value)]) -> Value {
    let all: Vec<Value> = roles
        .iter()
        .map(|(name, policy)| {
            json!({"RoleName": name, "Arn": role_arn(name), "CreateDate": "2020-01-01T00:00:00+00:00",
                "AssumeRolePolicyDocument": policy, "RoleLastUsed": {}})
        })
        .collect();
    json!({"RoleDetailList": all, "IsTruncated": false})
}

pub(crate) fn inventory(files: &[Value]) -> Inventory {
    let mut reader = Reader::new();
    for (position, file) in files.iter().enumerate() {
        reader.read(&format!("{position}.json"), &file.to_string());
    }
    reader.finish()
}

pub(crate) fn audit(inventory: &Inventory, zone: &Zone, seen: Option<&Seen>) -> Audit {
    Audit::of(inventory, &Basis { zone, seen, now: NOW })
}

/// The findings of one role with these statements, in an account of which nothing else is known.
pub(crate) fn findings(statements: &[Value], zone: &str) -> Vec<Finding> {
    let zone = if zone.is_empty() { Zone::untold() } else { Zone::parse(zone).unwrap() };
    let policy = policy(statements);
    let inventory = inventory(&[details(&[("r", policy.clone())])]);
    assert!(inventory.unread.is_empty(), "{:?}", inventory.unread);
    let found = audit(&inventory, &zone, None).findings;
    for finding in &found {
        if let Some(witness) = &finding.witness {
            let identity = Identity::new(witness.provider.as_str()).with_claims(witness.claims.clone());
            let admits = Policy::compile(&Document::parse(&policy.to_string()).unwrap());
            let call =
                witness.call.iter().fold(Call::new().at(NOW), |call, (key, value)| call.with(key, [value.as_str()]));
            let decision = admits.decide(&Exchange::new(&identity, &call));
            assert_eq!(
                decision,
                Decision::Allow,
                "the witness of {} is not admitted: {witness:?}",
                finding.rule.code()
            );
        }
    }
    found
}

/// Their codes, in order.
pub(crate) fn codes(statements: &[Value], zone: &str) -> Vec<&'static str> {
    findings(statements, zone).iter().map(|f| f.rule.code()).collect()
}
