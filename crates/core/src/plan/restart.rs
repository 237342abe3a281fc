//! New pods: of what they can be had, of which of them, and for what.

use super::action::{Action, MOST_RENEWED, OnePod, RENEWABLE};
use super::owner::Owner;
use super::pods;
use crate::cause::Cause;
use crate::evidence::{Evidence, Pod, Workload};

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
/// evicted, as where the template is taken up only by pods that somebody deletes (`OnDelete`), and where a pod that is
/// not ready holds a roll-out up ([`stands`]) or a partition keeps pods out of it.
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
    if rolls(w) && !stands(w, e.pods.known()) && (all || chosen.len() > MOST_RENEWED || !named) {
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
    controller && !w.on_delete && w.partition == 0 && Owner::by_repository(w).is_none()
}

/// Whether a roll-out would stand still before its first step: a stateful set that goes in order replaces no pod while
/// one of them is not ready, of whatever template that one is, and has no deadline that would end this (Kubernetes
/// documentation, "`StatefulSets`", "Forced rollback"; recorded from kube-controller-manager 1.36.2).
pub(super) fn stands(w: &Workload, pods: Option<&Vec<Pod>>) -> bool {
    w.in_order && pods.is_some_and(|all| all.iter().any(|p| !p.ended() && !p.ready))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Observed, Source, Target};
    use crate::plan::check_action;

    fn pod(name: &str, ready: bool) -> Pod {
        Pod { name: name.to_owned(), uid: format!("{name}-0000"), phase: "Running".to_owned(), ready, ..Pod::default() }
    }

    fn of(w: Workload, pods: Vec<Pod>) -> Option<Action> {
        let target =
            Target::Workload { resource: w.kind.clone(), namespace: w.namespace.clone(), name: w.name.clone() };
        let mut e = Evidence::new(target, 1);
        e.workload = Observed::Known { value: w, source: Source::default() };
        e.pods = Observed::Known { value: pods, source: Source::default() };
        renewal_of(&e, Which::Needy)
    }

    fn workload(kind: &str) -> Workload {
        Workload {
            kind: kind.to_owned(),
            namespace: "payments".to_owned(),
            name: "ledger".to_owned(),
            desired: 2,
            ..Workload::default()
        }
    }

    fn evicted(action: Option<Action>) -> Vec<String> {
        match action {
            Some(action @ Action::Renew { .. }) => {
                assert_eq!(check_action(&action), Ok(()));
                let Action::Renew { pods, .. } = action else { return Vec::new() };
                pods.into_iter().map(|p| p.name).collect()
            }
            other => panic!("no evictions: {other:?}"),
        }
    }

    #[test]
    fn all_pods_are_rolled_out_and_some_are_evicted() {
        let (up, down) = (pod("a", true), pod("b", false));
        for kind in ["DaemonSet", "Deployment", "StatefulSet"] {
            let all = of(workload(kind), vec![pod("a", false), down.clone()]);
            assert!(matches!(all, Some(Action::Restart { .. })), "{kind}: {all:?}");
            assert_eq!(evicted(of(workload(kind), vec![up.clone(), down.clone()])), ["b"], "{kind}");
        }
        for kind in ["ReplicaSet", "ReplicationController"] {
            assert_eq!(evicted(of(workload(kind), vec![up.clone(), up.clone()])), ["a", "a"], "{kind}");
        }
        for kind in ["Pod", "Job", "CronJob"] {
            assert_eq!(of(workload(kind), vec![down.clone()]), None, "{kind}");
        }
        let unknown = Pod { uid: String::new(), ..down };
        assert!(matches!(of(workload("DaemonSet"), vec![up, unknown]), Some(Action::Restart { .. })));
    }

    #[test]
    fn a_stateful_set_that_goes_in_order_rolls_nothing_out_while_a_pod_fails() {
        let set = || Workload { in_order: true, ..workload("StatefulSet") };
        let (up, down) = (|name| pod(name, true), |name| pod(name, false));
        assert_eq!(evicted(of(set(), vec![down("a"), down("b")])), ["a", "b"]);
        assert!(matches!(of(set(), vec![up("a"), up("b")]), Some(Action::Restart { .. })), "nothing holds it up");
        assert!(matches!(of(workload("StatefulSet"), vec![down("a")]), Some(Action::Restart { .. })), "all at once");
        let ended = Pod { phase: "Failed".to_owned(), ..down("b") };
        assert!(matches!(of(set(), vec![up("a"), ended]), Some(Action::Restart { .. })), "it is made anew by itself");
    }

    #[test]
    fn pods_that_a_partition_keeps_out_of_roll_outs_are_evicted() {
        let pods = || vec![pod("s-0", true), pod("s-1", true)];
        assert_eq!(evicted(of(Workload { partition: 1, ..workload("StatefulSet") }, pods())), ["s-0", "s-1"]);
        assert!(matches!(of(workload("StatefulSet"), pods()), Some(Action::Restart { .. })));
    }

    #[test]
    fn what_is_paused_is_left_and_a_template_that_somebody_keeps_is_not_changed() {
        let pods = || vec![pod("a", false), pod("b", false)];
        assert_eq!(of(Workload { paused: true, ..workload("Deployment") }, pods()), None);
        assert_eq!(evicted(of(Workload { on_delete: true, ..workload("DaemonSet") }, pods())), ["a", "b"]);
        let labels = |key: &str| [(key.to_owned(), "shop".to_owned())].into();
        for key in ["argocd.argoproj.io/instance", "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"] {
            let kept = Workload { labels: labels(key), ..workload("Deployment") };
            assert_eq!(evicted(of(kept, pods())), ["a", "b"], "{key}");
        }
        let managers = vec!["argocd-controller".to_owned()];
        assert_eq!(evicted(of(Workload { managers, ..workload("StatefulSet") }, pods())), ["a", "b"]);
        let helm = Workload { labels: labels("app.kubernetes.io/managed-by"), ..workload("Deployment") };
        assert!(matches!(of(helm, pods()), Some(Action::Restart { .. })), "Helm puts nothing back by itself");
    }

    #[test]
    fn no_name_of_a_pod_leaves_its_path() {
        let of = |name: &str, uid: &str, resource: &str| {
            check_action(&Action::Renew {
                resource: resource.to_owned(),
                namespace: "n".to_owned(),
                name: "ledger".to_owned(),
                pods: vec![OnePod { name: name.to_owned(), uid: uid.to_owned() }],
            })
        };
        assert_eq!(of("ledger-1", "5b0c8f3e-1d7a-4c0e-9c55-1f2d3a4b5c6d", "ReplicaSet"), Ok(()));
        for (name, uid, resource) in [
            ("../secrets/x", "u", "ReplicaSet"),
            ("a/b", "u", "ReplicaSet"),
            ("a", "", "ReplicaSet"),
            ("a", "u\"}", "ReplicaSet"),
            ("a", "u", "Pod"),
        ] {
            assert!(of(name, uid, resource).is_err(), "{name} {uid} {resource}");
        }
        let none = Action::Renew {
            resource: "ReplicaSet".to_owned(),
            namespace: "n".to_owned(),
            name: "l".to_owned(),
            pods: Vec::new(),
        };
        assert!(check_action(&none).is_err());
    }
}
