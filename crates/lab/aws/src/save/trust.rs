//! Trust policies.

use serde_json::Value;

use super::identity::listed;
use super::{conditions, form, legacy, malformed, services, sids, size, spelt, syntax, unprefaced};
use crate::account::Account;
use crate::guard;
use crate::language::{glob, one_or_many};
use crate::outcome::AwsFault;
use crate::sts::role_of;

/// Characters of a trust policy (IAM quotas).
const QUOTA: usize = 2048;
/// What a trust policy may allow (Service Authorization Reference, AWS STS: the actions on roles).
const ACTIONS: [&str; 7] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
    "sts:assumeroot",
];
/// Digits of an account.
const ACCOUNT_DIGITS: usize = 12;

/// What IAM asks of a trust policy when it is saved.
pub(crate) fn trust(account: &Account, document: &str) -> Result<(), AwsFault> {
    let value: Value = serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let all = form(&value)?;
    if !all.iter().all(spelt) {
        return Err(syntax());
    }
    sids(&all)?;
    for statement in all {
        if statement.get("Resource").is_some() || statement.get("NotResource").is_some() {
            return Err(malformed("Has prohibited field Resource"));
        }
        if statement.get("Effect").is_none() {
            return Err(malformed("Missing required field Effect"));
        }
        // Own words, after those for `Resource`.
        if statement.get("NotPrincipal").is_some() {
            return Err(malformed("Has prohibited field NotPrincipal"));
        }
        let principal = statement.get("Principal").ok_or_else(|| malformed("Missing required field Principal"))?;
        principals(account, principal)?;
        actions(&statement)?;
        for comparison in conditions(&statement, |name| malformed(format!("Invalid Condition type : {name}")))? {
            if !comparison.key.contains(':') {
                return Err(unprefaced());
            }
            if comparison.has_colons() {
                return Err(malformed("Condition can contain only one colon."));
            }
            if !comparison.is_readable() {
                return Err(legacy());
            }
        }
        if let Some(refused) = guard::open_to_all(&statement) {
            return Err(malformed(refused));
        }
    }
    if size(document) > QUOTA {
        return Err(AwsFault::new(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"));
    }
    Ok(())
}

fn actions(statement: &Value) -> Result<(), AwsFault> {
    let all = listed(statement, "Action", "NotAction")?;
    if all.is_empty() {
        return Err(malformed("Missing required field Action"));
    }
    let known = |action: &String| {
        let action = action.to_ascii_lowercase();
        action.starts_with("sts:") && ACTIONS.iter().any(|known| glob(&action, known))
    };
    if all.iter().all(known) {
        Ok(())
    } else {
        Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."))
    }
}

fn invalid(text: &str) -> AwsFault {
    malformed(format!("AssumeRolepolicy contained an invalid principal: {text}."))
}

fn principals(account: &Account, principal: &Value) -> Result<(), AwsFault> {
    if principal.as_str() == Some("*") {
        return Err(invalid("\"STAR\":\"*\""));
    }
    let kinds = principal.as_object().filter(|kinds| !kinds.is_empty()).ok_or_else(|| invalid(""))?;
    // An empty list beside others says nothing, and is saved: what a well-known module writes of trusted services.
    let is_nobody = kinds.values().all(|values| values.as_array().is_some_and(Vec::is_empty));
    for (kind, values) in kinds {
        let texts = one_or_many(Some(values));
        if is_nobody || texts.iter().any(String::is_empty) || (texts.is_empty() && !values.is_array()) {
            return Err(if kind == "Federated" { not_federated() } else { invalid("") });
        }
        match kind.as_str() {
            "AWS" => texts.iter().try_for_each(|text| aws(account, text))?,
            "Federated" => texts.iter().try_for_each(|text| federated(text))?,
            "Service" => texts.iter().try_for_each(|text| service(text))?,
            "CanonicalUser" => {}
            _ => return Err(syntax()),
        }
    }
    Ok(())
}

/// A role or user named as a principal must exist, as far as the account is one of the lab's; no part of an ARN is a
/// wildcard (IAM User Guide, "Principal").
fn aws(account: &Account, text: &str) -> Result<(), AwsFault> {
    let unknown = || malformed(format!("Invalid principal in policy: \"AWS\":\"{text}\""));
    let digits = |text: &str| text.len() == ACCOUNT_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    if text == "*" || digits(text) {
        return Ok(());
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service @ ("iam" | "sts"), "", owner, resource] = parts.as_slice() else {
        return Err(unknown());
    };
    if !digits(owner) || *partition != account.config.partition || resource.contains(['*', '?', '$']) {
        return Err(unknown());
    }
    let (kind, rest) = resource.split_once('/').unwrap_or((resource, ""));
    let owner = account.member(owner);
    let known = match (*service, kind, &owner) {
        ("iam", "root", _) => rest.is_empty(),
        ("iam", "role", Some(owner)) => role_of(owner, text).is_some(),
        ("iam", "user", Some(owner)) => crate::arns::user(owner, rest).is_some_and(|arn| arn == text),
        ("sts", "assumed-role", Some(owner)) => {
            rest.split_once('/').is_some_and(|(role, session)| owner.role(role).is_some() && !session.is_empty())
        }
        ("iam", "role" | "user", None) | ("sts", "assumed-role", None) | ("sts", "federated-user", _) => {
            !rest.is_empty()
        }
        _ => false,
    };
    if known { Ok(()) } else { Err(unknown()) }
}

/// A provider's ARN, or the domain of one that IAM knows by itself.
fn federated(text: &str) -> Result<(), AwsFault> {
    let domain = text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let arn = match parts.as_slice() {
        ["arn", _, "iam", "", owner, resource] => {
            let name = ["oidc-provider/", "saml-provider/"].iter().find_map(|kind| resource.strip_prefix(kind));
            owner.len() == ACCOUNT_DIGITS
                && owner.bytes().all(|b| b.is_ascii_digit())
                && name.is_some_and(|name| !name.is_empty() && !name.contains("://") && !name.contains(['*', '$', ' ']))
        }
        _ => false,
    };
    if domain || arn { Ok(()) } else { Err(not_federated()) }
}

fn not_federated() -> AwsFault {
    malformed("Federated principals must be valid domain names or SAML metadata ARNs")
}

/// A service's name.
fn service(text: &str) -> Result<(), AwsFault> {
    if services::is_service(text) {
        Ok(())
    } else {
        Err(malformed(format!("Invalid principal in policy: \"SERVICE\":\"{text}\"")))
    }
}
