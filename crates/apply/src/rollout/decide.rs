//! Whether a roll-out is over, as the controller itself says: by the rules of `kubectl rollout status` (kubectl,
//! `polymorphichelpers/rollout_status.go`).

use trustwalk_collect::kube_api::Controller;

/// What a controller says of its roll-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes on; what is left.
    Moves(String),
    /// It is over.
    Done,
    /// It goes no further, in the controller's words.
    Stuck(String),
    /// Somebody holds it back.
    Paused,
    /// Pods take up the template only when they are deleted.
    ByHand,
}

/// What the controller says.
pub(crate) fn decide(c: &Controller) -> Verdict {
    if c.on_delete {
        return Verdict::ByHand;
    }
    // A status of before says nothing of what was asked for since. A stateful set's is empty until its first one.
    if c.generation > c.observed || (c.kind == "StatefulSet" && c.observed == 0) {
        return Verdict::Moves("the controller has not seen the change yet".to_owned());
    }
    match c.kind.as_str() {
        "Deployment" => of_deployment(c),
        "DaemonSet" => of_daemon_set(c),
        "StatefulSet" => of_stateful_set(c),
        // What has no template to roll out keeps its number of pods.
        _ => left(&[(c.ready < c.desired, format!("{} of {} pods are ready", c.ready, c.desired))]),
    }
}

fn of_deployment(c: &Controller) -> Verdict {
    if let Some(words) = &c.exceeded {
        return Verdict::Stuck(words.clone());
    }
    let over = left(&[
        (c.updated < c.desired, format!("{} of {} new pods are made", c.updated, c.desired)),
        (c.replicas > c.updated, format!("{} old pods have to go yet", c.replicas - c.updated)),
        (c.available < c.updated, format!("{} of {} new pods are available", c.available, c.updated)),
    ]);
    if c.paused && over != Verdict::Done { Verdict::Paused } else { over }
}

fn of_daemon_set(c: &Controller) -> Verdict {
    left(&[
        (c.updated < c.desired, format!("{} of {} new pods are made", c.updated, c.desired)),
        (c.available < c.desired, format!("{} of {} pods are available", c.available, c.desired)),
    ])
}

fn of_stateful_set(c: &Controller) -> Verdict {
    let unready = (c.ready < c.desired, format!("{} of {} pods are ready", c.ready, c.desired));
    // Pods below the partition keep the old template, and no more is asked for.
    if let Some(partition) = c.partition.filter(|p| *p > 0) {
        let wanted = c.desired.saturating_sub(partition);
        let updated = (c.updated < wanted, format!("{} of {wanted} pods above the partition are new", c.updated));
        return left(&[unready, updated]);
    }
    let words = format!("{} of {} pods are new", c.updated, c.desired);
    left(&[unready, (c.update_revision != c.current_revision, words)])
}

/// The first thing that is left to do.
fn left(all: &[(bool, String)]) -> Verdict {
    all.iter().find(|(open, _)| *open).map_or(Verdict::Done, |(_, words)| Verdict::Moves(words.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use trustwalk_collect::kube_api::controller;

    fn of(kind: &str, spec: &Value, status: &Value) -> Verdict {
        decide(&controller(kind, &json!({"metadata": {"generation": 2}, "spec": spec, "status": status})))
    }

    fn moves(verdict: &Verdict, words: &str) -> bool {
        matches!(verdict, Verdict::Moves(said) if said.contains(words))
    }

    #[test]
    fn a_deployment_is_done_when_kubectl_says_so() {
        let spec = json!({"replicas": 3, "progressDeadlineSeconds": 600});
        let of = |status: Value| of("Deployment", &spec, &status);
        let all = json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3,
            "availableReplicas": 3});
        let with = |changes: Value| {
            let mut status = all.clone();
            for (name, value) in changes.as_object().unwrap() {
                status[name] = value.clone();
            }
            of(status)
        };
        assert_eq!(of(all.clone()), Verdict::Done);
        assert!(moves(&with(json!({"observedGeneration": 1})), "has not seen"));
        assert!(moves(&with(json!({"updatedReplicas": 2})), "2 of 3 new pods are made"));
        assert!(moves(&with(json!({"replicas": 4})), "1 old pods"));
        assert!(moves(&with(json!({"availableReplicas": 2})), "2 of 3 new pods are available"));
        let exceeded = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
            "message": "ReplicaSet \"l-1\" has timed out progressing."}]);
        let stuck = with(json!({"availableReplicas": 2, "conditions": exceeded}));
        assert!(matches!(stuck, Verdict::Stuck(words) if words.contains("timed out")));
        let before = with(json!({"observedGeneration": 1, "conditions": exceeded}));
        assert!(moves(&before, "has not seen"), "what is said of the generation before is no verdict");
        let paused = json!({"replicas": 3, "paused": true});
        let status = json!({"observedGeneration": 2, "replicas": 3, "availableReplicas": 3});
        assert_eq!(super::tests::of("Deployment", &paused, &status), Verdict::Paused);
    }

    #[test]
    fn a_stateful_set_goes_by_revisions_and_by_its_partition() {
        let status = |ready: i64, updated: i64, current: &str| {
            json!({"observedGeneration": 2, "readyReplicas": ready, "updatedReplicas": updated,
                "currentRevision": current, "updateRevision": "s-2"})
        };
        let plain = json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate"}});
        assert_eq!(of("StatefulSet", &plain, &status(3, 3, "s-2")), Verdict::Done);
        assert!(moves(&of("StatefulSet", &plain, &status(2, 3, "s-2")), "2 of 3 pods are ready"));
        assert!(moves(&of("StatefulSet", &plain, &status(3, 2, "s-1")), "2 of 3 pods are new"));
        assert!(moves(&of("StatefulSet", &plain, &json!({})), "has not seen"));
        let parted =
            json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}});
        assert_eq!(of("StatefulSet", &parted, &status(3, 1, "s-1")), Verdict::Done);
        assert!(moves(&of("StatefulSet", &parted, &status(3, 0, "s-1")), "0 of 1 pods above"));
    }

    #[test]
    fn a_daemon_set_is_done_on_every_node_and_never_by_itself_when_pods_are_deleted_by_hand() {
        let spec = json!({"updateStrategy": {"type": "RollingUpdate"}});
        let status = |updated: i64, available: i64| {
            json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": updated,
                "numberAvailable": available})
        };
        assert_eq!(of("DaemonSet", &spec, &status(2, 2)), Verdict::Done);
        assert!(moves(&of("DaemonSet", &spec, &status(1, 2)), "1 of 2 new pods"));
        assert!(moves(&of("DaemonSet", &spec, &status(2, 1)), "1 of 2 pods are available"));
        let by_hand = json!({"updateStrategy": {"type": "OnDelete"}});
        assert_eq!(of("DaemonSet", &by_hand, &status(0, 2)), Verdict::ByHand);
    }

    #[test]
    fn a_real_daemon_set_whose_pods_never_came_up_is_not_done() {
        // Recorded from kube-apiserver 1.36: nothing sets the status of its pods.
        let real = controller(
            "DaemonSet",
            &json!({
                "metadata": {"generation": 1},
                "spec": {"updateStrategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"},
                    "type": "RollingUpdate"}},
                "status": {"currentNumberScheduled": 2, "desiredNumberScheduled": 2, "numberMisscheduled": 0,
                    "numberReady": 0, "numberUnavailable": 2, "observedGeneration": 1, "updatedNumberScheduled": 2},
            }),
        );
        assert_eq!(real.may_lack, 1);
        assert!(moves(&decide(&real), "0 of 2 pods are available"));
    }
}
