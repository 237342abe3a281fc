//! Disruption budgets: how many of their pods may go now (Kubernetes documentation, "Disruptions" and "Specifying a
//! Disruption Budget").

use serde_json::{Value, json};

use super::common::{is_active, is_ready, owner_uid, share, with_condition};
use crate::{
    objects::{
        address::{Gvr, Key},
        json as j,
        selector::matches_label_selector,
    },
    store::Store,
};

/// Budgets of the cluster.
pub(crate) fn budgets() -> Gvr {
    Gvr::new("policy", "v1", "poddisruptionbudgets")
}

/// Whether a budget is over a pod. An empty selector takes in all pods of the namespace (API reference,
/// `PodDisruptionBudgetSpec`).
pub(crate) fn selects(budget: &Value, pod: &Value) -> bool {
    let selector = j::at(budget, "/spec/selector");
    !selector.is_null() && matches_label_selector(selector, j::at(pod, "/metadata/labels"))
}

/// Writes the status of every budget of a namespace.
pub(crate) fn reconcile_all(store: &Store, namespace: &str) {
    for budget in store.list(&budgets(), Some(namespace)).1 {
        reconcile(store, &budget);
    }
}

fn reconcile(store: &Store, budget: &Value) {
    let all = store.list(&Gvr::core("pods"), Some(j::namespace(budget))).1;
    let pods: Vec<&Value> = all.iter().map(|pod| &**pod).filter(|pod| is_active(pod) && selects(budget, pod)).collect();
    let going = |pod: &Value| !j::at(budget, "/status/disruptedPods").get(j::name(pod)).is_none_or(Value::is_null);
    let healthy = pods.iter().filter(|pod| is_ready(pod) && !going(pod)).count();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (healthy, there) = (count(healthy), count(pods.len()));
    let (least, most) = (j::at(budget, "/spec/minAvailable"), j::at(budget, "/spec/maxUnavailable"));
    let whole = least.is_i64() || least.is_u64();
    let expected = if whole { there } else { wanted(store, budget, &pods).max(0) };
    let needed =
        if most.is_null() { share(least, expected, true) } else { (expected - share(most, expected, true)).max(0) };
    let allowed = (healthy - needed).max(0);
    let kept: serde_json::Map<String, Value> = j::at(budget, "/status/disruptedPods")
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| pods.iter().any(|pod| j::name(pod) == name.as_str()))
        .map(|(name, at)| (name.clone(), at.clone()))
        .collect();
    let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
    let condition = with_condition(budget, "DisruptionAllowed", allowed > 0, reason, "", store);
    let generation = j::at(budget, "/metadata/generation").clone();
    // The budget may be gone by now.
    let _ = store.update(&Key::of(&budgets(), budget), |budget| {
        let numbers = [
            ("currentHealthy", healthy),
            ("desiredHealthy", needed),
            ("expectedPods", expected),
            ("disruptionsAllowed", allowed),
        ];
        for (name, number) in numbers {
            j::put(budget, &format!("/status/{name}"), number.into());
        }
        j::put(budget, "/status/observedGeneration", generation);
        j::put(budget, "/status/conditions", json!([condition]));
        if kept.is_empty() {
            j::remove(budget, "/status/disruptedPods");
        } else {
            j::put(budget, "/status/disruptedPods", Value::Object(kept));
        }
    });
}

/// Pods that the controllers of a budget's pods want, all together.
fn wanted(store: &Store, budget: &Value, pods: &[&Value]) -> i64 {
    let owners: std::collections::BTreeSet<&str> = pods.iter().map(|pod| owner_uid(pod)).collect();
    let of = |resource: &str| store.list(&Gvr::apps(resource), Some(j::namespace(budget))).1;
    let all = of("replicasets").into_iter().chain(of("statefulsets"));
    all.filter(|set| owners.contains(j::uid(set))).filter_map(|set| j::int(&set, "/spec/replicas")).sum()
}
