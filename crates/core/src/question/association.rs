//! Pod Identity associations as they are listed: whose they are, and whether pods act by one.

use super::facts::{CONTAINER_VARIABLE, FILE_VARIABLE, ROLE_VARIABLE};
use crate::evidence::{Container, Observed, PodIdentityAssociation, ServiceAccount, View, at_work};

/// The association of an account, the latest where a listing has several.
pub(super) fn association<'a>(view: &View<'a>, sa: &ServiceAccount) -> Option<&'a PodIdentityAssociation> {
    let all = view.associations().known()?;
    all.iter().filter(|a| a.namespace == sa.namespace && a.service_account == sa.name).max_by_key(|a| a.created)
}

/// Whether an account has an association.
pub(super) fn associated(e: &View<'_>, sa: &ServiceAccount) -> bool {
    e.associations().known().into_iter().flatten().any(|a| a.namespace == sa.namespace && a.service_account == sa.name)
}

/// Whether pods of the account act by its association: the agent's variable is in them, and no web identity, which SDKs
/// ask first.
pub(crate) fn acts(view: &View<'_>) -> bool {
    let Some(sa) = view.service_account().known() else { return false };
    let Some(pods) = view.pods().known() else { return false };
    let mut containers = at_work(pods).flat_map(|p| &p.spec.containers);
    let web = |c: &Container| c.has_env(ROLE_VARIABLE) || c.has_env(FILE_VARIABLE);
    let given = containers.clone().any(|c| c.has_env(CONTAINER_VARIABLE)) && !containers.any(web);
    association(view, sa).is_some() && (given || (pods.is_empty() && sa.role_arn().is_none()))
}

/// The role in which such pods act: the association's, or the one that EKS assumes by it.
pub(crate) fn acting_role<'a>(view: &View<'a>) -> Option<&'a str> {
    let sa = view.service_account().known().filter(|_| acts(view))?;
    let own = association(view, sa)?;
    own.target_role_arn.as_deref().or(own.role_arn.as_deref())
}

/// Whether it is known that no association exists: a list that could not be read tells nothing.
pub(super) fn none_known(view: &View<'_>) -> bool {
    match view.associations() {
        Observed::Known { .. } | Observed::Absent { .. } | Observed::NotCollected { .. } | Observed::Spared { .. } => {
            true
        }
        Observed::Denied { .. } | Observed::Unreachable { .. } => false,
    }
}
