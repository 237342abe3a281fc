//! What the cluster says besides workloads: service accounts, webhooks, associations, network policies.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::annotation::ROLE_ANNOTATION;
use super::{Gap, NetworkRule, WebhookRefusal};

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

/// Whether a webhook of this configuration and name is called as one that injects web identity: as EKS and the
/// project's own manifests name it. What it does, [`Webhook::injects`] tells.
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
    /// The path it is called at, where it is a service; empty where it was not read.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
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

    /// Whether the webhook is called by it for anything that is done to pods.
    pub fn is_for_pods(&self) -> bool {
        let any = |all: &[String], wanted: &[&str]| all.iter().any(|one| wanted.contains(&one.as_str()));
        any(&self.groups, &["", "*"]) && any(&self.resources, &["pods", "*", "*/*"]) && self.scope != "Cluster"
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
