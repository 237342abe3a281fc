//! Workloads of the lab's cluster as data, and their manifests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, PoisonError},
};

use serde_json::{Map, Value, json};

/// Which workload: kind, namespace, name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkloadId {
    /// Plural, lower case: `daemonsets` or `deployments`.
    pub resource: &'static str,
    /// Namespace.
    pub namespace: &'static str,
    /// Name.
    pub name: &'static str,
}

/// Names that came from a file, each once: a lab is a process, and its file is bounded.
static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// A name for as long as the process is there.
fn lasting(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let name: &'static str = String::leak(name.to_owned());
    names.insert(name);
    name
}

impl WorkloadId {
    /// One that a scenario names.
    pub(crate) fn named(resource: &'static str, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: lasting(namespace), name: lasting(name) }
    }

    /// One that was kept: kind, namespace and name.
    pub(crate) fn again(resource: &str, namespace: &str, name: &str) -> Option<Self> {
        let resource = ["daemonsets", "deployments"].into_iter().find(|known| *known == resource)?;
        Some(Self::named(resource, namespace, name))
    }

    /// Its namespace and name, which is its service account's too.
    pub fn place(self) -> (String, String) {
        (self.namespace.to_owned(), self.name.to_owned())
    }

    /// Whom its service account's tokens are about.
    pub fn subject(self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.name)
    }
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.resource.trim_end_matches('s');
        write!(f, "{kind}/{} -n {}", self.name, self.namespace)
    }
}

/// The VPC CNI's `DaemonSet`.
pub const AWS_NODE: WorkloadId = WorkloadId { resource: "daemonsets", namespace: "kube-system", name: "aws-node" };
/// A Python application.
pub const LEDGER: WorkloadId = WorkloadId { resource: "deployments", namespace: "payments", name: "ledger" };
/// A Go application.
pub const EXTERNAL_DNS: WorkloadId =
    WorkloadId { resource: "deployments", namespace: "external-dns", name: "external-dns" };
/// A Java application.
pub const SETTLEMENT: WorkloadId = WorkloadId { resource: "deployments", namespace: "batch", name: "settlement" };

/// Files that a workload mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Name of the volume.
    pub name: &'static str,
    /// Folder in the container.
    pub path: &'static str,
    /// Where they come from: a volume of the Kubernetes API without its name.
    pub source: Value,
}

/// A workload as the lab wants it to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Name of the role that it is meant to have.
    pub role: String,
    /// Container image.
    pub image: String,
    /// Service account.
    pub service_account: String,
    /// Replicas; a `DaemonSet` has one pod a node.
    pub replicas: u32,
    /// Whether pods share the node's network.
    pub host_network: bool,
    /// Environment of the container.
    pub env: BTreeMap<String, String>,
    /// Files besides those that are injected.
    pub mounts: Vec<Mount>,
    /// Annotations of the pod template.
    pub pod_annotations: BTreeMap<String, String>,
    /// The pod's security context.
    pub security_context: Value,
    /// Whether the service account's own token is mounted.
    pub automount: Option<bool>,
}

impl Workload {
    /// A workload running `image` as the service account of its own name.
    pub fn new(id: WorkloadId, role: &str, image: &str) -> Self {
        Self {
            role: role.to_owned(),
            image: image.to_owned(),
            service_account: id.name.to_owned(),
            replicas: 2,
            host_network: false,
            env: BTreeMap::new(),
            mounts: Vec::new(),
            pod_annotations: BTreeMap::new(),
            security_context: Value::Null,
            automount: None,
        }
    }

    /// Sets one environment variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// The manifest, as a user would apply it.
    pub fn manifest(&self, id: WorkloadId) -> Value {
        let env: Vec<Value> = self.env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let labels = labels(id);
        let mut pod = json!({
            "serviceAccountName": self.service_account,
            "containers": [{"name": id.name, "image": self.image, "env": env}],
        });
        // The folder of the host's in which ipamd writes its log, as the CNI's own manifest mounts it.
        let host = (id == AWS_NODE).then(|| Mount {
            name: "log-dir",
            path: "/host/var/log/aws-routed-eni",
            source: json!({"hostPath": {"path": "/var/log/aws-routed-eni", "type": "DirectoryOrCreate"}}),
        });
        let mounts: Vec<&Mount> = self.mounts.iter().chain(&host).collect();
        if let Some(pod) = pod.as_object_mut() {
            if !mounts.is_empty() {
                let place = |m: &&Mount| {
                    let mut place = json!({"name": m.name, "mountPath": m.path});
                    if m.source.get("hostPath").is_none()
                        && let Some(members) = place.as_object_mut()
                    {
                        members.insert("readOnly".to_owned(), json!(true));
                    }
                    place
                };
                let places: Vec<Value> = mounts.iter().map(place).collect();
                let volume = |mount: &&Mount| {
                    let mut volume = mount.source.clone();
                    if let Some(members) = volume.as_object_mut() {
                        members.insert("name".to_owned(), json!(mount.name));
                    }
                    volume
                };
                let volumes: Vec<Value> = mounts.iter().map(volume).collect();
                pod.insert("volumes".to_owned(), json!(volumes));
                if let Some(container) = pod.get_mut("containers").and_then(|list| list.get_mut(0)?.as_object_mut()) {
                    container.insert("volumeMounts".to_owned(), json!(places));
                }
            }
            if self.host_network {
                pod.insert("hostNetwork".to_owned(), json!(true));
            }
            if !self.security_context.is_null() {
                pod.insert("securityContext".to_owned(), self.security_context.clone());
            }
            if let Some(automount) = self.automount {
                pod.insert("automountServiceAccountToken".to_owned(), json!(automount));
            }
        }
        let mut template = json!({"labels": labels});
        if !self.pod_annotations.is_empty()
            && let Some(template) = template.as_object_mut()
        {
            template.insert("annotations".to_owned(), json!(self.pod_annotations));
        }
        let mut spec = json!({
            "selector": {"matchLabels": labels},
            "template": {"metadata": template, "spec": pod},
        });
        let (kind, extra) = if id.resource == "daemonsets" {
            (
                "DaemonSet",
                ("updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}})),
            )
        } else {
            ("Deployment", ("replicas", json!(self.replicas)))
        };
        if let Some(spec) = spec.as_object_mut() {
            if id.resource == "deployments" {
                spec.insert("strategy".to_owned(), json!({"type": "Recreate"}));
            }
            spec.insert(extra.0.to_owned(), extra.1);
        }
        json!({
            "apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": id.name, "namespace": id.namespace, "labels": labels},
            "spec": spec,
        })
    }
}

/// The labels that select a workload's pods. The CNI's is the one its users know.
pub fn labels(id: WorkloadId) -> Map<String, Value> {
    let key = if id == AWS_NODE { "k8s-app" } else { "app.kubernetes.io/name" };
    Map::from_iter([(key.to_owned(), json!(id.name))])
}

/// Every workload of the lab.
pub const ALL: [WorkloadId; 4] = [AWS_NODE, LEDGER, EXTERNAL_DNS, SETTLEMENT];
