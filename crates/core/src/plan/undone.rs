//! The evidence as it would be once a step is undone.

use super::action::Action;
use super::applied::applied;
use super::describe::Undoing;
use super::model::Step;
use crate::evidence::{Evidence, Observed, Source};
use crate::question::provider_to_be;

/// What is there once a step that was taken is undone. What cannot be undone stays.
#[must_use]
pub fn undone(e: &Evidence, step: &Step) -> Evidence {
    match step.undoing() {
        Undoing::Restore(back) => applied(e, &back),
        Undoing::TakeAway => taken_away(e, &step.action),
        Undoing::Nothing | Undoing::Impossible(_) => e.clone(),
    }
}

fn taken_away(e: &Evidence, action: &Action) -> Evidence {
    let mut after = e.clone();
    match action {
        Action::AddClientId { provider_arn, client_id } => {
            if let Some(provider) = after.provider.known_mut().filter(|p| p.arn == *provider_arn) {
                provider.client_ids.retain(|c| c != client_id);
            }
        }
        Action::CreateProvider { url, .. } => {
            let arn = provider_to_be(&crate::evidence::View::new(e), url).map(|(arn, _)| arn);
            if let Some(all) = after.providers.known_mut() {
                all.retain(|p| Some(p) != arn.as_ref());
            }
            if e.provider.known().map(|p| &p.arn) == arn.as_ref() {
                let source = Source { what: "the provider, as deleted".to_owned(), at: e.now, by_hand: None };
                after.provider = Observed::Absent { source }.into();
            }
        }
        Action::AttachPolicy { policy_arn, .. } => {
            for policies in [&mut after.policies, &mut after.association_policies] {
                if let Some(all) = policies.known_mut() {
                    all.retain(|p| p.arn.as_deref() != Some(policy_arn.as_str()));
                }
            }
        }
        Action::Associate { namespace, service_account, association: None, .. } => {
            if let Some(all) = after.associations.known_mut() {
                all.retain(|a| a.namespace != *namespace || a.service_account != *service_account);
            }
        }
        Action::Annotate { namespace, service_account, key, .. } => {
            let back = Action::Annotate {
                namespace: namespace.clone(),
                service_account: service_account.clone(),
                key: key.clone(),
                value: None,
            };
            return applied(e, &back);
        }
        Action::SetThumbprints { .. }
        | Action::SetTrustPolicy { .. }
        | Action::SetWebhook { .. }
        | Action::Associate { association: Some(_), .. }
        | Action::Restart { .. }
        | Action::Renew { .. } => {}
    }
    after
}
