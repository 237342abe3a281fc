//! What a cure changes, and through which tool.

use super::describe::{describe, written};
use super::model::{Action, Cure};
use crate::evidence::Evidence;

/// The tools that every account and cluster has.
const AT_HAND: [&str; 2] = ["aws", "kubectl"];

/// Gives cures the lines that their actions change, and the tool to take.
pub(crate) fn complete(e: &Evidence, cures: &mut [Cure]) {
    for cure in cures {
        let lines = cure.actions.iter().filter_map(|a| Some(describe(a, &expected(e, a)?).changes));
        cure.changes = lines.flatten().collect();
        let tool = AT_HAND.into_iter().find(|tool| cure.by_hand.contains_key(*tool));
        cure.through = tool.map(str::to_owned);
    }
}

/// What an action replaces, in the form of preconditions; `None` where that was not read.
pub(super) fn expected(e: &Evidence, action: &Action) -> Option<String> {
    Some(match action {
        Action::SetThumbprints { .. } => written(&e.provider.known()?.thumbprints),
        Action::AddClientId { .. } => written(&e.provider.known()?.client_ids),
        Action::CreateProvider { .. } => "absent".to_owned(),
        Action::SetTrustPolicy { .. } => e.role.known()?.trust_policy.clone(),
        Action::Annotate { key, .. } => e.service_account.known()?.annotations.get(key).cloned().unwrap_or_default(),
        Action::AttachPolicy { .. } => "not attached".to_owned(),
        Action::Restart { .. } => String::new(),
    })
}
