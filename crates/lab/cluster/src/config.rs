//! What a cluster is made of.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    contract::{Clock, NodeRuntime, NodeSpec, Resolve, TokenMinter},
    rbac::User,
    tls::TlsMaterial,
};

/// Everything a cluster is made of.
pub struct ClusterConfig {
    /// What a kubeconfig calls it.
    pub name: String,
    /// What `/version` says, such as `v1.36.2`.
    pub version: String,
    /// Serving certificate; see [`TlsMaterial::self_made`].
    pub tls: TlsMaterial,
    /// Bearer tokens and whose they are. Secrets.
    pub tokens: BTreeMap<String, User>,
    /// The kubelets' logs and exec.
    pub runtime: Arc<dyn NodeRuntime>,
    /// The service-account signer.
    pub minter: Arc<dyn TokenMinter>,
    /// Finds webhook services.
    pub resolver: Arc<dyn Resolve>,
    /// The time.
    pub clock: Clock,
    /// Nodes registered at start.
    pub nodes: Vec<NodeSpec>,
}

impl fmt::Debug for ClusterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterConfig")
            .field("version", &self.version)
            .field("tokens", &self.tokens.len())
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}
