//! The scheduler: binds pods to nodes that fit, the emptiest first.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{common::condition, events};
use crate::{
    objects::{
        address::{Gvr, Key},
        json as j,
        names::stamp,
        selector::matches_label_selector,
    },
    store::Store,
};

/// Whether a pod's spec admits it to a node: selector, required node names, taints.
pub(crate) fn fits(spec: &Value, node: &Value, daemon: bool) -> bool {
    let labels = j::at(node, "/metadata/labels");
    let wanted = j::at(spec, "/nodeSelector");
    let selected = wanted.is_null() || matches_label_selector(&json!({"matchLabels": wanted}), labels);
    let schedulable = daemon || (j::at(node, "/spec/unschedulable") != true && condition(node, "Ready"));
    let tolerated = j::items(node, "/spec/taints").iter().all(|taint| {
        j::text(taint, "/effect") == "PreferNoSchedule"
            || (daemon && j::text(taint, "/key").starts_with("node.kubernetes.io/"))
            || j::items(spec, "/tolerations").iter().any(|t| tolerates(t, taint))
    });
    selected && schedulable && tolerated && affine(spec, node)
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let key = j::text(toleration, "/key");
    let effect = j::text(toleration, "/effect");
    let exists = j::text(toleration, "/operator") == "Exists";
    (effect.is_empty() || effect == j::text(taint, "/effect"))
        && ((exists && key.is_empty())
            || (key == j::text(taint, "/key") && (exists || j::text(toleration, "/value") == j::text(taint, "/value"))))
}

/// Required node affinity: any of its terms, all of a term's expressions.
fn affine(spec: &Value, node: &Value) -> bool {
    let terms =
        j::items(spec, "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    terms.is_empty()
        || terms.iter().any(|term| {
            let fields = j::items(term, "/matchFields")
                .iter()
                .all(|field| j::items(field, "/values").iter().any(|value| value == j::name(node)));
            let expressions = json!({"matchExpressions": j::at(term, "/matchExpressions")});
            fields && matches_label_selector(&expressions, j::at(node, "/metadata/labels"))
        })
}

/// Binds all pods that wait for a node.
pub(crate) fn schedule_all(store: &Store) {
    for pod in store.seen(&Gvr::core("pods"), None).iter().filter(|pod| pod.node().is_empty()) {
        schedule(store, &pod.whole());
    }
}

/// Binds a pod if some node takes it; otherwise says why not.
pub(crate) fn schedule(store: &Store, pod: &Value) {
    // What is bound stays so.
    if !j::text(pod, "/spec/nodeName").is_empty() {
        return;
    }
    let pods = Gvr::core("pods");
    let key = Key::of(&pods, pod);
    let Some(pod) = store.get(&key) else {
        return;
    };
    if !j::text(&pod, "/spec/nodeName").is_empty() {
        return;
    }
    let nodes = store.list(&Gvr::core("nodes"), None).1;
    let daemon = j::items(&pod, "/metadata/ownerReferences").iter().any(|owner| j::text(owner, "/kind") == "DaemonSet");
    let all = store.seen(&pods, None);
    let mut loads: BTreeMap<&str, usize> = BTreeMap::new();
    for pod in &all {
        *loads.entry(pod.node()).or_default() += 1;
    }
    let best = nodes
        .iter()
        .filter(|node| fits(j::at(&pod, "/spec"), node, daemon))
        .min_by_key(|node| (loads.get(j::name(node)).copied().unwrap_or(0), j::name(node).to_owned()));
    let now = stamp(store.now());
    let Some(node) = best else {
        let message = format!(
            "0/{} nodes are available: no node matches the pod's selector, affinity and tolerations.",
            nodes.len()
        );
        let same = j::items(&pod, "/status/conditions").iter().any(|c| j::text(c, "/message") == message);
        if !same {
            let _ = store.update(&key, |pod| {
                j::put(
                    pod,
                    "/status/conditions",
                    json!([{
                        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                        "message": message, "lastTransitionTime": now, "lastProbeTime": null,
                    }]),
                );
            });
            events::write(store, &pod, "default-scheduler", "Warning", "FailedScheduling", &message);
        }
        return;
    };
    let bound = store.update(&key, |pod| {
        j::put(pod, "/spec/nodeName", j::name(node).into());
        j::put(
            pod,
            "/status/conditions",
            json!([{
                "type": "PodScheduled", "status": "True", "lastTransitionTime": now, "lastProbeTime": null,
            }]),
        );
    });
    if bound.is_ok() {
        let message = format!("Successfully assigned {}/{} to {}", j::namespace(&pod), j::name(&pod), j::name(node));
        events::write(store, &pod, "default-scheduler", "Normal", "Scheduled", &message);
    }
}
