//! What the cluster says: workload, pods, service account, webhooks, associations.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::annotation::ROLE_ANNOTATION;
use super::kept::Variable;
use super::{AwsFile, Gap, NetworkRule, WebhookRefusal};

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

/// Who last wrote an annotation, from `managedFields`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct FieldWriter {
    /// The field manager, such as `kubectl-annotate` or `eks`.
    pub manager: String,
    /// Unix seconds.
    pub at: i64,
}

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct ServiceAccount {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Unix seconds.
    pub created: i64,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Who wrote `eks.amazonaws.com/role-arn`, when the object says.
    pub role_written_by: Option<FieldWriter>,
    /// Who wrote which of its `eks.amazonaws.com` annotations last, when the object says.
    pub written_by: BTreeMap<String, FieldWriter>,
    /// Labels in which tools sign.
    pub labels: BTreeMap<String, String>,
    /// Everybody who writes on it, as the object says, each once.
    pub managers: Vec<String>,
    /// `automountServiceAccountToken`.
    pub automount: Option<bool>,
}

/// The audience that the webhook asks for by itself (amazon-eks-pod-identity-webhook).
pub const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";

impl ServiceAccount {
    /// The role it names.
    pub fn role_arn(&self) -> Option<&str> {
        // The webhook takes an empty value for none.
        self.annotations.get(ROLE_ANNOTATION).map(String::as_str).filter(|arn| !arn.is_empty())
    }
}

/// Whether a webhook of this configuration and name is one that injects web identity: as EKS and the project's own
/// manifests name it.
pub fn injects_identity(configuration: &str, webhook: &str) -> bool {
    [configuration, webhook].iter().any(|name| name.contains("pod-identity") || name.contains("iam-for-pods"))
}

/// An authority to which what a webhook serves was verified, and which the cluster's own objects name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct WebhookAuthority {
    /// Its certificates, as `caBundle` has them: base64 of PEM.
    pub bundle: String,
    /// The object that holds them.
    pub source: String,
}

/// One webhook of a `MutatingWebhookConfiguration` that could inject web identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Webhook {
    /// Name of the configuration object.
    pub configuration: String,
    /// Name of the webhook in it.
    pub name: String,
    /// `Ignore` or `Fail`.
    pub failure_policy: String,
    /// How it is reached: `service ns/name:port` or a URL.
    pub endpoint: String,
    /// Certificates in `caBundle`, and their SHA-256.
    pub ca_sha256: Vec<String>,
    /// `caBundle` as it stands, base64 of PEM; empty where there is none, or what is there is no certificates.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ca_bundle: String,
    /// The authority that verifies what the webhook serves, looked for where `caBundle` does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<WebhookAuthority>,
    /// Whether the certificate the webhook serves verifies against `caBundle`; `None` when not tried.
    pub ca_verifies: Option<bool>,
    /// SHA-256 of each certificate the webhook serves, leaf first; empty when not seen.
    pub served_sha256: Vec<String>,
    /// Whose name the last certificate served gives as its issuer.
    pub served_issuer: Option<String>,
    /// `admissionReviewVersions`.
    pub review_versions: Vec<String>,
    /// Namespaces or objects its selectors leave out, in words.
    pub excludes: Vec<String>,
    /// Pods behind the service that are ready; `None` when it is not a service of this cluster or was not read.
    pub ready_endpoints: Option<i64>,
    /// The image of the webhook's pods, when they run in the cluster.
    pub image: Option<String>,
    /// Unix seconds at which the configuration was created.
    pub created: i64,
    /// Who wrote the configuration's webhooks last, when the object says.
    pub written_by: Option<FieldWriter>,
    /// `reinvocationPolicy`, `Never` or `IfNeeded`.
    pub reinvocation_policy: String,
    /// `timeoutSeconds`.
    pub timeout: i64,
    /// `matchConditions`, as `name: expression`.
    pub conditions: Vec<String>,
    /// `rules`: what it is called for; empty where they were not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<WebhookRule>,
}

/// One of the rules by which the API server calls a webhook (Kubernetes API reference, `RuleWithOperations`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct WebhookRule {
    /// `operations`, such as `CREATE`.
    pub operations: Vec<String>,
    /// `apiGroups`; that of pods is the empty text.
    pub groups: Vec<String>,
    /// `apiVersions`.
    pub versions: Vec<String>,
    /// `resources`, such as `pods`.
    pub resources: Vec<String>,
    /// `scope`; empty is `*`.
    pub scope: String,
}

impl WebhookRule {
    /// Whether the webhook is called by it when a pod is made (Kubernetes documentation, "Dynamic Admission Control",
    /// matching requests by rules).
    pub fn is_for_new_pods(&self) -> bool {
        let any = |all: &[String], wanted: &[&str]| all.iter().any(|one| wanted.contains(&one.as_str()));
        any(&self.operations, &["CREATE", "*"])
            && any(&self.groups, &["", "*"])
            && any(&self.versions, &["v1", "*"])
            && any(&self.resources, &["pods", "*", "*/*"])
            && self.scope != "Cluster"
    }

    /// In one phrase.
    pub fn words(&self) -> String {
        let all = |values: &[String]| values.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join(", ");
        format!(
            "operations [{}], apiGroups [{}], apiVersions [{}], resources [{}]{}",
            all(&self.operations),
            all(&self.groups),
            all(&self.versions),
            all(&self.resources),
            if self.scope.is_empty() || self.scope == "*" { String::new() } else { format!(", scope {}", self.scope) }
        )
    }
}

/// An EKS Pod Identity association (EKS API reference, `PodIdentityAssociation`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct PodIdentityAssociation {
    /// Id.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Namespace.
    pub namespace: String,
    /// Service account.
    pub service_account: String,
    /// Role, when the listing tells it.
    pub role_arn: Option<String>,
    /// Role that the first one assumes for the pod, often of another account.
    pub target_role_arn: Option<String>,
    /// The external id that EKS sends when the target role is assumed.
    pub external_id: Option<String>,
    /// Whether EKS leaves out the session's tags. A role that trusts without `sts:TagSession` needs that.
    pub disable_session_tags: Option<bool>,
    /// ARN of the add-on that owns it.
    pub owner_arn: Option<String>,
    /// Tags in which tools sign.
    pub tags: BTreeMap<String, String>,
    /// Unix seconds.
    pub created: Option<i64>,
    /// Unix seconds of its last change.
    pub modified: Option<i64>,
    /// Why nothing but its place is known, when its description could not be read.
    pub undescribed: Option<Gap>,
}

/// One pod of the Pod Identity agent (EKS User Guide, "Set up the Amazon EKS Pod Identity Agent").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct AgentPod {
    /// Its name.
    pub name: String,
    /// Its node.
    pub node: Option<String>,
    /// Whether it is ready.
    pub ready: bool,
    /// Restarts of its containers together.
    pub restarts: i64,
    /// Why a container of it waits or ended.
    pub reason: Option<String>,
}

/// A Kubernetes `NetworkPolicy` that selects the workload's pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct NetworkPolicy {
    /// Name.
    pub name: String,
    /// Whether it restricts egress.
    pub restricts_egress: bool,
    /// CIDRs egress is allowed to; empty with `restricts_egress` means none.
    pub egress_cidrs: Vec<String>,
    /// What it lets out, rule by rule.
    pub egress: Vec<NetworkRule>,
}

/// What a server-side dry run of a new pod of the service account showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct InjectionProbe {
    /// `AWS_ROLE_ARN` as injected.
    pub role_arn: Option<String>,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` as injected.
    pub token_file: Option<String>,
    /// Whether container credentials (Pod Identity) were injected.
    pub container_credentials: bool,
    /// `AWS_STS_REGIONAL_ENDPOINTS` as injected.
    pub regional_sts: Option<String>,
    /// `AWS_REGION` as injected.
    pub region: Option<String>,
    /// The audience of the token volume `aws-iam-token` as injected.
    pub audience: Option<String>,
    /// The life that this volume asks for, in seconds.
    pub expiration_seconds: Option<i64>,
    /// What the API server said when the webhook could not be called and its failure policy is `Fail`.
    pub error: Option<WebhookRefusal>,
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
