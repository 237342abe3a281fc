//! What IAM refuses to save: the language's grammar, and what each kind of policy may hold (IAM User Guide, "Grammar
//! of the IAM JSON policy language"). The words are those reported of live accounts, unless said to be own.
//!
//! Which of several faults IAM names first is not documented. A member that stands twice in the JSON is not refused:
//! one of the two is dropped (reported), here the first.

mod identity;
mod trust;

pub(crate) use identity::identity;
pub(crate) use trust::trust;

use serde_json::Value;

use crate::language::{Operator, is_readable, one_or_many, statements};
use crate::outcome::AwsFault;

/// Elements of a statement.
const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

pub(crate) fn malformed(text: impl Into<String>) -> AwsFault {
    AwsFault::new(400, "MalformedPolicyDocument", text)
}

fn syntax() -> AwsFault {
    malformed("Syntax errors in policy.")
}

/// What both kinds of policy have in common, as far as it concerns the document and its statements' form.
fn form(document: &Value) -> Result<Vec<Value>, AwsFault> {
    let members = document.as_object().ok_or_else(syntax)?;
    let known = |name: &String| ["Version", "Id", "Statement"].contains(&name.as_str());
    let version = members.get("Version").is_none_or(|v| matches!(v.as_str(), Some("2012-10-17" | "2008-10-17")));
    let all = statements(document);
    if !members.keys().all(known) || !version || all.is_empty() || !all.iter().all(Value::is_object) {
        return Err(syntax());
    }
    let mut seen: Vec<&str> = Vec::new();
    for statement in &all {
        let unknown = statement.as_object().into_iter().flatten().any(|(name, _)| !ELEMENTS.contains(&name.as_str()));
        let both = |one: &str, other: &str| statement.get(one).is_some() && statement.get(other).is_some();
        let pairs = both("Action", "NotAction") || both("Resource", "NotResource") || both("Principal", "NotPrincipal");
        let effect = statement.get("Effect").is_none_or(|e| matches!(e.as_str(), Some("Allow" | "Deny")));
        if unknown || pairs || !effect {
            return Err(syntax());
        }
        if let Some(sid) = statement.get("Sid").and_then(Value::as_str) {
            if seen.contains(&sid) {
                return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
            }
            seen.push(sid);
        }
    }
    Ok(all)
}

/// Keys and values of a statement's conditions. `trust` is of the kind that names the operator it does not know.
fn conditions(statement: &Value, trust: bool) -> Result<(), AwsFault> {
    let Some(block) = statement.get("Condition") else { return Ok(()) };
    for (name, entries) in block.as_object().ok_or_else(syntax)? {
        let operator = Operator::named(name)
            .ok_or_else(|| if trust { malformed(format!("Invalid Condition type : {name}")) } else { syntax() })?;
        for (key, values) in entries.as_object().ok_or_else(syntax)? {
            if !key.contains(':') {
                return Err(unprefaced());
            }
            // Keys of tags have whatever the tag has behind the slash.
            let tags = key.split_once('/').is_some_and(|(head, _)| head.to_ascii_lowercase().ends_with("tag"));
            if !tags && key.matches(':').count() > 1 {
                return Err(malformed("Condition can contain only one colon."));
            }
            let nested = |v: &Value| v.is_object() || v.is_null();
            if nested(values) || values.as_array().is_some_and(|all| all.iter().any(|v| nested(v) || v.is_array())) {
                return Err(syntax());
            }
            // Reported of dates; the lab takes the same words for numbers, addresses and booleans.
            if one_or_many(Some(values)).iter().any(|text| !is_readable(operator, text)) {
                return Err(malformed("The policy failed legacy parsing"));
            }
        }
    }
    Ok(())
}

fn unprefaced() -> AwsFault {
    malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
}
