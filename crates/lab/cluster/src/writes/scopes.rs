//! Which pods a quota with scopes counts (Kubernetes documentation, "Resource Quotas", "Quota scopes").

use serde_json::Value;

use crate::objects::{address::Gvr, json as j, quantity};

const CONTAINERS: [&str; 2] = ["/spec/initContainers", "/spec/containers"];
/// Lists of terms of a pod's affinities that may name other namespaces.
const TERMS: [(&str, &str); 4] = [
    ("/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution", ""),
    ("/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution", "/podAffinityTerm"),
    ("/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution", ""),
    ("/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution", "/podAffinityTerm"),
];

/// Whether a quota counts an object: without scopes all of its members' kinds, with scopes pods that fit every one.
pub(super) fn counts(quota: &Value, gvr: &Gvr, object: &Value) -> bool {
    let (scopes, expressions) =
        (j::items(quota, "/spec/scopes"), j::items(quota, "/spec/scopeSelector/matchExpressions"));
    if scopes.is_empty() && expressions.is_empty() {
        return true;
    }
    let is_pod = gvr.group.is_empty() && gvr.resource == "pods";
    let holds = |scope: &Value| scope.as_str().is_some_and(|scope| fits(scope, object));
    is_pod && scopes.iter().all(holds) && expressions.iter().all(|expression| selected(expression, object))
}

fn fits(scope: &str, pod: &Value) -> bool {
    match scope {
        "Terminating" => ends(pod),
        "NotTerminating" => !ends(pod),
        "BestEffort" => is_best_effort(pod),
        "NotBestEffort" => !is_best_effort(pod),
        "PriorityClass" => !j::text(pod, "/spec/priorityClassName").is_empty(),
        "CrossNamespacePodAffinity" => leads_elsewhere(pod),
        _ => false,
    }
}

/// An expression of the scope selector: values are those of priority classes.
fn selected(expression: &Value, pod: &Value) -> bool {
    let scope = j::text(expression, "/scopeName");
    let class = j::text(pod, "/spec/priorityClassName");
    let listed = || j::items(expression, "/values").iter().any(|value| value == class);
    match (scope, j::text(expression, "/operator")) {
        ("PriorityClass", "In") => listed(),
        ("PriorityClass", "NotIn") => !listed(),
        ("PriorityClass", "DoesNotExist") => class.is_empty(),
        _ => fits(scope, pod),
    }
}

fn ends(pod: &Value) -> bool {
    j::int(pod, "/spec/activeDeadlineSeconds").is_some_and(|seconds| seconds >= 0)
}

/// Whether no container asks for processor time or memory, or is limited in them.
fn is_best_effort(pod: &Value) -> bool {
    let asks = |container: &Value| {
        ["/resources/requests", "/resources/limits"].iter().any(|list| {
            let amounts = j::at(container, list);
            ["cpu", "memory"].iter().any(|name| amounts.get(name).and_then(quantity::of).is_some_and(|own| own > 0))
        })
    };
    !CONTAINERS.iter().flat_map(|list| j::items(pod, list)).any(asks)
}

fn leads_elsewhere(pod: &Value) -> bool {
    TERMS.iter().any(|(list, term)| {
        j::items(pod, list).iter().any(|one| {
            let named = !j::items(one, &format!("{term}/namespaces")).is_empty();
            named || !j::at(one, &format!("{term}/namespaceSelector")).is_null()
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_choose_pods() {
        let gvr = Gvr::core("pods");
        let plain = json!({"spec": {"containers": [{"name": "a"}]}});
        let asks = json!({"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "1"}}}]}});
        let ends = json!({"spec": {"activeDeadlineSeconds": 60, "containers": []}});
        let high = json!({"spec": {"priorityClassName": "high", "containers": []}});
        let term = json!([{"topologyKey": "zone", "namespaces": ["other"]}]);
        let list = "requiredDuringSchedulingIgnoredDuringExecution";
        let far = json!({"spec": {"affinity": {"podAffinity": {list: term}}, "containers": []}});
        let scoped = |scope: &str| json!({"spec": {"scopes": [scope]}});
        let select = |operator: &str, values: &[&str]| {
            json!({"spec": {"scopeSelector": {"matchExpressions": [
                {"scopeName": "PriorityClass", "operator": operator, "values": values}]}}})
        };
        for (quota, pod, is_counted) in [
            (json!({"spec": {}}), &plain, true),
            (scoped("BestEffort"), &plain, true),
            (scoped("BestEffort"), &asks, false),
            (scoped("NotBestEffort"), &asks, true),
            (scoped("Terminating"), &ends, true),
            (scoped("Terminating"), &plain, false),
            (scoped("NotTerminating"), &plain, true),
            (scoped("PriorityClass"), &high, true),
            (scoped("PriorityClass"), &plain, false),
            (scoped("CrossNamespacePodAffinity"), &far, true),
            (scoped("CrossNamespacePodAffinity"), &plain, false),
            (select("In", &["high", "higher"]), &high, true),
            (select("NotIn", &["high"]), &high, false),
            (select("NotIn", &["high"]), &plain, true),
            (select("Exists", &[]), &high, true),
            (select("DoesNotExist", &[]), &plain, true),
            (json!({"spec": {"scopes": ["NotTerminating", "BestEffort"]}}), &asks, false),
        ] {
            assert_eq!(counts(&quota, &gvr, pod), is_counted, "{quota} {pod}");
        }
        assert!(!counts(&scoped("NotTerminating"), &Gvr::core("services"), &plain));
    }
}
