//! Identity policies, inline, managed and of sessions.
//!
//! What is refused, in which words, and which of several faults is named first: reported of live accounts, one by one.

use serde_json::Value;

use super::{Comparison, conditions, form, legacy, malformed, sids, spelt, syntax, unprefaced};
use crate::language::one_or_many;
use crate::outcome::AwsFault;

/// Partitions (AWS General Reference, "Amazon Resource Names").
const PARTITIONS: [&str; 5] = ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "*"];
/// What IAM's resources begin with.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// A statement as far as its form is sound.
struct Statement {
    actions: Vec<String>,
    resources: Vec<String>,
    comparisons: Vec<Comparison>,
    spelt: bool,
}

/// What IAM asks of an identity policy when it is saved.
pub(crate) fn identity(document: &str) -> Result<(), AwsFault> {
    let value: Value = serde_json::from_str(document).map_err(|_| syntax())?;
    let all = form(&value)?;
    let statements = all.iter().map(read).collect::<Result<Vec<Statement>, AwsFault>>()?;
    if value.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err(malformed("Policy document must be version 2012-10-17 or greater."));
    }
    if all.iter().any(|s| s.get("Principal").is_some() || s.get("NotPrincipal").is_some()) {
        return Err(malformed("Policy document should not specify a principal."));
    }
    if statements.iter().any(|s| !s.spelt || !s.comparisons.iter().all(Comparison::is_readable)) {
        return Err(legacy());
    }
    // A resource that cannot be read at all comes before everything else, one that is wrong after it.
    let wrong = resources(&statements)?;
    sids(&all)?;
    if statements.iter().any(|s| s.actions.is_empty()) {
        return Err(malformed("Policy statement must contain actions."));
    }
    if let Some(text) = wrong {
        return Err(malformed(text));
    }
    statements.iter().flat_map(|s| &s.actions).try_for_each(|a| action(a))?;
    if statements.iter().any(|s| s.resources.is_empty()) {
        return Err(malformed("Policy statement must contain resources."));
    }
    if all.iter().filter_map(|s| s.get("Sid")?.as_str()).any(|sid| !sid.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(malformed(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
             [0-9A-Za-z]*",
        ));
    }
    Ok(())
}

fn read(statement: &Value) -> Result<Statement, AwsFault> {
    if statement.get("Effect").is_none() {
        return Err(syntax());
    }
    Ok(Statement {
        actions: listed(statement, "Action", "NotAction")?,
        resources: listed(statement, "Resource", "NotResource")?,
        comparisons: conditions(statement, |_| syntax())?,
        spelt: spelt(statement),
    })
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
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if vendor.is_empty() || !vendor.chars().all(plain) {
        return Err(malformed(format!("Vendor {vendor} is not valid")));
    }
    Ok(())
}

/// What is wrong with the resources: of several in a statement the one that comes first by letter, of several
/// statements the last.
fn resources(statements: &[Statement]) -> Result<Option<String>, AwsFault> {
    let mut wrong: Option<String> = None;
    // No variable stands for an account.
    let variable = |text: &String| text.split(':').nth(4).is_some_and(|account| account.contains('$'));
    if statements.iter().flat_map(|s| &s.resources).any(variable) {
        return Err(legacy());
    }
    for statement in statements {
        let mut ordered: Vec<&String> = statement.resources.iter().collect();
        ordered.sort();
        let first = ordered.iter().find_map(|text| resource(text));
        wrong = first.or(wrong);
        if wrong.is_none() && statement.resources.iter().any(|text| unreadable(text)) {
            return Err(legacy());
        }
    }
    Ok(wrong)
}

/// Whether a resource is an ARN in name only: parts are missing though it has empty ones, or the service is empty.
fn unreadable(text: &str) -> bool {
    if text == "*" {
        return false;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let short = parts.len() < 6 && text.contains("::");
    short || parts.get(2).is_none_or(|service| service.is_empty())
}

/// What is wrong with a resource, in IAM's words.
fn resource(text: &str) -> Option<String> {
    if text == "*" {
        return None;
    }
    let Some((_, rest)) = text.split_once(':') else {
        return Some(format!("Resource {text} must be in ARN format or \"*\"."));
    };
    let (partition, rest) = rest.split_once(':').map_or((rest, None), |(partition, rest)| (partition, Some(rest)));
    if !PARTITIONS.contains(&partition) {
        let mut parts: Vec<&str> = rest.map(|rest| rest.splitn(4, ':').collect()).unwrap_or_default();
        parts.resize(4, "*");
        return Some(format!(
            "Partition \"{partition}\" is not valid for resource \"arn:{partition}:{}\".",
            parts.join(":")
        ));
    }
    let Some(rest) = rest else {
        return Some("Resource vendor must be fully qualified and cannot contain regexes.".to_owned());
    };
    let parts: Vec<&str> = rest.splitn(4, ':').collect();
    let part = |at: usize| parts.get(at).copied();
    let region = part(1).is_none_or(|region| !region.is_empty()) && rest.contains(':');
    match part(0) {
        Some("iam") if region => Some(format!("IAM resource {text} cannot contain region information.")),
        // Access points and other things of S3's have a region, and an account with it.
        Some("s3") if region && part(2).is_none_or(str::is_empty) => {
            Some(format!("Resource {text} can not contain region information."))
        }
        Some("iam") => {
            let path = part(3).unwrap_or_default();
            let known = path == "*" || path == "root" || IAM_PATHS.iter().any(|start| path.starts_with(start));
            // A wildcard may stand for any of them.
            let wild = path.split('/').next().is_some_and(|kind| kind.contains(['*', '?']));
            (!known && !wild)
                .then(|| format!("IAM resource path must either be \"*\" or start with {}.", IAM_PATHS.join(", ")))
        }
        _ => None,
    }
}
