//! New pods: of what they can be had, of which of them, and for what.

use super::model::{Action, OnePod};
use super::owner::Owner;
use super::pods;
use crate::cause::Cause;
use crate::evidence::{Evidence, Pod, Workload};

/// What replaces a pod of its own that is gone.
pub const RENEWABLE: [&str; 5] = ["DaemonSet", "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];
/// Pods that are evicted in one step at most: each is waited for.
pub const MOST_RENEWED: usize = 500;

/// Which pods are to be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that would be other ones, and those that fail.
    Needy,
    /// All of them: what is wrong is inside of their processes.
    All,
}

/// The action that makes anew what needs it of the workload's pods: a roll-out where all do, and else evictions of
/// those that do. `None` where nothing would replace them, and while somebody holds the roll-outs back.
///
/// A roll-out changes the template, which whoever deploys from a repository may put back at once (Argo CD
/// documentation, "Automated Sync Policy", self-heal; Flux documentation, "Kustomization", drift): there the pods are
/// evicted, as where the template is taken up only by pods that somebody deletes (`OnDelete`).
pub(crate) fn renewal_of(e: &Evidence, which: Which) -> Option<Action> {
    let w = e.workload.known()?;
    if w.paused || !RENEWABLE.contains(&w.kind.as_str()) {
        return None;
    }
    let live: Vec<&Pod> = e.pods.known().into_iter().flatten().filter(|p| !p.ended()).collect();
    let needy: Vec<&Pod> = match which {
        Which::Needy => pods::needy(e),
        Which::All => Vec::new(),
    };
    let all = needy.is_empty() || needy.len() == live.len();
    let chosen = if all { live } else { needy };
    let named = !chosen.is_empty() && chosen.iter().all(|p| !p.uid.is_empty());
    if rolls(w) && (all || chosen.len() > MOST_RENEWED || !named) {
        return Some(Action::Restart {
            resource: w.kind.clone(),
            namespace: w.namespace.clone(),
            name: w.name.clone(),
        });
    }
    let pods = chosen.iter().take(MOST_RENEWED).map(|p| OnePod { name: p.name.clone(), uid: p.uid.clone() });
    named.then(|| Action::Renew {
        resource: w.kind.clone(),
        namespace: w.namespace.clone(),
        name: w.name.clone(),
        pods: pods.collect(),
    })
}

/// Whether a change of its template makes its pods anew, and stays.
fn rolls(w: &Workload) -> bool {
    let controller = matches!(w.kind.as_str(), "DaemonSet" | "Deployment" | "StatefulSet");
    controller && !w.on_delete && Owner::by_repository(w).is_none()
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
