//! Who is worth trying: everybody a document names, somebody of every account it names, and strangers.

use crate::claims::Identity;
use crate::document::{PrincipalKind, Principals};
use crate::policy::Policy;
use crate::request::Principal;

/// A name that nobody has.
pub(super) const STRANGER: &str = "trustwalk-stranger";
/// An account that nobody has: numbers are of twelve digits and begin with more than zeros.
const NO_ACCOUNT: &str = "000000000000";

/// Everybody worth trying.
pub(super) fn of(before: &Policy, after: &Policy, asked: &Identity) -> Vec<Principal> {
    let mut all = vec![Principal::Federated(asked.provider_arn.clone())];
    let elements = before.statements.iter().chain(&after.statements).filter_map(|s| s.principal.as_ref());
    for element in elements {
        if let Principals::Listed(listed) = &element.principals {
            for (kind, value) in listed.iter().filter(|(_, value)| value != "*") {
                named(*kind, value, &mut all);
            }
        }
    }
    let account = asked.provider_arn.split(':').nth(4).filter(|a| !a.is_empty()).unwrap_or(NO_ACCOUNT);
    all.extend([
        Principal::Federated(format!("arn:aws:iam::{account}:oidc-provider/{STRANGER}.invalid")),
        // IAM's own provider, whose tokens everybody can have (DOC: IAM User Guide, "Principal").
        Principal::Federated("accounts.google.com".to_owned()),
        Principal::Federated(format!("arn:aws:iam::{account}:saml-provider/{STRANGER}")),
        Principal::Aws(format!("arn:aws:iam::{account}:role/{STRANGER}")),
        Principal::Aws(format!("arn:aws:iam::{NO_ACCOUNT}:role/{STRANGER}")),
        Principal::Service(format!("{STRANGER}.amazonaws.com")),
        Principal::CanonicalUser(STRANGER.to_owned()),
        Principal::Anonymous,
    ]);
    let mut distinct: Vec<Principal> = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

fn named(kind: PrincipalKind, value: &str, all: &mut Vec<Principal>) {
    match kind {
        PrincipalKind::Federated => all.push(Principal::Federated(value.to_owned())),
        PrincipalKind::Service => all.push(Principal::Service(value.to_owned())),
        PrincipalKind::CanonicalUser => all.push(Principal::CanonicalUser(value.to_owned())),
        PrincipalKind::Aws => aws(value, all),
    }
}

/// The principal itself, and where an account or a role is named, somebody of it.
fn aws(value: &str, all: &mut Vec<Principal>) {
    all.push(Principal::Aws(value.to_owned()));
    let mut parts = value.splitn(6, ':');
    let (partition, account, resource) = (parts.nth(1).unwrap_or("aws"), parts.nth(2), parts.next());
    match (account, resource) {
        (Some(account), Some("root")) => {
            all.push(Principal::Aws(format!("arn:{partition}:iam::{account}:user/{STRANGER}")));
        }
        (Some(account), Some(resource)) => {
            if let Some(name) = resource.strip_prefix("role/").and_then(|r| r.rsplit('/').next()) {
                all.push(Principal::Aws(format!("arn:{partition}:sts::{account}:assumed-role/{name}/{STRANGER}")));
            }
        }
        _ if value.bytes().all(|b| b.is_ascii_digit()) => {
            all.push(Principal::Aws(format!("arn:aws:iam::{value}:user/{STRANGER}")));
        }
        _ => {}
    }
}
