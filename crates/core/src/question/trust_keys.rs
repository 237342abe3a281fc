//! Why a condition's key can never be met, whatever its value.

use crate::cause::Cause;
use trustwalk_trust_policy::{Comparison, DocumentCondition, DocumentStatement, Operator};

use super::Draft;
use super::facts::{effective_audience, eks_issuer};
use super::policy_edit::{Place, move_condition, remove_condition, rename_keys};
use super::trust::{Case, federated, of_call};
use crate::finding::Confidence;

/// The claims IAM turns into keys for every issuer (IAM User Guide, condition context keys).
const KEYS: [&str; 2] = ["aud", "sub"];

/// A key that cannot match, with the reason.
pub(super) fn wrong_key(
    case: &Case<'_>,
    index: usize,
    statement: &DocumentStatement,
    condition: &DocumentCondition,
) -> Option<(Cause, Draft)> {
    let key = condition.key.as_str();
    let lower = key.to_lowercase();
    let path = case.path.to_lowercase();
    let (head, name) = lower.rsplit_once(':').unwrap_or((lower.as_str(), ""));
    let place = Place { statement: index, operator: &condition.operator, key };
    let policy = &case.role.trust_policy;
    let rename = |new: &str| move_condition(policy, place, &condition.operator, new);
    // A slip is rarely made in one key only, and one of several put right cures nothing.
    let rename_all = |head: &str| {
        rename_keys(policy, index, |key| {
            let (path, name) = key.rsplit_once(':')?;
            path.eq_ignore_ascii_case(head).then(|| format!("{}:{name}", case.path))
        })
    };
    let (rule, why, fixed) = if lower.contains("https://") {
        let fixed = rename_keys(policy, index, |k| k.contains("https://").then(|| k.replace("https://", "")));
        (
            Cause::HttpsPrefixInArnOrConditionKey,
            "contains https://, and keys begin with the bare issuer".to_owned(),
            fixed,
        )
    } else if lower.starts_with("arn:") {
        let fixed = lower.contains(&path).then(|| rename_all(head)).flatten();
        (
            Cause::ConditionKeyNotIssuerPath,
            "is written with the provider's ARN instead of the issuer's path".to_owned(),
            fixed,
        )
    } else if lower == path {
        let name = condition.values.first().map_or("sub", |v| if v.starts_with("sts.") { "aud" } else { "sub" });
        (
            Cause::ConditionKeyMissingSubSuffix,
            format!("is the bare issuer and lacks `:{name}`"),
            rename(&format!("{}:{name}", case.path)),
        )
    } else if head == path {
        return unsupported(case, index, condition, name);
    } else if lower.starts_with("aws:requesttag/") || lower.starts_with("aws:principaltag/") {
        (Cause::RequiredSessionTagNotInToken, "asks for a session tag that the token does not carry".to_owned(), None)
    } else if lower.starts_with("aws:") || lower.starts_with("sts:") {
        return None;
    } else if foreign(statement, head, name, &path) {
        (
            Cause::TwoIssuersAndEdInOneStatement,
            "belongs to another issuer than the token's, and all conditions of a statement must hold: a token has one issuer only".to_owned(),
            // Where the statement trusts the other issuer too, taking its condition away would open the role to it.
            (federated(statement).len() == 1).then(|| remove_condition(policy, place)).flatten(),
        )
    } else if path.strip_prefix(head).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1) {
        (Cause::EnterpriseIssuerPathMissingInConditionKey, "lacks the path of the issuer".to_owned(), rename_all(head))
    } else if head.trim_end_matches('/') == path.trim_end_matches('/') {
        (Cause::IssuerTrailingSlashMismatch, "differs from the issuer by a trailing slash".to_owned(), rename_all(head))
    } else if let (Some((region, id)), Some((our_region, our_id))) = (eks_issuer(head), eks_issuer(&path))
        && id == our_id
        && region != our_region
    {
        (
            Cause::WrongRegionInIssuerHost,
            format!("has region {region} and the issuer is in {our_region}"),
            rename_all(head),
        )
    } else {
        let fixed = KEYS.contains(&name).then(|| rename_all(head)).flatten();
        (Cause::ConditionKeyNotIssuerPath, "does not begin with the token's issuer".to_owned(), fixed)
    };
    let draft = Draft::new(format!("the condition key `{key}` in the trust policy of {} {why}", case.role.arn))
        .show("issuer", case.path, "token iss")
        .show("condition key", key, case.origin(index, &format!("Condition.{}", condition.operator)));
    let title = if rule == Cause::TwoIssuersAndEdInOneStatement {
        "give each issuer a statement of its own, with its own conditions"
    } else if rule == Cause::RequiredSessionTagNotInToken {
        "have the issuer put the tag into the token, or drop the condition"
    } else {
        "write the key as the issuer without scheme, a colon and the claim"
    };
    Some((rule, case.repaired(draft, title, fixed)))
}

/// Whether a key speaks of a second issuer beside the token's: one that the statement trusts too, or
/// whose claim the statement already compares under the token's own issuer.
fn foreign(statement: &DocumentStatement, head: &str, name: &str, path: &str) -> bool {
    let trusted = federated(statement);
    let second = trusted.len() > 1 && trusted.iter().any(|f| f.to_lowercase().ends_with(&format!("/{head}")));
    let own = format!("{path}:{name}");
    let near = eks_issuer(head).zip(eks_issuer(path)).is_some_and(|((_, theirs), (_, ours))| theirs == ours);
    let both = head.contains('.') && !near && statement.conditions.iter().any(|c| c.key.to_lowercase() == own);
    second || both
}

fn unsupported(case: &Case<'_>, index: usize, condition: &DocumentCondition, name: &str) -> Option<(Cause, Draft)> {
    if KEYS.contains(&name) {
        return None;
    }
    if trustwalk_trust_policy::claim_becomes_key(case.path, name) && case.token.claims.contains_key(name) {
        return None;
    }
    let origin = case.origin(index, &format!("Condition.{}.{}", condition.operator, condition.key));
    let arn = &case.role.arn;
    let values = condition.values.join(", ");
    let whole = format!("https://{}", case.path);
    if name == "iss" && !condition.values.contains(&whole) {
        let draft = Draft::new(format!("the trust policy of {arn} asks `{}` for `{values}`, and no such key ever matches: the issuer is already fixed by the Federated principal", condition.key))
            .show("token iss", format!("https://{}", case.path), case.token.origin.clone())
            .show("condition", values, origin);
        return Some((Cause::IssConditionValueWrongScheme, case.repaired(draft, "remove the condition on iss", None)));
    }
    let draft = Draft::new(format!("the trust policy of {arn} has a condition on `{}`, a claim IAM does not turn into a key for this issuer, so it is never met", condition.key))
        .show("keys IAM sets", format!("{p}:aud, {p}:sub", p = case.path), "IAM User Guide, condition context keys")
        .show("condition", format!("{} {}", condition.operator, values), origin);
    Some((Cause::ConditionKeyClaimNotSupportedByIam, case.repaired(draft, "express the restriction with :sub", None)))
}

/// A condition that is not met for a reason that has no name of its own.
pub(super) fn unmet(case: &Case<'_>, index: usize, condition: &DocumentCondition) -> Draft {
    let name = condition.key.rsplit(':').next().unwrap_or_default();
    let actual = match name.to_ascii_lowercase().as_str() {
        "sub" => case.token.sub.clone(),
        "aud" => effective_audience(case.token).map(str::to_owned),
        _ => case.token.claims.get(name).cloned(),
    };
    let (arn, key, operator) = (&case.role.arn, &condition.key, &condition.operator);
    let place = case.origin(index, &format!("Condition.{operator}.{key}"));
    let wanted = if condition.values.is_empty() { "no value at all".to_owned() } else { condition.values.join(", ") };
    if of_call(key) {
        let draft = Draft::new(format!(
            "the trust policy of {arn} asks for {key} `{wanted}` by {operator}, and that comes with the call, not with the token"
        ))
        .unsure(Confidence::Likely, decides(&key.to_ascii_lowercase()))
        .show("condition", wanted, place);
        return case.repaired(draft, "let the condition admit the calls of this workload", None);
    }
    let kind = Operator::parse(operator);
    let has = actual.as_deref().map_or_else(|| "the token has none".to_owned(), |a| format!("the token has `{a}`"));
    let sentence = match kind {
        Some(o) if o.comparison == Comparison::Null => {
            let absent = condition.values.iter().any(|v| v.eq_ignore_ascii_case("true"));
            let asked = if absent { "to be absent" } else { "to be present" };
            format!("the trust policy of {arn} asks {key} {asked} (Null `{wanted}`), and {has}")
        }
        Some(o) if o.negated => format!("the trust policy of {arn} excludes {key} `{wanted}` by {operator}, and {has}"),
        Some(_) | None => format!("the trust policy of {arn} asks for {key} `{wanted}` by {operator}, and {has}"),
    };
    let draft = Draft::new(sentence)
        .show(&format!("token {name}"), actual.unwrap_or_else(|| "(absent)".to_owned()), case.token.origin.clone())
        .show("condition", wanted, place);
    let of_time = ["aws:currenttime", "aws:epochtime"].contains(&key.to_ascii_lowercase().as_str());
    let draft = if of_time { draft.timed(case.e) } else { draft };
    case.repaired(draft, "let the condition name this identity", None)
}

/// What tells the value of a key that comes with the call.
fn decides(key: &str) -> &'static str {
    match key {
        "sts:rolesessionname" => {
            "the session name of the workload itself: AWS_ROLE_SESSION_NAME in its container, or roleSessionName in CloudTrail's AssumeRoleWithWebIdentity events; an exchange of trustwalk's own is named trustwalk-verify"
        }
        "sts:sourceidentity" => {
            "whether the token carries the claim https://aws.amazon.com/source_identity: `trustwalk token FILE` lists its claims"
        }
        _ => {
            "CloudTrail's AssumeRoleWithWebIdentity events of the workload name address, time and endpoint of its calls"
        }
    }
}
