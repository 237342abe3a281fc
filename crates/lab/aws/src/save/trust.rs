//! Trust policies.

use serde_json::Value;

use super::identity::listed;
use super::{conditions, form, malformed, syntax};
use crate::account::Account;
use crate::guard;
use crate::language::{glob, one_or_many};
use crate::outcome::AwsFault;

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
    for statement in form(&value)? {
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
        conditions(&statement, true)?;
        if let Some(refused) = guard::open_to_all(&statement) {
            return Err(malformed(refused));
        }
    }
    let size = document.chars().filter(|c| !c.is_whitespace()).count();
    if size > QUOTA {
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
    for (kind, values) in kinds {
        let texts = one_or_many(Some(values));
        if texts.is_empty() || texts.iter().any(String::is_empty) {
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

/// A role named as a principal must exist; the lab knows its own accounts' roles alone, and no users.
fn aws(account: &Account, text: &str) -> Result<(), AwsFault> {
    let unknown = || malformed(format!("Invalid principal in policy: \"AWS\":\"{text}\""));
    let digits = |text: &str| text.len() == ACCOUNT_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    if text == "*" || digits(text) {
        return Ok(());
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", _, "iam" | "sts", "", owner, resource] = parts.as_slice() else { return Err(unknown()) };
    if !digits(owner) {
        return Err(unknown());
    }
    let known = match (account.member(owner), resource.strip_prefix("role/")) {
        (Some(owner), Some(rest)) => rest.rsplit('/').next().is_some_and(|name| owner.role(name).is_some()),
        _ => true,
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

/// A service's name. Which services there are the lab does not know; all end as AWS's hosts do.
fn service(text: &str) -> Result<(), AwsFault> {
    let ends = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal", ".aws.com"];
    if ends.iter().any(|end| text.strip_suffix(end).is_some_and(|name| !name.is_empty())) {
        Ok(())
    } else {
        Err(malformed(format!("Invalid principal in policy: \"SERVICE\":\"{text}\"")))
    }
}
