//! Tags of what IAM holds: their limits and their words (IAM API reference, `Tag`; IAM User Guide, "Tags for IAM
//! resources").

use std::collections::BTreeMap;

use crate::outcome::{AwsFault, Outcome, tag};
use crate::paging::page;
use crate::query::Parameters;
use crate::validate::constraint;

/// Tags of anything in IAM (IAM quotas).
const MOST: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;
/// Characters of keys and values (IAM API reference, `Tag`).
const PATTERN: &str = "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]";

/// Whether tag keys that differ in letter case alone are the same: of roles and users they are, of the rest they are
/// not (IAM User Guide, "Tags for IAM resources", "Case sensitivity").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Counts,
    Ignored,
}

impl Case {
    fn same(self, one: &str, other: &str) -> bool {
        match self {
            Self::Counts => one == other,
            Self::Ignored => one.to_lowercase() == other.to_lowercase(),
        }
    }
}

/// Adds tags to a resource's. One whose key is there already is replaced, its spelling kept.
pub(crate) fn tagged(
    old: &BTreeMap<String, String>,
    new: &[(String, String)],
    case: Case,
) -> Result<BTreeMap<String, String>, AwsFault> {
    check(new)?;
    let mut all = old.clone();
    for (at, (key, value)) in new.iter().enumerate() {
        if new.iter().take(at).any(|(earlier, _)| case.same(earlier, key)) {
            // Reported of roles and users, whose wording it is.
            return Err(AwsFault::invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        let known = all.keys().find(|known| case.same(known, key)).unwrap_or(key).clone();
        all.insert(known, value.clone());
    }
    if all.len() > MOST {
        return Err(AwsFault::new(409, "LimitExceeded", "The number of tags has reached the maximum limit."));
    }
    Ok(all)
}

/// Takes tags away by key; one that is not there is none to complain of.
pub(crate) fn untag(tags: &mut BTreeMap<String, String>, form: &Parameters, case: Case) {
    let keys = form.list("TagKeys").unwrap_or_default();
    tags.retain(|known, _| !keys.iter().any(|key| case.same(known, key)));
}

/// Number, length and characters of what a request brings.
fn check(new: &[(String, String)]) -> Result<(), AwsFault> {
    if new.len() > MOST {
        return Err(constraint("tags", None, &format!("have length less than or equal to {MOST}")));
    }
    let plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
    for (number, (key, value)) in new.iter().enumerate().map(|(at, pair)| (at + 1, pair)) {
        let member = |which: &str| format!("tags.{number}.member.{which}");
        if key.is_empty() {
            return Err(constraint(&member("key"), Some(key), "have length greater than or equal to 1"));
        }
        for (which, text, most, pattern) in
            [("key", key, LONGEST_KEY, format!("{PATTERN}+")), ("value", value, LONGEST_VALUE, format!("{PATTERN}*"))]
        {
            if text.chars().count() > most {
                let rule = format!("have length less than or equal to {most}");
                return Err(constraint(&member(which), Some(text), &rule));
            }
            if !plain(text) {
                return Err(constraint(&member(which), Some(text), &pattern));
            }
        }
        if key.to_lowercase().starts_with("aws:") {
            // Own words: that such keys are AWS's alone is documented, how IAM says so is not.
            return Err(AwsFault::invalid(format!("Tag key {key} begins with aws:, which is reserved for AWS.")));
        }
    }
    Ok(())
}

/// Tags ready to be shown or paged, ordered by key.
pub(crate) fn items(tags: &BTreeMap<String, String>) -> Vec<(String, String)> {
    tags.iter().map(|(k, v)| (k.clone(), format!("{}{}", tag("Key", k), tag("Value", v)))).collect()
}

/// The list of tags, which is left out when there are none (reported).
pub(crate) fn list(tags: &BTreeMap<String, String>) -> String {
    if tags.is_empty() {
        return String::new();
    }
    crate::outcome::members("Tags", items(tags).into_iter().map(|(_, xml)| xml))
}

/// A page of them.
pub(crate) fn paged(form: &Parameters, tags: &BTreeMap<String, String>) -> Outcome {
    page(form, "Tags", items(tags))
}
