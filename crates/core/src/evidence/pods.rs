//! What the cluster says of workloads: their pods, containers and variables.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::AwsFile;
use super::kept::Variable;

/// One environment variable of a container. Of a name that no question asks for there is no value ([`Variable`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(from = "Given")]
pub struct EnvVar {
    name: String,
    value: Option<String>,
    from: Option<String>,
}

/// A variable as somebody else wrote it down.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Given {
    name: String,
    value: Option<String>,
    from: Option<String>,
}

impl From<Given> for EnvVar {
    fn from(given: Given) -> Self {
        Self::new(given.name, given.value, given.from)
    }
}

impl EnvVar {
    /// A variable with its literal value, or where the value comes from, such as
    /// `secret aws-keys/AWS_ACCESS_KEY_ID`.
    pub fn new(name: String, value: Option<String>, from: Option<String>) -> Self {
        let (kept, withheld) = match value {
            // That a key is empty is no secret, and SDKs take it for none.
            Some(value) if Variable::named(&name).is_some_and(|v| v.has_value() || value.is_empty()) => {
                (Some(value), None)
            }
            Some(_) => (None, Some("a literal value, withheld".to_owned())),
            None => (None, None),
        };
        Self { name, value: kept, from: from.or(withheld) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its literal value, if a question asks for it.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Where the value comes from when it is not known.
    pub fn origin(&self) -> Option<&str> {
        self.from.as_deref()
    }
}

/// A container of a pod or of a pod template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image reference.
    pub image: String,
    /// Whether it is an init container.
    pub init: bool,
    /// Whether it is one that goes on beside the others (`restartPolicy: Always`; Kubernetes, "Sidecar Containers").
    pub sidecar: bool,
    /// Its environment.
    pub env: Vec<EnvVar>,
    /// Objects whose every entry becomes a variable (`envFrom`), such as `secret aws-keys`, with the prefix that its
    /// names get. Their entries are not read.
    pub env_from: Vec<EnvFrom>,
    /// Volume name to mount path.
    pub mounts: BTreeMap<String, String>,
    /// Files in which SDKs look for profiles and keys, and where they come from.
    pub aws_files: Vec<AwsFile>,
    /// `securityContext.runAsUser` of the container or else of the pod.
    pub run_as_user: Option<i64>,
    /// `securityContext.runAsGroup` of the container or else of the pod.
    pub run_as_group: Option<i64>,
    /// `securityContext.runAsNonRoot` of the container or else of the pod.
    pub run_as_non_root: Option<bool>,
}

/// An object whose every entry becomes a variable of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct EnvFrom {
    /// Whether it is a Secret; else it is a `ConfigMap`.
    pub secret: bool,
    /// Its name.
    pub name: String,
    /// What is put before each name.
    pub prefix: String,
}

impl Container {
    /// The literal value of a variable.
    pub fn env_value(&self, variable: Variable) -> Option<&str> {
        self.env.iter().find(|e| e.name == variable.name()).and_then(EnvVar::value)
    }

    /// Whether a variable is set at all, from whatever source.
    pub fn has_env(&self, variable: Variable) -> bool {
        self.env.iter().any(|e| e.name == variable.name())
    }
}

/// A projected service-account token volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct TokenVolume {
    /// Volume name, `aws-iam-token` when the webhook made it.
    pub name: String,
    /// The audience asked for; empty means the API server's default.
    pub audience: String,
    /// The life asked for, in seconds.
    pub expiration_seconds: i64,
    /// The file's path below the mount.
    pub path: String,
}

/// The part of a pod or a pod template that web identity depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct PodSpec {
    /// The service account, `default` when the object names none.
    pub service_account: String,
    /// All containers, init containers included.
    pub containers: Vec<Container>,
    /// Projected token volumes.
    pub token_volumes: Vec<TokenVolume>,
    /// `securityContext.fsGroup`.
    pub fs_group: Option<i64>,
    /// `automountServiceAccountToken`.
    pub automount: Option<bool>,
    /// `hostNetwork`.
    pub host_network: bool,
    /// Annotations of the pod or the template; most values are withheld ([`super::kept`]).
    pub annotations: BTreeMap<String, String>,
    /// Labels of the pod or the template; settled evidence has those that a webhook's selector asks for.
    pub labels: BTreeMap<String, String>,
}

/// What a workload controller says.
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the API's, by itself")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Workload {
    /// `DaemonSet`, `Deployment`, `StatefulSet`, `Job`, `Pod`, `ServiceAccount`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Unix seconds.
    pub created: i64,
    /// The template of its pods.
    pub template: PodSpec,
    /// Its own label selector, as the API takes one; empty for what selects its pods otherwise.
    pub selector: String,
    /// Pods wanted.
    pub desired: i64,
    /// Pods ready.
    pub ready: i64,
    /// Annotations of the controller itself.
    pub annotations: BTreeMap<String, String>,
    /// Labels of the controller itself in which tools sign ([`super::kept`]).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Who writes on it, from `managedFields`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub managers: Vec<String>,
    /// Whether its roll-outs are paused (`spec.paused` of a deployment).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// Whether its pods take up a new template only when somebody deletes them (`updateStrategy` `OnDelete`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub on_delete: bool,
    /// Whether a roll-out takes all pods away before it makes the first new one (`strategy` `Recreate` of a
    /// deployment).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recreates: bool,
    /// Whether its pods are made and replaced one after another, so that none is while another is not ready
    /// (`podManagementPolicy` `OrderedReady` of a stateful set).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_order: bool,
    /// Of a stateful set: how many of its pods keep the template they have, the first ones (`partition`).
    #[serde(skip_serializing_if = "is_none")]
    pub partition: i64,
}

/// Whether a roll-out leaves no pod out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(partition: &i64) -> bool {
    *partition == 0
}

/// One pod of the workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Unix seconds.
    pub created: i64,
    /// `Pending`, `Running`, `Succeeded`, `Failed`.
    pub phase: String,
    /// Whether all its containers are ready.
    pub ready: bool,
    /// Restarts of all containers together.
    pub restarts: i64,
    /// The reason a container waits or ended, such as `CrashLoopBackOff`.
    pub reason: Option<String>,
    /// The node it runs on.
    pub node: Option<String>,
    /// The node's operating system, when known.
    pub os: Option<String>,
    /// What it was admitted with.
    pub spec: PodSpec,
    /// When the kubelet took it up (`status.startTime`), Unix seconds.
    pub started: Option<i64>,
    /// What its containers did, init containers included.
    pub runs: Vec<ContainerRun>,
    /// Whether it is on its way out: somebody deleted it (`deletionTimestamp`), and its grace period runs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
}

/// What a container of a pod did (Kubernetes API reference, `ContainerStatus`). All times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ContainerRun {
    /// The container's name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was restarted.
    pub restarts: i64,
    /// When the run that goes on began.
    pub started: Option<i64>,
    /// Why it waits or how it ended, such as `CrashLoopBackOff`, `Completed`.
    pub reason: Option<String>,
    /// When the run before, or the one that ended for good, began.
    pub last_started: Option<i64>,
    /// When that run ended.
    pub last_ended: Option<i64>,
    /// How that run ended, such as `Error`, `OOMKilled`.
    pub last_reason: Option<String>,
    /// Exit code of that run.
    pub last_exit: Option<i64>,
}

impl Pod {
    /// Whether it ended as it should, as a job's pod does.
    pub fn succeeded(&self) -> bool {
        self.phase == "Succeeded"
    }

    /// Its containers that are ready, of all that its specification has. Init containers count as kubectl counts them:
    /// those that go on beside the others, and no more (kubectl, the printer of pods: restartable init containers).
    pub fn containers_ready(&self) -> ContainersReady {
        let counted: Vec<&str> =
            self.spec.containers.iter().filter(|c| !c.init || c.sidecar).map(|c| c.name.as_str()).collect();
        let ready = self.runs.iter().filter(|r| r.ready && counted.contains(&r.name.as_str())).count();
        // Evidence of an older bundle has no runs.
        let ready = if self.runs.is_empty() && self.ready { counted.len() } else { ready };
        ContainersReady { ready, all: counted.len() }
    }

    /// Whether it ended for good and is kept only to be looked at, as an evicted pod is.
    pub fn ended(&self) -> bool {
        self.succeeded() || self.phase == "Failed"
    }
}

/// How many of a pod's containers are ready, as `kubectl get pods` tells in its column READY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainersReady {
    /// Those that are ready.
    pub ready: usize,
    /// All of them.
    pub all: usize,
}

impl std::fmt::Display for ContainersReady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.ready, self.all)
    }
}

/// How many pods fail: neither ready nor done. One that failed for good (a job's, or one that was evicted) counts
/// only while none of the others does better (Kubernetes documentation, "Pod Lifecycle" and "Jobs").
pub fn pods_down(pods: &[Pod]) -> usize {
    let well = |p: &Pod| p.ready || p.succeeded();
    let replaced = pods.iter().any(well);
    pods.iter().filter(|p| !(well(p) || (replaced && p.phase == "Failed"))).count()
}

/// The pods that count for what is so now: those that have not ended, or all of them where each has, as those of a job
/// that is over. One that ended stays to be looked at until it is collected (Kubernetes documentation, "Pod
/// Lifecycle").
pub fn at_work(pods: &[Pod]) -> impl Iterator<Item = &Pod> + Clone {
    let over = pods.iter().all(Pod::ended);
    pods.iter().filter(move |p| over || !p.ended())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_counted_as_kubectl_counts_them() {
        let container =
            |name: &str, init, sidecar| Container { name: name.to_owned(), init, sidecar, ..Container::default() };
        let containers =
            vec![container("app", false, false), container("proxy", true, true), container("setup", true, false)];
        let ran = |name: &str, ready| ContainerRun { name: name.to_owned(), ready, ..ContainerRun::default() };
        let mut pod = Pod { spec: PodSpec { containers, ..PodSpec::default() }, ..Pod::default() };
        assert_eq!(pod.containers_ready().to_string(), "0/2");
        pod.runs = vec![ran("app", false), ran("proxy", true), ran("setup", true)];
        assert_eq!(pod.containers_ready().to_string(), "1/2");
    }
}
