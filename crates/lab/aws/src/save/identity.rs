//! Identity policies, inline and managed.

use serde_json::Value;

use super::{conditions, form, malformed, syntax, unprefaced};
use crate::language::one_or_many;
use crate::outcome::AwsFault;

/// Partitions (AWS General Reference, "Amazon Resource Names").
const PARTITIONS: [&str; 5] = ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "*"];

/// What IAM asks of an identity policy when it is saved.
pub(crate) fn identity(document: &str) -> Result<(), AwsFault> {
    let value: Value = serde_json::from_str(document).map_err(|_| syntax())?;
    let all = form(&value)?;
    if value.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err(malformed("Policy document must be version 2012-10-17 or greater."));
    }
    if all.iter().any(|s| s.get("Principal").is_some() || s.get("NotPrincipal").is_some()) {
        return Err(malformed("Policy document should not specify a principal."));
    }
    for statement in &all {
        if statement.get("Effect").is_none() {
            return Err(syntax());
        }
        let actions = listed(statement, "Action", "NotAction")?;
        if actions.is_empty() {
            return Err(malformed("Policy statement must contain actions."));
        }
        actions.iter().try_for_each(|a| action(a))?;
        let resources = listed(statement, "Resource", "NotResource")?;
        if resources.is_empty() {
            return Err(malformed("Policy statement must contain resources."));
        }
        resources.iter().try_for_each(|r| resource(r))?;
        conditions(statement, false)?;
    }
    Ok(())
}

/// A list of texts, under either of two names; an empty one when neither is there.
pub(super) fn listed(statement: &Value, plain: &str, not: &str) -> Result<Vec<String>, AwsFault> {
    let Some(value) = statement.get(plain).or_else(|| statement.get(not)) else { return Ok(Vec::new()) };
    let texts = value.as_array().map_or_else(|| value.is_string(), |all| all.iter().all(Value::is_string));
    if texts { Ok(one_or_many(Some(value))) } else { Err(syntax()) }
}

fn action(text: &str) -> Result<(), AwsFault> {
    if text == "*" {
        return Ok(());
    }
    let (vendor, operation) = text.split_once(':').ok_or_else(unprefaced)?;
    if operation.contains(':') {
        return Err(malformed("Actions/Condition can contain only one colon."));
    }
    if vendor.is_empty() || !vendor.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(malformed(format!("Vendor {vendor} is not valid")));
    }
    if operation.is_empty() || operation.chars().any(|c| !(c.is_ascii_alphanumeric() || "*?-_".contains(c))) {
        return Err(malformed("The policy failed legacy parsing"));
    }
    Ok(())
}

fn resource(text: &str) -> Result<(), AwsFault> {
    if text == "*" {
        return Ok(());
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, _, _, account, _] => {
            if !PARTITIONS.contains(partition) {
                return Err(malformed(format!("Partition \"{partition}\" is not valid for resource \"{text}\".")));
            }
            // The account is twelve digits, `aws`, wildcards or nothing; no variable stands for it (reported).
            let sound = account.chars().all(|c| c.is_ascii_digit() || "*?".contains(c)) || *account == "aws";
            if sound { Ok(()) } else { Err(malformed("The policy failed legacy parsing")) }
        }
        ["arn", ..] => Err(malformed("The policy failed legacy parsing")),
        _ => Err(malformed(format!("Resource {text} must be in ARN format or \"*\"."))),
    }
}
