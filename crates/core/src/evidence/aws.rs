//! What the account says: cluster, provider, role, policies, exchange, history.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An EKS cluster, as `eks:DescribeCluster` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct EksCluster {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// Issuer URL (`identity.oidc.issuer`).
    pub issuer: Option<String>,
    /// Kubernetes version.
    pub version: String,
    /// Unix seconds.
    pub created: i64,
    /// Add-ons with the role of their service account.
    pub addons: Vec<Addon>,
}

/// An EKS add-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Addon {
    /// Name, such as `vpc-cni`.
    pub name: String,
    /// Role of its service account.
    pub role_arn: Option<String>,
    /// Status.
    pub status: String,
    /// Unix seconds of the last change.
    pub modified: i64,
}

/// An IAM OIDC provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Provider {
    /// ARN.
    pub arn: String,
    /// URL without its scheme, as IAM returns it.
    pub url: String,
    /// Registered audiences.
    pub client_ids: Vec<String>,
    /// Registered thumbprints, lower-case SHA-1.
    pub thumbprints: Vec<String>,
    /// Unix seconds.
    pub created: i64,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Role {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// The trust policy's JSON text.
    pub trust_policy: String,
    /// Longest session, in seconds.
    pub max_session: i64,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds of the last use, when IAM knows one.
    pub last_used: Option<i64>,
    /// Tags, in which infrastructure tools often sign.
    pub tags: BTreeMap<String, String>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
}

/// One policy of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct RolePolicy {
    /// Name, or ARN of a managed one.
    pub name: String,
    /// ARN of a managed policy.
    pub arn: Option<String>,
    /// The document's JSON text, when it could be read.
    pub document: Option<String>,
    /// Whether it is the permissions boundary.
    pub boundary: bool,
}

/// Who the caller of the AWS API is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Caller {
    /// Account number.
    pub account: String,
    /// ARN.
    pub arn: String,
}

/// What STS answered to a real `AssumeRoleWithWebIdentity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Exchange {
    /// The endpoint asked.
    pub endpoint: String,
    /// The role asked for.
    pub role_arn: String,
    /// The session's ARN on success.
    pub assumed: Option<String>,
    /// Error code on failure, such as `InvalidIdentityToken`.
    pub code: Option<String>,
    /// Error message on failure.
    pub message: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// Request id.
    pub request_id: Option<String>,
}

/// One `CloudTrail` event that matters here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct TrailEvent {
    /// Unix seconds.
    pub at: i64,
    /// Event name.
    pub name: String,
    /// Who did it.
    pub who: String,
    /// What it touched.
    pub resource: String,
    /// Error code.
    pub error: Option<String>,
    /// `IAMTrustStore` or `Thumbprint`, from `additionalEventData`.
    pub verification: Option<String>,
    /// Subject of a web identity.
    pub subject: Option<String>,
}
