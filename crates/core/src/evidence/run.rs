//! What all identities of one run share.

use serde::{Deserialize, Serialize};

use super::{Addon, Caller, Clock, EksCluster, Observed, Shared, TrustModel, Webhook};

/// The three sets of roots a verdict about a chain can rest on, base64 of DER.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Roots {
    /// What AWS is taken to trust: the public library, or the one given.
    pub library: Vec<String>,
    /// Where `library` came from, for the report.
    pub library_name: String,
    /// What the user trusts besides: system store and `--ca-bundle`.
    pub user: Vec<String>,
}

/// What one run knows whichever identity it looks at: when and where it ran, as whom, and what account and cluster
/// say of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Run {
    /// When the evidence was gathered, Unix seconds: the `now` of every rule.
    pub now: i64,
    /// What AWS said the time is.
    #[serde(default)]
    pub clock: Observed<Clock>,
    /// The trust model in force.
    #[serde(default)]
    pub trust_model: TrustModel,
    /// Roots for verdicts about chains.
    #[serde(default)]
    pub roots: Shared<Roots>,
    /// Webhooks that could inject web identity.
    #[serde(default)]
    pub webhooks: Observed<Vec<Webhook>>,
    /// Whether the Pod Identity agent runs: its `DaemonSet`'s ready pods.
    #[serde(default)]
    pub pod_identity_agent: Observed<i64>,
    /// The EKS cluster.
    #[serde(default)]
    pub cluster: Observed<EksCluster>,
    /// Its add-ons.
    #[serde(default)]
    pub addons: Observed<Vec<Addon>>,
    /// All providers of the account.
    #[serde(default)]
    pub providers: Observed<Vec<String>>,
    /// The caller's identity in AWS.
    #[serde(default)]
    pub caller: Observed<Caller>,
    /// The region in use.
    #[serde(default)]
    pub region: Option<String>,
}
