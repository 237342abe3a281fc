//! What stands where a role's ARN belongs and is none: what is wrong with it, and which role was meant.

use trustwalk_foreign::snippet;

use super::Draft;
use super::annotate::{annotate, well_formed};
use super::facts::{arn_parts, service_account};
use super::trust;
use crate::evidence::{ROLE_ANNOTATION, Role, View};
use crate::plan::{Action, ways};

/// What is wrong with a text that is not a role's ARN.
fn what(arn: &str) -> String {
    let clean = cleaned(arn);
    if clean != arn && well_formed(clean) {
        let quoted = arn.trim() != clean;
        let around = if quoted { "quotes" } else { "a blank or a line break" };
        return format!("not a role's ARN: it has {around} around it, which {} part of the value", verb(quoted));
    }
    if arn.matches("arn:").count() > 1 {
        return "not a role's ARN: it holds more than one".to_owned();
    }
    if arn.contains("${") || arn.contains("{{") || arn.contains('<') {
        return "not a role's ARN: a template left its placeholder unfilled".to_owned();
    }
    match arn_parts(clean) {
        Some((_, _, r)) if r.starts_with("policy/") => "the ARN of a policy".to_owned(),
        Some((_, _, r)) if r.starts_with("assumed-role/") => "the ARN of a session".to_owned(),
        Some((_, _, r)) if r.starts_with("instance-profile/") => "the ARN of an instance profile".to_owned(),
        Some((_, _, r)) if r.starts_with("user/") => "the ARN of a user".to_owned(),
        Some((_, account, r)) if r.starts_with("role/") && account.len() != 12 => {
            format!("not a role's ARN: the account `{account}` has {} digits instead of 12", account.len())
        }
        None if !clean.contains(':') => "not a role's ARN: it looks like a bare name".to_owned(),
        Some(_) | None => "not a role's ARN".to_owned(),
    }
}

fn verb(plural: bool) -> &'static str {
    if plural { "are" } else { "is" }
}

/// A value without what YAML and shells leave around it.
fn cleaned(arn: &str) -> &str {
    arn.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\'))
}

/// What is given for a role's ARN and is none.
pub(super) fn malformed(e: &View<'_>, arn: &str) -> Option<Draft> {
    if well_formed(arn) {
        return None;
    }
    let origin = e.role_arn().source().map_or_else(|| "role ARN".to_owned(), |s| s.what.clone());
    let draft = Draft::new(format!("the workload is told to assume `{}`, which is {}", arn.escape_debug(), what(arn)))
        .show(
            "role asked for",
            if arn.trim() == arn { arn.escape_debug().to_string() } else { format!("{arn:?}") },
            origin,
        )
        .show("expected", "arn:aws:iam::ACCOUNT:role/NAME", "IAM identifiers");
    let meant = e.role().known().map(|r| r.arn.as_str()).filter(|real| *real == cleaned(arn));
    let by_annotation = e.service_account().known().filter(|sa| sa.role_arn() == Some(arn));
    Some(match (by_annotation, meant, service_account(e)) {
        (Some(sa), Some(meant), _) => annotate(e, draft, sa, meant),
        (_, _, Some((namespace, service_account))) => {
            // Whichever tool writes the annotation: what is wrong may stand in an add-on, or in eksctl's config.
            let (key, value) = (ROLE_ANNOTATION.to_owned(), Some(meant_by(e, arn)));
            let action = Action::Annotate { namespace, service_account, key, value };
            draft.cure("give the service account a role's ARN", &ways(e, &action))
        }
        _ => draft.cure(
            "give the role's ARN",
            &[("workflow", snippet::workflow("role-to-assume: {}", &[&meant_by(e, arn)]))],
        ),
    })
}

/// Stands in commands for the role that nobody knows, in the account that is known.
pub(super) fn some_role(e: &View<'_>) -> String {
    let account = e.caller().known().map_or("ACCOUNT", |c| c.account.as_str());
    let partition = e.caller().known().and_then(|c| arn_parts(&c.arn)).map_or("aws", |(partition, _, _)| partition);
    format!("arn:{partition}:iam::{account}:role/ROLE")
}

/// The ARN that was meant, with the role's name where the text has one: between quotes or blanks, of a session, as a
/// bare name or path, of an account with too few digits. The name of a policy, a user or an instance profile is not
/// known to be a role's.
fn meant_by(e: &View<'_>, text: &str) -> String {
    let clean = cleaned(text);
    let first = clean.split([' ', ',', ';', '\n', '\t']).map(cleaned).find(|part| well_formed(part));
    if let Some(arn) = first {
        return arn.to_owned();
    }
    if let Some(role) = of_that_name(e, clean) {
        return role;
    }
    let unknown = some_role(e);
    let Some(start) = unknown.strip_suffix("ROLE") else { return unknown };
    let named = |name: &str| Some([start, name].concat()).filter(|arn| well_formed(&arn.replace("ACCOUNT", TWELVE)));
    let name = match arn_parts(clean) {
        Some((_, _, resource)) => match resource.split_once('/') {
            Some(("assumed-role", session)) => session.split('/').next(),
            Some(("role", path)) => Some(path),
            Some(_) | None => None,
        },
        None if clean.contains(':') || clean.contains("${") || clean.contains("{{") || clean.contains('<') => None,
        None => Some(clean.trim_start_matches('/').trim_start_matches("role/")),
    };
    name.and_then(named).unwrap_or(unknown)
}

/// The role that was meant, as the account tells: the one that admits this identity, or, among those whose trust
/// policy names its issuer, the one of the name that the text ends with, be it the name of a policy or a user.
fn of_that_name(e: &View<'_>, text: &str) -> Option<String> {
    let named = |name: &str| text.rsplit(['/', ':']).next().is_some_and(|end| end == name);
    let admitting = trust::admitting(e);
    let by_name = |all: &[&Role]| all.iter().find(|r| named(&r.name)).map(|r| r.arn.clone());
    let sole = || admitting.first().filter(|_| admitting.len() == 1).map(|r| r.arn.clone());
    let all: Vec<&Role> = e.trusting().known().into_iter().flatten().collect();
    by_name(&admitting).or_else(sole).or_else(|| by_name(&all))
}

/// As many digits as an account has.
const TWELVE: &str = "000000000000";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Target};

    #[test]
    fn the_name_that_a_text_has_is_kept() {
        let e = Evidence::new(Target::Log { name: "-".to_owned(), identity: None }, 0);
        let view = View::new(&e);
        for (text, meant) in [
            ("HarbourLedgerRole", "arn:aws:iam::ACCOUNT:role/HarbourLedgerRole"),
            ("role/team/Ledger", "arn:aws:iam::ACCOUNT:role/team/Ledger"),
            ("arn:aws:sts::111122223333:assumed-role/Ledger/botocore-1", "arn:aws:iam::ACCOUNT:role/Ledger"),
            ("arn:aws:iam::1111222233:role/Ledger", "arn:aws:iam::ACCOUNT:role/Ledger"),
            ("'arn:aws:iam::111122223333:role/Ledger' ", "arn:aws:iam::111122223333:role/Ledger"),
            ("arn:aws:iam::111122223333:policy/Ledger", "arn:aws:iam::ACCOUNT:role/ROLE"),
            ("arn:aws:iam::${ACCOUNT_ID}:user/x", "arn:aws:iam::ACCOUNT:role/ROLE"),
            ("${ROLE_ARN}", "arn:aws:iam::ACCOUNT:role/ROLE"),
            ("", "arn:aws:iam::ACCOUNT:role/ROLE"),
        ] {
            assert_eq!(meant_by(&view, text), meant, "{text}");
        }
    }
}
