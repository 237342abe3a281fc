//! The cluster as a whole: start-up objects, and serving over TLS.

use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::net::TcpListener;

use crate::{
    api::{server, shared::Shared},
    config::ClusterConfig,
    controllers,
    rbac::User,
    seed,
    store::Store,
    tls::TlsError,
    writes::pipeline::Pipeline,
};

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
        Self::again(config, store)
    }

    /// The cluster with the objects that it had.
    pub fn again(config: ClusterConfig, store: Store) -> Self {
        let pipeline = Pipeline::new(store.clone(), Arc::clone(&config.resolver), Arc::clone(&config.clock));
        Self { shared: Arc::new(Shared::new(config, store, pipeline)) }
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

    /// Makes a deployment with all its pods, as they are when they have come up well, of a template that is at rest:
    /// nothing runs them. `well` writes the status of a pod on a node of an address. Before the cluster is served: no
    /// watch hears of the pods.
    pub async fn lay(&self, deployment: serde_json::Value, well: crate::Well) -> Result<(), crate::ApiError> {
        let own = (&self.shared.store, &self.shared.pipeline);
        controllers::lay(own, deployment, &User::admin("lab-admin"), well).await
    }

    /// Serves the API and runs the controllers until `shutdown` completes.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let tls = self.shared.config.tls.server_config()?;
        let tasks = controllers::start(&self.shared.store, &self.shared.pipeline, &self.shared.config.tls.ca_pem);
        server::serve(Arc::clone(&self.shared), listener, tls, shutdown).await;
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
        let name = &self.shared.config.name;
        let ca = STANDARD.encode(&self.shared.config.tls.ca_pem);
        let document = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [{"name": name, "cluster": {
                "server": format!("https://{address}"), "certificate-authority-data": ca,
            }}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": name, "user": user}}],
        });
        // JSON is YAML: every reader of kubeconfig files takes it.
        format!("{document:#}\n")
    }
}
