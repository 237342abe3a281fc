//! EKS Pod Identity associations as actions: what stands in evidence once one is made, changed or taken away.

use crate::evidence::{Evidence, Observed, PodIdentityAssociation, Role, View};
use crate::question::acts_by_association;

/// What an action says of an association.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) namespace: &'a str,
    pub(super) service_account: &'a str,
    pub(super) role_arn: &'a str,
    pub(super) association: Option<&'a str>,
}

/// The association that an action changes, as the evidence has it.
pub(super) fn find<'a>(e: &'a Evidence, id: &str) -> Option<&'a PodIdentityAssociation> {
    e.associations.known()?.iter().find(|a| a.id == id)
}

/// Makes or changes it in the evidence.
pub(super) fn set(e: &mut Evidence, wanted: Wanted<'_>) {
    let now = e.now;
    let Some(all) = e.associations.known_mut() else { return };
    let named = |a: &&mut PodIdentityAssociation| Some(a.id.as_str()) == wanted.association;
    match (wanted.association, all.iter_mut().find(named)) {
        (Some(_), Some(own)) => own.role_arn = Some(wanted.role_arn.to_owned()),
        (Some(_), None) => return,
        (None, _) => all.push(PodIdentityAssociation {
            namespace: wanted.namespace.to_owned(),
            service_account: wanted.service_account.to_owned(),
            role_arn: Some(wanted.role_arn.to_owned()),
            created: Some(now),
            ..PodIdentityAssociation::default()
        }),
    }
    let own = e.service_account.known();
    if own.is_some_and(|sa| sa.namespace == wanted.namespace && sa.name == wanted.service_account) {
        lead(e, wanted.role_arn);
    }
}

/// The role that the association gives: known where it is one that was read for another reason.
fn lead(e: &mut Evidence, arn: &str) {
    let known = |role: &&Role| role.arn == arn;
    let all = e.role.known().into_iter().chain(e.association_role.known());
    let read = all.chain(e.trusting.known().into_iter().flatten()).find(known).cloned();
    if e.association_role.known().is_some_and(|r| r.arn == arn) {
        return;
    }
    e.association_role = match read {
        Some(value) => Observed::Known { value, source: e.associations.source().cloned().unwrap_or_default() },
        None => unread("the role that the association gives then"),
    }
    .into();
    if !acts_by_association(&View::new(e)) || e.role.known().is_none_or(|r| r.arn != arn) {
        e.association_policies = unread("the policies of the role that the association gives then").into();
    }
}

fn unread<T>(what: &str) -> Observed<T> {
    Observed::NotCollected { reason: format!("to be read once the change is made: {what}") }
}
