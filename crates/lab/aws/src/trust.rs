//! Trust policies: whether a role admits a web identity, decided as the IAM User Guide says.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::policy::{glob, one_or_many, statements};

/// Condition keys of a request, lower-cased, with their values.
pub(crate) type Keys = BTreeMap<String, Vec<String>>;

/// Whether the document admits a web identity of a provider.
pub(crate) fn admits(document: &str, provider_arn: &str, keys: &Keys) -> bool {
    let federated = |p: &Value| names(p, "Federated", |f| f == provider_arn);
    allows(document, "sts:AssumeRoleWithWebIdentity", keys, federated)
}

/// Whether the document lets EKS' Pod Identity have the role, session tags and all (EKS User
/// Guide, "EKS Pod Identity role").
pub(crate) fn admits_pods(document: &str, keys: &Keys) -> bool {
    let service = |p: &Value| names(p, "Service", |s| s == "pods.eks.amazonaws.com");
    ["sts:AssumeRole", "sts:TagSession"].iter().all(|action| allows(document, action, keys, service))
}

/// How a document admits an IAM caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Not at all.
    No,
    /// Through its account: the caller's own policies must allow the call too.
    ByAccount,
    /// By name, which is enough within one account (IAM User Guide, "Policy evaluation logic").
    ByName,
}

/// Whether and how the document admits an IAM caller: one of the ARNs by which it is known, or its
/// account.
pub(crate) fn admits_caller(document: &str, arns: &[String], account_id: &str, keys: &Keys) -> Admission {
    let decide =
        |matches: &dyn Fn(&str) -> bool| allows(document, "sts:AssumeRole", keys, |p: &Value| names(p, "AWS", matches));
    let by_account = |p: &str| p == account_id || p.ends_with(&format!(":iam::{account_id}:root"));
    let by_name = |p: &str| arns.iter().any(|a| a == p);
    // Both together, so that a denial of the account counts for the named as well.
    if !decide(&|p| by_name(p) || by_account(p)) {
        Admission::No
    } else if decide(&by_name) {
        Admission::ByName
    } else {
        Admission::ByAccount
    }
}

/// Whether a statement allows the action to the principal; an explicit deny wins.
fn allows(document: &str, action: &str, keys: &Keys, named: impl Fn(&Value) -> bool) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(document) else { return false };
    let wanted = action.to_ascii_lowercase();
    let mut allowed = false;
    for statement in statements(&document) {
        let principal = match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(p), _) => named(p),
            (None, Some(p)) => !named(p),
            (None, None) => false,
        };
        let matches = |member: &str| {
            statement
                .get(member)
                .map(|_| one_or_many(statement.get(member)).iter().any(|p| glob(&p.to_ascii_lowercase(), &wanted)))
        };
        let action = matches("Action").or_else(|| matches("NotAction").map(|m| !m)).unwrap_or(false);
        if !principal || !action || !conditions(statement.get("Condition"), keys) {
            continue;
        }
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Deny") => return false,
            Some("Allow") => allowed = true,
            _ => {}
        }
    }
    allowed
}

/// No wildcard matches part of a principal; `*` alone means everyone (IAM User Guide, "Principal").
fn names(principal: &Value, kind: &str, matches: impl Fn(&str) -> bool) -> bool {
    if principal.as_str() == Some("*") {
        return true;
    }
    one_or_many(principal.get(kind)).iter().any(|p| p == "*" || matches(p))
}

fn conditions(block: Option<&Value>, keys: &Keys) -> bool {
    let Some(block) = block.and_then(Value::as_object) else { return true };
    block.iter().all(|(operator, entries)| {
        entries
            .as_object()
            .is_some_and(|e| e.iter().all(|(key, values)| one(operator, key, &one_or_many(Some(values)), keys)))
    })
}

fn one(operator: &str, key: &str, wanted: &[String], keys: &Keys) -> bool {
    let lower = operator.to_ascii_lowercase();
    let (quantifier, name) = match lower.split_once(':') {
        Some((q, rest)) => (Some(q), rest),
        None => (None, lower.as_str()),
    };
    let (name, if_exists) = name.strip_suffix("ifexists").map_or((name, false), |n| (n, true));
    let actual = keys.get(&key.to_ascii_lowercase());
    if name == "null" {
        return wanted.iter().any(|w| (w == "true") == actual.is_none());
    }
    let Some(actual) = actual else {
        return match quantifier {
            Some("forallvalues") => true,
            Some(_) => false,
            None => if_exists || name.contains("not"),
        };
    };
    let negated = name.contains("not");
    let base = name.replace("not", "");
    let hit = |value: &String| wanted.iter().any(|w| compare(&base, w, value)) != negated;
    match quantifier {
        Some("foranyvalue") => actual.iter().any(hit),
        Some(_) => actual.iter().all(hit),
        None => actual.first().is_some_and(hit),
    }
}

fn compare(base: &str, wanted: &str, value: &str) -> bool {
    let number = |f: fn(&f64, &f64) -> bool| match (value.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(v), Ok(w)) => f(&v, &w),
        _ => false,
    };
    match base {
        "stringequals" | "binaryequals" => wanted == value,
        "stringequalsignorecase" | "bool" => wanted.eq_ignore_ascii_case(value),
        "stringlike" => glob(wanted, value),
        "arnlike" | "arnequals" => arn_like(wanted, value),
        "numericequals" => number(|v, w| (v - w).abs() < f64::EPSILON),
        "numericlessthan" => number(|v, w| v < w),
        "numericlessthanequals" => number(|v, w| v <= w),
        "numericgreaterthan" => number(|v, w| v > w),
        "numericgreaterthanequals" => number(|v, w| v >= w),
        _ => false,
    }
}

fn arn_like(pattern: &str, value: &str) -> bool {
    let (p, v): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), value.splitn(6, ':').collect());
    p.len() == 6 && v.len() == 6 && p.iter().zip(&v).all(|(p, v)| glob(p, v))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:iam::111122223333:oidc-provider/i.example";

    fn decide(condition: &str) -> bool {
        let document = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{{"Federated":"{ARN}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{condition}}}}}"#
        );
        let keys =
            Keys::from([("i.example:sub".into(), vec!["a:b".into()]), ("i.example:aud".into(), vec!["x".into()])]);
        admits(&document, ARN, &keys)
    }

    /// IAM User Guide, "Condition operators" and "Multivalued context keys".
    #[test]
    fn operators_decide_as_documented() {
        for (condition, yes) in [
            (r"{}", true),
            (r#"{"StringEquals":{"I.Example:Sub":"a:b"}}"#, true),
            (r#"{"StringEquals":{"i.example:sub":"a:*"}}"#, false),
            (r#"{"StringLike":{"i.example:sub":"a:*"}}"#, true),
            (r#"{"StringEquals":{"i.example:sub":["z","a:b"],"i.example:aud":"y"}}"#, false),
            (r#"{"StringEquals":{"i.example:none":"x"}}"#, false),
            (r#"{"StringNotEquals":{"i.example:none":"x"}}"#, true),
            (r#"{"StringEqualsIfExists":{"i.example:none":"x"}}"#, true),
            (r#"{"Null":{"i.example:none":"true"}}"#, true),
            (r#"{"Null":{"i.example:sub":"true"}}"#, false),
            (r#"{"ForAllValues:StringEquals":{"i.example:none":"x"}}"#, true),
            (r#"{"ForAnyValue:StringEquals":{"i.example:none":"x"}}"#, false),
            (r#"{"StringNotLike":{"i.example:sub":["q*","a:*"]}}"#, false),
        ] {
            assert_eq!(decide(condition), yes, "{condition}");
        }
    }
}
