//! Endpoints of services: `EndpointSlice`s, and the `Endpoints` that older clients read (Kubernetes documentation,
//! "`EndpointSlices`"; a service without a selector is left to whoever keeps it).

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use super::common::{is_ready, owner_reference};
use crate::{
    objects::{
        address::{Gvr, Key},
        json as j,
        selector::matches_label_selector,
    },
    store::Store,
};

const MANAGER: &str = "endpointslice-controller.k8s.io";
const SERVICE: &str = "kubernetes.io/service-name";

fn slices() -> Gvr {
    Gvr::new("discovery.k8s.io", "v1", "endpointslices")
}

/// Brings the endpoints of every service of a namespace up to date.
pub(super) fn reconcile_all(store: &Store, namespace: &str) {
    let services = store.list(&Gvr::core("services"), Some(namespace)).1;
    if services.is_empty() {
        return;
    }
    let pods = store.list(&Gvr::core("pods"), Some(namespace)).1;
    for service in services {
        reconcile(store, &service, &pods);
    }
}

/// Takes away the endpoints of a service that is gone.
pub(super) fn forget(store: &Store, namespace: &str, name: &str) {
    // Slices go with their owner.
    let _ = store.delete(&Key::new(Gvr::core("endpoints"), Some(namespace), name));
}

fn reconcile(store: &Store, service: &Value, pods: &[Arc<Value>]) {
    let Some(selector) = j::at(service, "/spec/selector").as_object().filter(|s| !s.is_empty()) else { return };
    if j::text(service, "/spec/type") == "ExternalName" {
        return;
    }
    let selector = json!({"matchLabels": selector});
    let behind = |pod: &&Arc<Value>| {
        matches_label_selector(&selector, j::at(pod, "/metadata/labels"))
            && !j::text(pod, "/status/podIP").is_empty()
            && !matches!(j::text(pod, "/status/phase"), "Succeeded" | "Failed")
    };
    let pods: Vec<&Arc<Value>> = pods.iter().filter(behind).collect();
    let early = j::at(service, "/spec/publishNotReadyAddresses") == true;
    slice(store, service, &pods, early);
    endpoints(store, service, &pods, early);
}

fn target(pod: &Value) -> Value {
    json!({"kind": "Pod", "namespace": j::namespace(pod), "name": j::name(pod), "uid": j::uid(pod)})
}

/// The number behind a service's port in a pod: its own, or that of the container's port of this name.
fn number(port: &Value, pod: Option<&&Arc<Value>>) -> Option<i64> {
    match j::at(port, "/targetPort") {
        Value::String(name) => {
            let containers = j::items(pod?, "/spec/containers").iter();
            let mut all = containers.flat_map(|c| j::items(c, "/ports"));
            j::int(all.find(|p| j::text(p, "/name") == name)?, "/containerPort")
        }
        Value::Number(number) => number.as_i64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => j::int(port, "/port"),
    }
}

fn ports(service: &Value, pods: &[&Arc<Value>]) -> Vec<Value> {
    j::items(service, "/spec/ports")
        .iter()
        .filter_map(|port| {
            let number = number(port, pods.first())?;
            Some(json!({"name": j::text(port, "/name"), "port": number, "protocol": j::text(port, "/protocol")}))
        })
        .collect()
}

fn slice(store: &Store, service: &Value, pods: &[&Arc<Value>], early: bool) {
    let points: Vec<Value> = pods
        .iter()
        .map(|pod| {
            let (ready, going) = (is_ready(pod), !j::at(pod, "/metadata/deletionTimestamp").is_null());
            json!({
                "addresses": [j::text(pod, "/status/podIP")],
                "conditions": {"ready": (ready && !going) || early, "serving": ready, "terminating": going},
                "nodeName": j::text(pod, "/spec/nodeName"), "targetRef": target(pod),
            })
        })
        .collect();
    let ports = ports(service, pods);
    let namespace = j::namespace(service);
    let own =
        |slice: &Value| j::at(slice, "/metadata/labels").get(SERVICE).is_some_and(|name| name == j::name(service));
    let known = store.list(&slices(), Some(namespace)).1.into_iter().find(|slice| own(slice));
    let (points, ports) = (Value::Array(points), Value::Array(ports));
    if let Some(known) = known {
        let _ = store.update(&Key::of(&slices(), &known), |slice| {
            j::put(slice, "/endpoints", points);
            j::put(slice, "/ports", ports);
        });
        return;
    }
    let mut labels = j::at(service, "/metadata/labels").clone();
    let labels_map = j::object(&mut labels);
    labels_map.insert(SERVICE.to_owned(), j::name(service).into());
    labels_map.insert("endpointslice.kubernetes.io/managed-by".to_owned(), MANAGER.into());
    let mut owner = owner_reference(service);
    j::put(&mut owner, "/apiVersion", "v1".into());
    j::put(&mut owner, "/kind", "Service".into());
    // Names are random: a collision is made good at the next change.
    let _ = store.create(
        &slices(),
        json!({
            "metadata": {"generateName": format!("{}-", j::name(service)), "namespace": namespace, "labels": labels,
                "ownerReferences": [owner]},
            "addressType": "IPv4", "endpoints": points, "ports": ports,
        }),
    );
}

fn endpoints(store: &Store, service: &Value, pods: &[&Arc<Value>], early: bool) {
    let address = |pod: &&&Arc<Value>| {
        let (ip, node) = (j::text(pod, "/status/podIP"), j::text(pod, "/spec/nodeName"));
        json!({"ip": ip, "nodeName": node, "targetRef": target(pod)})
    };
    let (ready, other): (Vec<_>, Vec<_>) = pods.iter().partition(|pod| is_ready(pod) || early);
    let mut subset = json!({});
    for (name, pods) in [("addresses", &ready), ("notReadyAddresses", &other)] {
        if !pods.is_empty() {
            let all: Vec<Value> = pods.iter().map(address).collect();
            j::put(&mut subset, &format!("/{name}"), json!(all));
        }
    }
    let mut subsets = json!([]);
    if !pods.is_empty() {
        let mut ports = ports(service, pods);
        // Here, other than in a slice, a port without a name has no such member.
        for port in ports.iter_mut().filter(|port| j::text(port, "/name").is_empty()) {
            j::remove(port, "/name");
        }
        j::put(&mut subset, "/ports", Value::Array(ports));
        subsets = json!([subset]);
    }
    let gvr = Gvr::core("endpoints");
    let key = Key::new(gvr.clone(), Some(j::namespace(service)), j::name(service));
    if store.get(&key).is_some() {
        let _ = store.update(&key, |object| j::put(object, "/subsets", subsets));
        return;
    }
    let _ = store.create(
        &gvr,
        json!({
            "metadata": {"name": j::name(service), "namespace": j::namespace(service),
                "labels": {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}},
            "subsets": subsets,
        }),
    );
}

/// Namespaces whose services a change may concern.
pub(super) fn concerned(key: &Key) -> BTreeSet<String> {
    let of_service = key.gvr.group.is_empty() && matches!(key.gvr.resource.as_str(), "pods" | "services");
    key.namespace.iter().filter(|_| of_service).cloned().collect()
}
