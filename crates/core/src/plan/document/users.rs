//! Who else uses what a step changes, as far as it was read. What was not read is said, and never taken for nobody.

use serde::{Deserialize, Serialize};
use trustwalk_trust_policy::{Document, PrincipalKind, Principals};

use crate::evidence::{Evidence, Role, Target, View};
use crate::plan::action::Action;
use crate::plan::check::provider_account;
use crate::question::provider_to_be;

/// Names, and why the list may not be whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Listed {
    /// Those that are known.
    pub names: Vec<String>,
    /// What was not read; `None` when the list is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_known: Option<String>,
}

/// Who uses an object besides the identity that the plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Users {
    /// Roles.
    pub roles: Listed,
    /// AWS accounts, besides the object's own.
    pub accounts: Listed,
    /// Service accounts, as `namespace/name`.
    pub service_accounts: Listed,
    /// Workloads.
    pub workloads: Listed,
    /// Clusters, or the issuers of their tokens.
    pub clusters: Listed,
}

impl Users {
    /// Every list with its name.
    pub fn lists(&self) -> [(&'static str, &Listed); 5] {
        [
            ("roles", &self.roles),
            ("accounts", &self.accounts),
            ("service accounts", &self.service_accounts),
            ("workloads", &self.workloads),
            ("clusters", &self.clusters),
        ]
    }

    /// Whether anybody is known.
    pub fn any(&self) -> bool {
        self.lists().iter().any(|(_, l)| !l.names.is_empty())
    }

    /// Whether every list is whole.
    pub fn whole(&self) -> bool {
        self.lists().iter().all(|(_, l)| l.not_known.is_none())
    }
}

fn unread(what: &str) -> Listed {
    Listed { names: Vec::new(), not_known: Some(what.to_owned()) }
}

fn whole(mut names: Vec<String>) -> Listed {
    names.sort();
    names.dedup();
    Listed { names, not_known: None }
}

const WORKLOADS: &str = "the workloads of other service accounts were not read";
const NAMESPACES: &str = "service accounts of other namespaces were not read";

/// Who else uses the object of an action.
pub(super) fn of(e: &Evidence, action: &Action) -> Users {
    match action {
        Action::SetThumbprints { provider_arn, .. } | Action::AddClientId { provider_arn, .. } => {
            of_provider(e, provider_arn)
        }
        Action::CreateProvider { url, .. } => {
            provider_to_be(&View::new(e), url).map_or_else(Users::default, |(arn, _)| of_provider(e, &arn))
        }
        Action::SetTrustPolicy { role, .. } | Action::AttachPolicy { role, .. } => of_role(e, role),
        Action::Annotate { .. } | Action::Associate { .. } => Users { workloads: of_account(e), ..Users::default() },
        Action::SetWebhook { .. } => Users { workloads: unread(WORKLOADS), ..Users::default() },
        Action::Restart { .. } | Action::Renew { .. } => Users::default(),
    }
}

fn of_provider(e: &Evidence, arn: &str) -> Users {
    let own = e.role.known().map(|r| r.arn.as_str());
    let roles = match e.trusting.known() {
        Some(all) => {
            let others =
                all.iter().filter(|r| own != Some(r.arn.as_str()) && names(r).federated.iter().any(|f| f == arn));
            whole(others.map(|r| r.arn.clone()).collect())
        }
        None => unread("the roles of the account were not listed"),
    };
    // An EKS cluster has an issuer of its own.
    let issuer = e.cluster.known().and_then(|c| c.issuer.as_deref()).and_then(|i| i.strip_prefix("https://"));
    let of_cluster = issuer.is_some_and(|i| arn.ends_with(&format!(":oidc-provider/{i}")));
    Users {
        roles,
        service_accounts: accounts(e, |role| account(role) == provider_account(arn)),
        workloads: unread(WORKLOADS),
        clusters: if of_cluster { Listed::default() } else { unread("which clusters have this issuer was not read") },
        ..Users::default()
    }
}

fn account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

/// The other service accounts of the namespace whose role fits.
fn accounts(e: &Evidence, fits: impl Fn(&str) -> bool) -> Listed {
    if e.siblings.known().is_none() {
        return unread("the service accounts were not read");
    }
    let others = e.other_accounts().filter(|s| s.role_arn().is_some_and(&fits));
    let names = whole(others.map(|s| format!("{}/{}", s.namespace, s.name)).collect()).names;
    Listed { names, not_known: Some(NAMESPACES.to_owned()) }
}

/// Whom a trust policy names.
#[derive(Default)]
struct Named {
    federated: Vec<String>,
    aws: Vec<String>,
}

fn names(role: &Role) -> Named {
    let mut out = Named::default();
    let Ok(document) = Document::parse(&role.trust_policy) else { return out };
    for principal in document.statements.iter().filter_map(|s| s.principal.as_ref()) {
        let Principals::Listed(list) = &principal.principals else { continue };
        for (kind, value) in list {
            match kind {
                PrincipalKind::Federated => out.federated.push(value.clone()),
                PrincipalKind::Aws => out.aws.push(value.clone()),
                PrincipalKind::Service | PrincipalKind::CanonicalUser => {}
            }
        }
    }
    out
}

fn of_role(e: &Evidence, name: &str) -> Users {
    let all = [&e.role, &e.association_role, &e.association_target];
    let mut known = all.into_iter().filter_map(|r| r.known()).chain(e.trusting.known().into_iter().flatten());
    let Some(role) = known.find(|r| r.name == name) else {
        let nothing = || unread("the role was not read");
        return Users {
            roles: nothing(),
            accounts: nothing(),
            service_accounts: nothing(),
            workloads: nothing(),
            clusters: nothing(),
        };
    };
    let Named { federated, aws } = names(role);
    let own = account(&role.arn);
    // An account stands in a policy by its number alone, or in an ARN.
    let number = |p: &String| account(p).unwrap_or(p).to_owned();
    let foreign = aws.iter().chain(&federated).map(number).filter(|a| Some(a.as_str()) != own);
    let ours = e.provider.known().map(|p| p.arn.as_str());
    let issuers = federated.iter().filter(|f| ours != Some(f.as_str()));
    let mut service_accounts = accounts(e, |arn| arn == role.arn);
    for a in e.associations.known().into_iter().flatten() {
        let one = format!("{}/{}", a.namespace, a.service_account);
        let this = e.service_account.known().is_some_and(|s| s.namespace == a.namespace && s.name == a.service_account);
        let uses = [&a.role_arn, &a.target_role_arn].into_iter().flatten().any(|arn| *arn == role.arn);
        if uses && !this && !service_accounts.names.contains(&one) {
            service_accounts.names.push(one);
        }
    }
    Users {
        roles: whole(aws.iter().filter(|p| p.contains(":role/")).cloned().collect()),
        accounts: whole(foreign.filter(|a| a.len() == 12).collect()),
        service_accounts,
        workloads: unread(WORKLOADS),
        clusters: whole(issuers.filter_map(|f| f.split_once(":oidc-provider/")).map(|(_, i)| i.to_owned()).collect()),
    }
}

/// The pods that run as the service account, where all of them were read.
fn of_account(e: &Evidence) -> Listed {
    match (&e.target, e.pods.known()) {
        (Target::ServiceAccount { .. }, Some(pods)) => whole(pods.iter().map(|p| format!("pod/{}", p.name)).collect()),
        _ => unread("other workloads that run as this service account were not read"),
    }
}
