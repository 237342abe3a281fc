//! The cluster as a whole: configuration, start-up objects, and serving over TLS.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::{
    contract::{Clock, NodeRuntime, NodeSpec, Resolve, TokenMinter},
    controllers,
    errors::ApiError,
    http,
    pipeline::Pipeline,
    rbac::User,
    seed,
    store::Store,
    tls::{TlsError, TlsMaterial},
};

/// Everything a cluster is made of.
pub struct ClusterConfig {
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

/// What every request and controller shares.
pub(crate) struct Shared {
    pub(crate) config: ClusterConfig,
    pub(crate) store: Store,
    pub(crate) pipeline: Pipeline,
    pub(crate) issued: crate::authn::Issued,
    streams: Arc<Semaphore>,
    pub(crate) requests: AtomicU64,
}

/// Watches and followed logs at a time. Each costs a look at every change.
const STREAMS: usize = 512;

impl Shared {
    /// A place for a watch or a followed log, for as long as it is kept.
    pub(crate) fn stream(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_| ApiError::too_many_requests("too many watches and followed logs, please try again later"))
    }
}

/// A running or ready-to-run cluster. Cloning shares it.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// The cluster cannot begin to serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Certificate trouble.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Cluster {
    /// Makes the cluster and its first objects: namespaces, default service
    /// accounts, RBAC for discovery, nodes.
    pub fn new(config: ClusterConfig) -> Self {
        let store = Store::new(Arc::clone(&config.clock));
        seed::first_objects(&store, &config);
        let pipeline = Pipeline::new(store.clone(), Arc::clone(&config.resolver), Arc::clone(&config.clock));
        let (issued, streams) = (crate::authn::Issued::default(), Arc::new(Semaphore::new(STREAMS)));
        Self { shared: Arc::new(Shared { config, store, pipeline, issued, streams, requests: AtomicU64::new(0) }) }
    }

    /// The objects.
    pub fn store(&self) -> Store {
        self.shared.store.clone()
    }

    /// Requests that were answered so far.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Creates an object as an API request of `user` would: namespace check,
    /// built-in admission, webhooks, then the store.
    pub async fn admit_and_create(
        &self,
        gvr: &crate::Gvr,
        object: serde_json::Value,
        user: &User,
    ) -> Result<Arc<serde_json::Value>, crate::ApiError> {
        self.shared.pipeline.create(gvr, object, user, false).await
    }

    /// Serves the API and runs the controllers until `shutdown` completes.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let tls = self.shared.config.tls.server_config()?;
        let tasks = controllers::start(&self.shared.store, &self.shared.pipeline, &self.shared.config.tls.ca_pem);
        http::serve(Arc::clone(&self.shared), listener, tls, shutdown).await;
        drop(tasks);
        Ok(())
    }

    /// A kubeconfig for the first token whose user may do everything, or else the
    /// first token, with the authority embedded.
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        let tokens = &self.shared.config.tokens;
        let admin = tokens
            .iter()
            .find(|(_, user)| user.allow.iter().any(|a| a.verb == "*" && a.resource == "*"))
            .or_else(|| tokens.iter().next());
        let (token, user) = admin.map_or(("", "anonymous"), |(t, u)| (t.as_str(), u.name.as_str()));
        self.kubeconfig_for(address, user, token)
    }

    /// A kubeconfig for a given user name and bearer token.
    pub fn kubeconfig_for(&self, address: SocketAddr, user: &str, token: &str) -> String {
        let ca = STANDARD.encode(&self.shared.config.tls.ca_pem);
        let document = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": {
                "server": format!("https://{address}"), "certificate-authority-data": ca,
            }}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
        });
        // JSON is YAML: every reader of kubeconfig files takes it.
        format!("{document:#}\n")
    }
}
