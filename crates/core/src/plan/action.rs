//! What can be changed, and the cure that a change is a part of: what questions answer and plans are made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What replaces a pod of its own that is gone.
pub const RENEWABLE: [&str; 5] = ["DaemonSet", "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];
/// Pods that are evicted in one step at most: each is waited for.
pub const MOST_RENEWED: usize = 500;

/// A change trustwalk knows how to make, check and undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Replace the provider's thumbprint list (AWS replaces the whole list).
    SetThumbprints {
        /// Provider ARN.
        provider_arn: String,
        /// The whole new list.
        thumbprints: Vec<String>,
    },
    /// Register audiences with the provider.
    AddClientId {
        /// Provider ARN.
        provider_arn: String,
        /// The audience.
        client_id: String,
    },
    /// Register an OIDC provider.
    CreateProvider {
        /// `https://…`
        url: String,
        /// Audiences.
        client_ids: Vec<String>,
        /// Thumbprints; empty lets AWS fetch its own.
        thumbprints: Vec<String>,
    },
    /// Replace a role's trust policy.
    SetTrustPolicy {
        /// Role name.
        role: String,
        /// Whole new document.
        document: String,
    },
    /// Set or remove an annotation of a service account.
    Annotate {
        /// Namespace.
        namespace: String,
        /// Service account.
        service_account: String,
        /// Annotation key.
        key: String,
        /// New value; `None` removes it.
        value: Option<String>,
    },
    /// Attach a managed policy to a role.
    AttachPolicy {
        /// Role name.
        role: String,
        /// Policy ARN.
        policy_arn: String,
    },
    /// Set one field of one webhook of a `MutatingWebhookConfiguration`.
    SetWebhook {
        /// Name of the configuration.
        configuration: String,
        /// Name of the webhook in it.
        webhook: String,
        /// The field and its new value.
        set: WebhookField,
    },
    /// Make an EKS Pod Identity association, or have one that is there give another role.
    Associate {
        /// The EKS cluster's name.
        cluster: String,
        /// Namespace.
        namespace: String,
        /// Service account.
        service_account: String,
        /// The role that its pods get.
        role_arn: String,
        /// Id of the association that is changed; `None` makes one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        association: Option<String>,
    },
    /// Restart the pods of a controller as `kubectl rollout restart` does.
    Restart {
        /// `DaemonSet`, `Deployment`, `StatefulSet`.
        resource: String,
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// Evict some pods of a controller, one after another, so that it makes new ones in their place.
    Renew {
        /// `DaemonSet`, `Deployment`, `StatefulSet`, `ReplicaSet`, `ReplicationController`.
        resource: String,
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
        /// The pods, and no other ones of their names.
        pods: Vec<OnePod>,
    },
}

/// One pod, and no other one of its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnePod {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
}

impl Action {
    /// Whether it makes pods anew and changes nothing else.
    pub fn renews_pods(&self) -> bool {
        match self {
            Self::Restart { .. } | Self::Renew { .. } => true,
            Self::SetThumbprints { .. }
            | Self::AddClientId { .. }
            | Self::CreateProvider { .. }
            | Self::SetTrustPolicy { .. }
            | Self::Annotate { .. }
            | Self::SetWebhook { .. }
            | Self::Associate { .. }
            | Self::AttachPolicy { .. } => false,
        }
    }
}

/// A field of a webhook, and its value (Kubernetes API reference, `MutatingWebhook`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookField {
    /// `clientConfig.caBundle`: base64 of PEM, as the object holds it. Empty takes it away.
    CaBundle(String),
    /// `admissionReviewVersions`, in their order.
    ReviewVersions(Vec<String>),
}

/// A way to cure a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Cure {
    /// What it does, in one phrase.
    pub title: String,
    /// The change trustwalk itself can make, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// Commands or patches by tool: `aws`, `kubectl`, `terraform`, `cloudformation`, `eksctl`, `workflow`, `note`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_hand: BTreeMap<String, String>,
    /// What changes, line by line: `- ` goes, `+ ` comes, two spaces stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// The tool of `by_hand` that the object is changed through: its owner's, else the AWS CLI or kubectl.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}
