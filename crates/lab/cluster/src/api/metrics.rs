//! The metrics API (`k8s.io/metrics`, `v1beta1`), which `kubectl top` reads: served while an `APIService` names a
//! service for it whose pods are ready, as a chart of the metrics server makes them (Kubernetes documentation,
//! "Resource metrics pipeline").
//!
//! A container of the lab runs nothing: what it takes is what the lab holds of its log, and no processor's time.

use std::sync::Arc;

use serde_json::{Value, json};

use super::shared::Shared;
use crate::objects::{address::Gvr, json as j, kinds::Kind, names::stamp};

/// Over how long is measured, as the metrics server has it by default (`--metric-resolution`).
const WINDOW: &str = "15s";

/// A container by its name, with the bytes that it takes.
type Held = (String, usize);

/// Containers that run in a pod.
fn containers(shared: &Shared, pod: &Value) -> Vec<Held> {
    j::items(pod, "/status/containerStatuses")
        .iter()
        .filter(|status| !j::at(status, "/state/running").is_null())
        .map(|status| {
            let name = j::text(status, "/name").to_owned();
            let log = shared.config.runtime.logs(pod, &name, false).unwrap_or_default();
            let held = log.iter().map(|line| line.text.len()).sum();
            (name, held)
        })
        .collect()
}

/// The measures of one of the API's two kinds, as objects of it.
pub(super) fn objects(shared: &Shared, kind: &Kind, namespace: Option<&str>) -> Vec<Arc<Value>> {
    let now = stamp(shared.store.now());
    let usage = |bytes: usize| json!({"cpu": "0", "memory": format!("{}Ki", bytes.div_ceil(1024))});
    let pods = shared.store.list(&Gvr::core("pods"), namespace).1;
    let measured: Vec<(&Arc<Value>, Vec<Held>)> =
        pods.iter().map(|pod| (pod, containers(shared, pod))).filter(|(_, all)| !all.is_empty()).collect();
    let object = |of: &Value, rest: Value| {
        let mut object = json!({"metadata": {"name": j::name(of), "creationTimestamp": now}, "timestamp": now,
            "window": WINDOW});
        for member in ["/metadata/namespace", "/metadata/labels"] {
            let value = j::at(of, member);
            if !value.is_null() {
                j::put(&mut object, member, value.clone());
            }
        }
        for (name, value) in rest.as_object().into_iter().flatten() {
            j::put(&mut object, &format!("/{name}"), value.clone());
        }
        Arc::new(object)
    };
    if kind.namespaced {
        return measured
            .iter()
            .map(|(pod, all)| {
                let all: Vec<Value> =
                    all.iter().map(|(name, bytes)| json!({"name": name, "usage": usage(*bytes)})).collect();
                object(pod, json!({"containers": all}))
            })
            .collect();
    }
    let nodes = shared.store.list(&Gvr::core("nodes"), None).1;
    nodes
        .iter()
        .map(|node| {
            let own = measured.iter().filter(|(pod, _)| j::text(pod, "/spec/nodeName") == j::name(node));
            object(node, json!({"usage": usage(own.flat_map(|(_, all)| all).map(|(_, bytes)| bytes).sum())}))
        })
        .collect()
}
