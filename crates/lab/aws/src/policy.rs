//! Identity policies: who may do what in this account.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::account::Account;
use crate::state::Principal;

/// ARN of the CNI's managed policy.
const CNI: &str = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
/// Its default version, v5 (AWS managed policy reference).
const CNI_V5: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AmazonEKSCNIPolicy","Effect":"Allow","Action":["ec2:AssignPrivateIpAddresses","ec2:AttachNetworkInterface","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface","ec2:DescribeInstances","ec2:DescribeTags","ec2:DescribeNetworkInterfaces","ec2:DescribeInstanceTypes","ec2:DescribeSubnets","ec2:DetachNetworkInterface","ec2:ModifyNetworkInterfaceAttribute","ec2:UnassignPrivateIpAddresses"],"Resource":"*"},{"Sid":"AmazonEKSCNIPolicyENITag","Effect":"Allow","Action":["ec2:CreateTags"],"Resource":["arn:aws:ec2:*:*:network-interface/*"]}]}"#;

/// The managed policies of the account.
pub(crate) fn managed() -> BTreeMap<String, String> {
    let allow = |actions: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#)
    };
    let plain = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    BTreeMap::from([
        (CNI.to_owned(), CNI_V5.to_owned()),
        (plain("AmazonS3ReadOnlyAccess"), allow(r#"["s3:Get*","s3:List*"]"#)),
        (plain("AmazonRoute53FullAccess"), allow(r#"["route53:*"]"#)),
        (
            plain("AmazonEKSWorkerNodePolicy"),
            allow(r#"["ec2:DescribeInstances","eks:DescribeCluster","eks-auth:AssumeRoleForPodIdentity"]"#),
        ),
        (plain("AdministratorAccess"), allow(r#""*""#)),
        (
            plain("ReadOnlyAccess"),
            allow(r#"["iam:Get*","iam:List*","eks:Describe*","eks:List*","ec2:Describe*","cloudtrail:LookupEvents"]"#),
        ),
    ])
}

/// ARN by which a caller is known.
pub(crate) fn arn(account: &Account, principal: &Principal) -> String {
    let c = &account.config;
    match principal {
        Principal::User { name, .. } => format!("arn:{}:iam::{}:user/{name}", c.partition, c.account_id),
        Principal::Session { role, session } => {
            format!("arn:{}:sts::{}:assumed-role/{role}/{session}", c.partition, c.account_id)
        }
    }
}

/// What the caller's identity policies say of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement allows it.
    Silent,
    /// A statement denies it.
    Denied,
}

/// Whether the caller's identity policies allow an action.
pub(crate) fn allowed(account: &Account, principal: &Principal, action: &str, resource: &str) -> bool {
    decide(account, principal, action, resource) == Decision::Allowed
}

/// What the caller's identity policies say of an action.
pub(crate) fn decide(account: &Account, principal: &Principal, action: &str, resource: &str) -> Decision {
    // GetCallerIdentity needs no permission, even under an explicit deny (STS API reference).
    if action == "sts:GetCallerIdentity" {
        return Decision::Allowed;
    }
    let documents: Vec<String> = match principal {
        Principal::User { policies, .. } => policies.clone(),
        Principal::Session { role, .. } => {
            let state = account.state();
            state.roles.get(role).map_or_else(Vec::new, |r| {
                let attached = r.attached.iter().filter_map(|a| state.policies.get(a).cloned());
                attached.chain(r.inline.values().cloned()).collect()
            })
        }
    };
    let wanted = action.to_ascii_lowercase();
    // `Not…` turns a match round (IAM User Guide, "NotAction" and "NotResource").
    let either = |s: &Value, plain: &str, not: &str, hit: &dyn Fn(&String) -> bool| match (s.get(plain), s.get(not)) {
        (Some(v), _) => one_or_many(Some(v)).iter().any(hit),
        (None, Some(v)) => !one_or_many(Some(v)).iter().any(hit),
        (None, None) => false,
    };
    let effects: Vec<bool> = documents
        .iter()
        .filter_map(|d| serde_json::from_str::<Value>(d).ok())
        .flat_map(|d| statements(&d))
        .filter(|s| {
            either(s, "Action", "NotAction", &|p| glob(&p.to_ascii_lowercase(), &wanted))
                && either(s, "Resource", "NotResource", &|p| resource == "*" || glob(p, resource))
        })
        .map(|s| s.get("Effect").and_then(Value::as_str) == Some("Allow"))
        .collect();
    match (effects.is_empty(), effects.iter().all(|allow| *allow)) {
        (true, _) => Decision::Silent,
        (false, true) => Decision::Allowed,
        (false, false) => Decision::Denied,
    }
}

/// Statements of a document, one or many.
pub(crate) fn statements(document: &Value) -> Vec<Value> {
    match document.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// A string or a list of strings; numbers and booleans count as their text.
pub(crate) fn one_or_many(value: Option<&Value>) -> Vec<String> {
    let text = |v: &Value| match v {
        Value::String(s) => Some(s.clone()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(n.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// `*` and `?` anywhere.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star, mut mark) = (0, 0, None, 0);
    while j < t.len() {
        if p.get(i) == Some(&'*') {
            star = Some(i);
            mark = j;
            i += 1;
        } else if p.get(i) == Some(&'?') || (p.get(i).is_some() && p.get(i) == t.get(j)) {
            i += 1;
            j += 1;
        } else if let Some(s) = star {
            i = s + 1;
            mark += 1;
            j = mark;
        } else {
            return false;
        }
    }
    p.iter().skip(i).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_iams() {
        for (p, t, yes) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a?c", "ac", false),
            ("ec2:*", "ec2:x", true),
            ("a*b*c", "aXbYbZc", true),
            ("abc", "ab", false),
        ] {
            assert_eq!(glob(p, t), yes, "{p} {t}");
        }
    }
}
