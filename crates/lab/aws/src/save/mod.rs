//! What IAM refuses to save: the language's grammar, and what each kind of policy may hold (IAM User Guide, "Grammar
//! of the IAM JSON policy language"). The words are those reported of live accounts, unless said to be own.
//!
//! Which of several faults IAM names first is not documented. A member that stands twice in the JSON is not refused:
//! one of the two is dropped (reported), here the first.

mod date;
mod identity;
mod services;
mod trust;

pub(crate) use identity::identity;
pub(crate) use trust::trust;

use serde_json::Value;

use crate::language::{Base, Operator, is_readable, one_or_many, statements};
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
    let id = members.get("Id").is_none_or(Value::is_string);
    if !members.keys().all(known) || !id || !version || all.is_empty() || !all.iter().all(Value::is_object) {
        return Err(syntax());
    }
    for statement in &all {
        let unknown = statement.as_object().into_iter().flatten().any(|(name, _)| !ELEMENTS.contains(&name.as_str()));
        let both = |one: &str, other: &str| statement.get(one).is_some() && statement.get(other).is_some();
        let pairs = both("Action", "NotAction") || both("Resource", "NotResource") || both("Principal", "NotPrincipal");
        let is_effect = |e: &Value| {
            let text = e.as_str().unwrap_or_default();
            text.eq_ignore_ascii_case("Allow") || text.eq_ignore_ascii_case("Deny")
        };
        let effect = statement.get("Effect").is_none_or(is_effect);
        let sid = statement.get("Sid").is_none_or(Value::is_string);
        if unknown || pairs || !effect || !sid {
            return Err(syntax());
        }
    }
    Ok(all)
}

/// Ids of statements are unique; empty ones are none.
fn sids(all: &[Value]) -> Result<(), AwsFault> {
    let mut seen: Vec<&str> = Vec::new();
    for sid in all.iter().filter_map(|s| s.get("Sid")?.as_str()).filter(|sid| !sid.is_empty()) {
        if seen.contains(&sid) {
            return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
        }
        seen.push(sid);
    }
    Ok(())
}

/// Whether an effect is spelt as the grammar has it.
fn spelt(statement: &Value) -> bool {
    statement.get("Effect").is_none_or(|e| matches!(e.as_str(), Some("Allow" | "Deny")))
}

/// Characters of a document as quotas count them: without white space (IAM quotas).
pub(crate) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// A statement's conditions: operator, key and values of each comparison. `named` makes the refusal of an operator that
/// there is not; one that compares nothing is not looked at (reported).
fn conditions(statement: &Value, named: impl Fn(&str) -> AwsFault) -> Result<Vec<Comparison>, AwsFault> {
    let Some(block) = statement.get("Condition") else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (name, entries) in block.as_object().ok_or_else(syntax)? {
        let entries = entries.as_object().ok_or_else(syntax)?;
        if entries.is_empty() {
            continue;
        }
        let operator = Operator::named(name).ok_or_else(|| named(name))?;
        for (key, values) in entries {
            let nested = |v: &Value| v.is_object() || v.is_null();
            if nested(values) || values.as_array().is_some_and(|all| all.iter().any(|v| nested(v) || v.is_array())) {
                return Err(syntax());
            }
            all.push(Comparison { operator, key: key.clone(), values: one_or_many(Some(values)) });
        }
    }
    Ok(all)
}

/// One key of a condition block.
struct Comparison {
    operator: Operator,
    key: String,
    values: Vec<String>,
}

impl Comparison {
    /// Whether its values can be read for the operator. Of dates IAM's reading is reported; the lab refuses numbers,
    /// addresses and booleans in the same words.
    fn is_readable(&self) -> bool {
        let dates = matches!(self.operator.base, Base::Date(_));
        self.values.iter().all(|text| if dates { date::is_date(text) } else { is_readable(self.operator, text) })
    }

    /// Whether its key has more colons than one. Keys of tags have whatever the tag has behind the slash.
    fn has_colons(&self) -> bool {
        let tags = self.key.split_once('/').is_some_and(|(head, _)| head.to_ascii_lowercase().ends_with("tag"));
        !tags && self.key.matches(':').count() > 1
    }
}

/// The policy cannot be read for a reason that IAM does not name (reported).
fn legacy() -> AwsFault {
    malformed("The policy failed legacy parsing")
}

fn unprefaced() -> AwsFault {
    malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
}
