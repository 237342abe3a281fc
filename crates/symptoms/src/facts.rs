//! Values that a record names and that a plain string or number would mix up.

use serde::{Deserialize, Serialize};

/// Names of the webhook that injects web identity: EKS's own and the one that people deploy
/// (amazon-eks-pod-identity-webhook, `deploy/mutatingwebhook.yaml`).
pub(crate) const WEBHOOKS: &[&str] = &["iam-for-pods.amazonaws.com", "pod-identity-webhook"];

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(String);

            impl $name {
                /// As it stood in the record, redacted.
                pub fn new(text: impl Into<String>) -> Self {
                    Self(text.into())
                }

                /// The text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )+
    };
}

names! {
    /// A region's code, such as `eu-west-1`, from a host's name or where the record says that it is one.
    Region,
    /// The id of a signing key (RFC 7515, 4.1.4), of a token or of a published key.
    KeyId,
    /// The token's `sub`.
    Subject,
    /// The resource that a refused action was for: an ARN, or `*`.
    Resource,
    /// An absolute path of a token's file as the client opened it.
    TokenPath,
    /// `NAMESPACE/NAME` of a service account.
    ServiceAccount,
    /// The name of an admission webhook, such as `iam-for-pods.amazonaws.com`.
    Webhook,
    /// The name of a cluster of EKS.
    Cluster,
}

/// How a client spoke to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

/// A partition of AWS (IAM User Guide, "Identify AWS resources with ARNs").
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// `aws`.
    Aws,
    /// `aws-cn`.
    AwsCn,
    /// `aws-us-gov`.
    AwsUsGov,
    /// Another one, by its name in an ARN.
    Other(String),
}

impl Partition {
    /// From the part of an ARN that names it.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "aws" => Self::Aws,
            "aws-cn" => Self::AwsCn,
            "aws-us-gov" => Self::AwsUsGov,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A moment that the failure's own words name, in Unix seconds or as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SaidTimes {
    /// What the one who refused took for now; UTC in ISO 8601.
    pub current: String,
    /// The end or the beginning of the validity that it compared with; UTC in ISO 8601.
    pub limit: String,
    /// Seconds by which `current` lies after `limit`; negative where it lies before.
    pub past_seconds: i64,
}

/// Which part of a client spoke, where its stack or its words show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// Credentials in use were being renewed: the exchange had succeeded before.
    Refresh,
    /// The provider of web identity credentials.
    WebIdentity,
    /// A role assumed with other credentials.
    AssumeRole,
    /// The provider that reads a container's credentials: Pod Identity or ECS.
    Container,
    /// The instance metadata service.
    InstanceMetadata,
    /// A profile of a shared file.
    Profile,
    /// Keys in environment variables.
    Environment,
    /// Keys that the application's own configuration holds.
    Configured,
    /// The chain that asks several providers in turn.
    Chain,
}
