//! The objects a fresh cluster has before anybody asks for anything.

use serde_json::{Value, json};

use crate::{config::ClusterConfig, contract::NodeSpec, objects::address::Gvr, store::Store};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Namespaces, their default service accounts, the discovery roles, and nodes.
pub(crate) fn first_objects(store: &Store, config: &ClusterConfig) {
    for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        add(store, &Gvr::core("namespaces"), json!({"metadata": {"name": namespace}}));
        namespace_contents(store, namespace, &config.tls.ca_pem);
    }
    add(
        store,
        &Gvr::core("services"),
        json!({
            "metadata": {"name": "kubernetes", "namespace": "default",
                "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {"clusterIP": "10.100.0.1", "clusterIPs": ["10.100.0.1"],
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]},
        }),
    );
    for (name, rules, groups) in roles() {
        add(
            store,
            &Gvr::new(RBAC, "v1", "clusterroles"),
            json!({"metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
                "rules": rules}),
        );
        let subjects: Vec<Value> =
            groups.iter().map(|group| json!({"apiGroup": RBAC, "kind": "Group", "name": group})).collect();
        if groups.is_empty() {
            continue;
        }
        add(
            store,
            &Gvr::new(RBAC, "v1", "clusterrolebindings"),
            json!({
                "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
                "subjects": subjects,
            }),
        );
    }
    // Kubernetes documentation, "Pod Priority and Preemption": the two classes that every cluster has.
    for (name, value) in [("system-cluster-critical", 2_000_000_000_i64), ("system-node-critical", 2_000_001_000)] {
        let description = match name {
            "system-node-critical" => "Used for system critical pods that must not be moved from their current node.",
            _ => {
                "Used for system critical pods that must run in the cluster, but can be moved to another node if \
                 necessary."
            }
        };
        let gvr = Gvr::new("scheduling.k8s.io", "v1", "priorityclasses");
        add(store, &gvr, json!({"metadata": {"name": name}, "value": value, "description": description}));
    }
    for node in &config.nodes {
        add(store, &Gvr::core("nodes"), node_object(node, &config.version));
    }
}

/// The default service account and the CA bundle every namespace gets.
pub(crate) fn namespace_contents(store: &Store, namespace: &str, ca_pem: &str) {
    add(store, &Gvr::core("serviceaccounts"), json!({"metadata": {"name": "default", "namespace": namespace}}));
    add(
        store,
        &Gvr::core("configmaps"),
        json!({
            "metadata": {"name": "kube-root-ca.crt", "namespace": namespace},
            "data": {"ca.crt": ca_pem},
        }),
    );
}

fn add(store: &Store, gvr: &Gvr, object: Value) {
    // The only refusal possible here is "already exists", which is as good.
    let _ = store.create(gvr, object);
}

/// The default cluster roles of Kubernetes that matter to discovery and
/// self-inspection, each bound to the documented groups.
fn roles() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let mut all = faced();
    all.extend(own());
    all
}

/// The roles for people, which nobody has at first (Kubernetes docs, "Using RBAC Authorization", "User-facing roles"),
/// for the kinds that the lab acts on.
fn faced() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let rules = |verbs: &[&str], more: &[Value]| {
        let rule =
            |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
        let mut all = vec![
            rule(
                "",
                &[
                    "configmaps",
                    "endpoints",
                    "persistentvolumeclaims",
                    "pods",
                    "pods/log",
                    "replicationcontrollers",
                    "serviceaccounts",
                    "services",
                    "events",
                    "limitranges",
                    "namespaces",
                    "resourcequotas",
                ],
            ),
            rule(
                "apps",
                &[
                    "controllerrevisions",
                    "daemonsets",
                    "deployments",
                    "deployments/scale",
                    "replicasets",
                    "replicasets/scale",
                    "statefulsets",
                    "statefulsets/scale",
                ],
            ),
            rule("autoscaling", &["horizontalpodautoscalers"]),
            rule("batch", &["cronjobs", "jobs"]),
            rule("discovery.k8s.io", &["endpointslices"]),
            rule("networking.k8s.io", &["ingresses", "networkpolicies"]),
            rule("policy", &["poddisruptionbudgets"]),
        ];
        all.extend(more.iter().cloned());
        Value::Array(all)
    };
    let writes = ["get", "list", "watch", "create", "delete", "deletecollection", "patch", "update"];
    let secrets = json!({"apiGroups": [""], "resources": ["secrets", "pods/attach", "pods/exec", "pods/portforward",
        "pods/eviction", "serviceaccounts/token"], "verbs": writes});
    let grants = json!({"apiGroups": [RBAC], "resources": ["rolebindings", "roles"], "verbs": writes});
    vec![
        ("view", rules(&["get", "list", "watch"], &[]), &[]),
        ("edit", rules(&writes, std::slice::from_ref(&secrets)), &[]),
        ("admin", rules(&writes, &[secrets, grants]), &[]),
    ]
}

fn own() -> Vec<(&'static str, Value, &'static [&'static str])> {
    vec![
        (
            "cluster-admin",
            json!([
                {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
                {"nonResourceURLs": ["*"], "verbs": ["*"]},
            ]),
            &["system:masters"],
        ),
        (
            "system:service-account-issuer-discovery",
            json!([{"nonResourceURLs": ["/.well-known/openid-configuration", "/.well-known/openid-configuration/",
                "/openid/v1/jwks", "/openid/v1/jwks/"], "verbs": ["get"]}]),
            &["system:serviceaccounts"],
        ),
        (
            "system:discovery",
            json!([{"nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                "/openapi/*", "/readyz", "/version", "/version/"], "verbs": ["get"]}]),
            &["system:authenticated"],
        ),
        (
            "system:public-info-viewer",
            json!([{"nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]}]),
            &["system:authenticated", "system:unauthenticated"],
        ),
        (
            "system:basic-user",
            json!([
                {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews",
                    "selfsubjectrulesreviews"], "verbs": ["create"]},
                {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
            ]),
            &["system:authenticated"],
        ),
    ]
}

fn node_object(node: &NodeSpec, version: &str) -> Value {
    let mut labels = json!({
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
    });
    for (name, value) in &node.labels {
        crate::objects::json::object(&mut labels).insert(name.clone(), value.as_str().into());
    }
    let mut spec = json!({});
    if let Some(provider) = &node.provider_id {
        crate::objects::json::put(&mut spec, "/providerID", provider.as_str().into());
    }
    let amounts = json!({"cpu": "2", "memory": "8Gi", "pods": "110"});
    json!({
        "metadata": {"name": node.name, "labels": labels},
        "spec": spec,
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node.internal_ip},
                {"type": "Hostname", "address": node.name},
            ],
            "capacity": amounts,
            "allocatable": amounts,
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady",
                    "message": "kubelet is posting ready status"},
            ],
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": version,
                "kernelVersion": "6.12.0", "osImage": "Amazon Linux 2023",
                    "containerRuntimeVersion": "containerd://2.1.4",
                "bootID": "", "machineID": "", "systemUUID": "", "kubeProxyVersion": "",
            },
        },
    })
}
