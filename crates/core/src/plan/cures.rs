//! What a cure changes, and through which tool.

use super::action::{Action, Cure};
use super::describe::{Described, describe, written};
use super::owner::{Owner, role_of};
use super::{associate, hooks};
use crate::evidence::Evidence;

/// The tools that every account and cluster has.
const AT_HAND: [&str; 2] = ["aws", "kubectl"];

/// Gives cures the lines that their actions change, and the tool to take: the owner's where the object has one.
/// Whether trustwalk makes a change past an owner is the linter's to say.
pub(crate) fn complete(e: &Evidence, cures: &mut [Cure]) {
    for cure in cures {
        // What a person is to do may have its lines already.
        if !cure.actions.is_empty() {
            let lines = cure.actions.iter().filter_map(|a| Some(describe(a, &expected(e, a)?).changes));
            cure.changes = lines.flatten().collect();
        }
        let owner = cure.actions.first().and_then(|a| Owner::of(e, a));
        let has = |tool: &&str| cure.by_hand.contains_key(*tool);
        let own = owner.as_ref().and_then(Owner::key).filter(has);
        cure.through = own.or_else(|| AT_HAND.into_iter().find(has)).map(str::to_owned);
        if let Some(owner) = owner.filter(|o| cure.actions.iter().any(|a| o.reverts(a))) {
            let note =
                format!("{} writes this itself: a change made past it is gone at its next update", owner.words());
            cure.by_hand.entry("note".to_owned()).or_insert(note);
        }
    }
}

/// What an action replaces, in the form of preconditions; `None` where that was not read.
pub(super) fn expected(e: &Evidence, action: &Action) -> Option<String> {
    Some(match action {
        Action::SetThumbprints { .. } => written(&e.provider.known()?.thumbprints),
        Action::AddClientId { .. } => written(&e.provider.known()?.client_ids),
        Action::CreateProvider { .. } | Action::Associate { association: None, .. } => "absent".to_owned(),
        Action::SetTrustPolicy { role, .. } => role_of(e, role)?.trust_policy.clone(),
        Action::SetWebhook { configuration, webhook, set } => set.of(hooks::find(e, configuration, webhook)?),
        Action::Associate { association: Some(id), .. } => associate::find(e, id)?.role_arn.clone()?,
        Action::Annotate { key, .. } => e.service_account.known()?.annotations.get(key).cloned().unwrap_or_default(),
        Action::AttachPolicy { .. } => "not attached".to_owned(),
        Action::Restart { .. } | Action::Renew { .. } => String::new(),
    })
}

/// What an action does, in words and line by line.
pub(crate) fn described(e: &Evidence, action: &Action) -> Described {
    describe(action, &expected(e, action).unwrap_or_default())
}
