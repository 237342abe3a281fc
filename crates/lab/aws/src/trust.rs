//! Trust policies: whether a role admits whoever asks for it, decided as the IAM User Guide says.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::language::{Asked, Decision, Keys, decide_one, one_or_many};

/// What a request to STS does besides taking the role, each of which needs an action of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extras {
    /// It passes session tags.
    pub(crate) tags: bool,
    /// It passes a source identity.
    pub(crate) source_identity: bool,
}

/// Whether the document admits a web identity of a provider, and if not, the action it does not allow. Tags in the
/// token need `sts:TagSession`, a source identity `sts:SetSourceIdentity` (IAM User Guide, "Pass session tags in AWS
/// STS" and "Monitor and control actions taken with assumed roles").
pub(crate) fn admits(document: &str, provider_arn: &str, keys: &Keys, extras: Extras) -> Result<(), &'static str> {
    let federated = |p: &Value| names(p, "Federated", |f| f == provider_arn);
    let more = [("sts:TagSession", extras.tags), ("sts:SetSourceIdentity", extras.source_identity)];
    let needed = more.into_iter().filter(|(_, needed)| *needed).map(|(action, _)| action);
    let refused = std::iter::once("sts:AssumeRoleWithWebIdentity")
        .chain(needed)
        .find(|action| allows(document, action, keys, federated) != Decision::Allowed);
    refused.map_or(Ok(()), Err)
}

/// Whether the document lets EKS' Pod Identity have the role, session tags and all, where there are any (EKS User
/// Guide, "EKS Pod Identity role").
pub(crate) fn admits_pods(document: &str, keys: &Keys, tagged: bool) -> bool {
    let service = |p: &Value| names(p, "Service", |s| s == "pods.eks.amazonaws.com");
    let needed: &[&str] = if tagged { &["sts:AssumeRole", "sts:TagSession"] } else { &["sts:AssumeRole"] };
    needed.iter().all(|action| allows(document, action, keys, service) == Decision::Allowed)
}

/// Whether the document lets a service have the role.
pub(crate) fn admits_service(document: &str, service: &str, keys: &Keys) -> bool {
    let named = |p: &Value| names(p, "Service", |s| s == service);
    allows(document, "sts:AssumeRole", keys, named) == Decision::Allowed
}

/// By what an IAM caller is known.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// ARN of the user or session.
    pub(crate) principal: String,
    /// ARN of the session's role, and the role's unique id.
    pub(crate) role: Option<(String, String)>,
    /// Account.
    pub(crate) account_id: String,
}

/// How a document admits an IAM caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Not at all.
    No,
    /// Through its account: the caller's own policies must allow the call too.
    ByAccount,
    /// Through its role, or as anybody: enough within one account, where nothing that narrows stands against it.
    ByRole,
    /// As this user or session, which is enough within one account (IAM User Guide, "Policy evaluation logic").
    ByName,
}

/// Whether and how the document admits an IAM caller to an action. A role that the document names is the one that it
/// was when the document was saved: `trusted` has the unique ids.
pub(crate) fn admits_caller(
    document: &str,
    action: &str,
    who: &Known,
    trusted: &BTreeMap<String, String>,
    keys: &Keys,
) -> Admission {
    let listed = |p: &Value| one_or_many(p.get("AWS"));
    let by_name = |p: &Value| listed(p).contains(&who.principal);
    let by_role = |p: &Value| {
        names(p, "AWS", |named| {
            let role = who.role.as_ref().filter(|(arn, _)| arn == named);
            role.is_some_and(|(arn, id)| trusted.get(arn).is_none_or(|saved| saved == id))
        })
    };
    let root = format!(":iam::{}:root", who.account_id);
    let by_account = |p: &Value| listed(p).iter().any(|named| *named == who.account_id || named.ends_with(&root));
    let said = |named: &dyn Fn(&Value) -> bool| allows(document, action, keys, named) == Decision::Allowed;
    // All together first, so that a denial of the account counts for the named as well.
    if !said(&|p| by_name(p) || by_role(p) || by_account(p)) {
        Admission::No
    } else if said(&by_name) {
        Admission::ByName
    } else if said(&by_role) {
        Admission::ByRole
    } else {
        Admission::ByAccount
    }
}

fn allows(document: &str, action: &str, keys: &Keys, named: impl Fn(&Value) -> bool) -> Decision {
    decide_one(document, Asked { action, resource: None, keys }, |statement| {
        match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(p), _) => named(p),
            (None, Some(p)) => !named(p),
            (None, None) => false,
        }
    })
}

/// No wildcard matches part of a principal; `*` alone means everyone, and `{"AWS": "*"}` means the same (IAM User
/// Guide, "Principal", "All principals": the two are equivalent).
fn names(principal: &Value, kind: &str, matches: impl Fn(&str) -> bool) -> bool {
    let everyone = |value: Option<&Value>| one_or_many(value).iter().any(|p| p == "*");
    everyone(Some(principal))
        || everyone(principal.get("AWS"))
        || one_or_many(principal.get(kind)).iter().any(|p| matches(p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ARN: &str = "arn:aws:iam::111122223333:oidc-provider/i.example";

    fn admitted(principal: &Value, actions: &Value, extras: Extras) -> Result<(), &'static str> {
        let document = json!({"Statement": {"Effect": "Allow", "Principal": principal, "Action": actions}});
        admits(&document.to_string(), ARN, &Keys::new(), extras)
    }

    #[test]
    fn everyone_is_everyone() {
        let web = json!("sts:AssumeRoleWithWebIdentity");
        for (principal, yes) in [
            (json!({"Federated": ARN}), true),
            (json!({"Federated": [ARN, "accounts.google.com"]}), true),
            (json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/*"}), false),
            (json!({"AWS": "*"}), true),
            (json!("*"), true),
            (json!({"AWS": "111122223333"}), false),
            (json!({"Service": "*"}), false),
        ] {
            assert_eq!(admitted(&principal, &web, Extras::default()).is_ok(), yes, "{principal}");
        }
    }

    #[test]
    fn what_a_token_brings_along_needs_its_own_action() {
        let (all, tags) = (Extras { tags: true, source_identity: true }, Extras { tags: true, ..Extras::default() });
        let who = json!({"Federated": ARN});
        let web = json!("sts:AssumeRoleWithWebIdentity");
        let both = json!(["sts:AssumeRoleWithWebIdentity", "sts:tagsession"]);
        assert_eq!(admitted(&who, &web, tags), Err("sts:TagSession"));
        assert_eq!(admitted(&who, &both, tags), Ok(()));
        assert_eq!(admitted(&who, &both, all), Err("sts:SetSourceIdentity"));
        assert_eq!(admitted(&who, &json!("sts:TagSession"), tags), Err("sts:AssumeRoleWithWebIdentity"));
    }
}
