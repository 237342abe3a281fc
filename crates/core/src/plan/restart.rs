//! New pods: of what they can be had, and for what.

use super::model::Action;
use crate::cause::Cause;
use crate::evidence::Workload;

/// The action that makes the workload's pods anew, where something rolls them out.
pub(crate) fn restart_of(w: &Workload) -> Option<Action> {
    matches!(w.kind.as_str(), "DaemonSet" | "Deployment" | "StatefulSet").then(|| Action::Restart {
        resource: w.kind.clone(),
        namespace: w.namespace.clone(),
        name: w.name.clone(),
    })
}

/// Causes that new pods alone cure.
const NEW_PODS: [Cause; 5] = [
    Cause::PodCreatedBeforeAnnotationOrWebhook,
    Cause::RoleChangedPodsNotRestarted,
    Cause::WebhookSaCacheRace,
    Cause::PodIdentityAssociationCacheRace,
    Cause::TokenFileReadOnce,
];

/// Whether new pods alone cure a cause.
pub(crate) fn may_restart(cause: Cause) -> bool {
    NEW_PODS.contains(&cause)
}
