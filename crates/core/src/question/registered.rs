//! What the registration of a webhook tells by itself, for the questions about it.

use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;

use super::Draft;
use crate::evidence::{Injects, LogFailure, View, Webhook, injects_identity};
use crate::plan::{Action, WebhookField, ways};

/// Begins a draft with what was seen of pod and service account.
pub(super) type Base<'a> = dyn Fn(String) -> Draft + 'a;

/// What the API server says of the identity webhook that it could not use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Complaint<'a> {
    /// As the answer to our own dry run of a pod, its meaning, and the webhook's name.
    DryRun(&'a str, Symptom, &'a str),
    /// In a log.
    Line(&'a LogFailure),
}

impl Complaint<'_> {
    pub(super) fn symptom(self) -> Symptom {
        match self {
            Self::DryRun(_, symptom, _) => symptom,
            Self::Line(line) => line.failure.symptom,
        }
    }

    /// Whether it names this webhook.
    pub(super) fn is_about(self, hook: &Webhook) -> bool {
        match self {
            Self::DryRun(_, _, name) => hook.name == name,
            Self::Line(line) => line.failure.webhook.as_ref().is_some_and(|w| w.as_str() == hook.name),
        }
    }

    pub(super) fn on(self, draft: Draft) -> Draft {
        match self {
            Self::DryRun(said, ..) => draft.show("dry run of a pod", said, "kubectl create --dry-run=server"),
            Self::Line(line) => draft.hear(line),
        }
    }
}

/// The webhooks that inject web identity: those that are known to, else those that are called so.
pub(super) fn injecting<'a>(e: &View<'a>) -> Vec<&'a Webhook> {
    let all = e.webhooks().known().map_or(&[][..], Vec::as_slice);
    let of = |kind: Injects| all.iter().filter(move |h| h.injects() == kind);
    let known: Vec<&Webhook> = of(Injects::Yes).collect();
    if known.is_empty() { of(Injects::Maybe).collect() } else { known }
}

/// Whether a dry run showed that a pod made now gets no role.
pub(super) fn idle(e: &View<'_>) -> bool {
    e.injection_probe().known().is_some_and(|p| p.error.is_none() && p.role_arn.is_none())
}

/// Shows a member of a registration.
pub(super) fn show(hook: &Webhook, draft: Draft, label: &str, value: String) -> Draft {
    draft.show(label, value, format!("MutatingWebhookConfiguration {}", hook.configuration))
}

/// The authority that verifies what is served goes into `caBundle`, where the cluster's own objects name one; nothing
/// is taken from what the webhook itself presents.
pub(super) fn trusted(e: &View<'_>, hook: &Webhook, draft: Draft) -> Draft {
    const TITLE: &str = "put the authority that signs the webhook's certificate into caBundle";
    if let Some(authority) = hook.authority.as_ref().filter(|_| is_ours_by_name(hook)) {
        let action = set(hook, WebhookField::CaBundle(authority.bundle.clone()));
        let by_hand = ways(e, &action);
        return draft.show("authority that verifies it", "found", authority.source.clone()).act(
            TITLE,
            vec![action],
            &by_hand,
        );
    }
    let command = shell::line("kubectl edit mutatingwebhookconfiguration {}", &[&hook.configuration]);
    let note = "no object of the cluster that could be read holds an authority that verifies what the webhook serves, \
                and \
                what it presents itself is no proof: whoever made its certificate knows the authority";
    draft.cure(TITLE, &[("kubectl", command), ("note", note.to_owned())])
}

/// The action that sets a field of a webhook.
pub(super) fn set(hook: &Webhook, field: WebhookField) -> Action {
    Action::SetWebhook { configuration: hook.configuration.clone(), webhook: hook.name.clone(), set: field }
}

/// Whether trustwalk itself changes a webhook: a receipt is held to names, and of another name a person decides.
pub(super) fn is_ours_by_name(hook: &Webhook) -> bool {
    injects_identity(&hook.configuration, &hook.name)
}
