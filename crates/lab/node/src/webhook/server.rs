//! The admission server: `AdmissionReview` of `admission.k8s.io` over HTTPS, in `v1` or `v1beta1`, which ask alike
//! (Kubernetes docs, "Dynamic Admission Control").

use std::{
    fmt,
    future::Future,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use trustwalk_lab_cluster::{Gvr, Key, Store, json as j};
use trustwalk_lab_serve::{PATIENCE, Slot, Version, accept, speak};

use super::mutate::{WebhookConfig, mutate};

/// Most bytes of a review; the API server's own limit on objects is 3 MiB.
const LARGEST_REVIEW: usize = 3 * 1024 * 1024;
/// Connections at a time: its one client, the API server, makes one for a review.
const CONNECTIONS: usize = 128;

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// rustls refuses chain and key.
    #[error("cannot serve with this certificate: {0}")]
    Certificate(#[from] rustls::Error),
}

/// The webhook's configuration, changeable while it serves.
#[derive(Debug, Clone, Default)]
pub struct WebhookSettings(Arc<RwLock<WebhookConfig>>);

impl From<WebhookConfig> for WebhookSettings {
    fn from(config: WebhookConfig) -> Self {
        Self(Arc::new(RwLock::new(config)))
    }
}

impl WebhookSettings {
    /// A copy of the current configuration.
    pub fn get(&self) -> WebhookConfig {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the configuration; reviews from now on follow it.
    pub fn update(&self, change: impl FnOnce(&mut WebhookConfig)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The webhook, ready to serve.
#[derive(Clone)]
pub struct WebhookServer {
    store: Store,
    settings: WebhookSettings,
    tls: Arc<rustls::ServerConfig>,
}

impl fmt::Debug for WebhookServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookServer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl WebhookServer {
    /// Starts the webhook on `listener` with the given serving chain (leaf first) and
    /// key. The returned future serves until `shutdown` completes. Service accounts
    /// are read from `store`.
    pub fn start(
        store: Store,
        settings: WebhookSettings,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<impl Future<Output = ()> + Send, WebhookError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let server = Self { store, settings, tls: Arc::new(tls) };
        Ok(server.serve(listener, shutdown))
    }

    async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) {
        accept(listener, CONNECTIONS, shutdown, move |stream, slot| self.clone().connection(stream, slot)).await;
    }

    async fn connection(self, stream: TcpStream, slot: Slot) {
        if self.settings.get().stopped {
            return;
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&self.tls));
        // A connection that breaks is the client's concern: it reports the failure.
        let Ok(Ok(tls)) = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await else {
            return;
        };
        speak(tls, slot, Version::One, move |request| {
            let server = self.clone();
            async move { server.answer(request).await }
        })
        .await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (_, "/healthz") => reply(StatusCode::OK, "text/plain", "ok".into()),
            (&Method::POST, "/mutate") => {
                let body = Limited::new(request.into_body(), LARGEST_REVIEW).collect();
                let Ok(Ok(body)) = tokio::time::timeout(PATIENCE, body).await else {
                    return bad_request("cannot read the review");
                };
                match serde_json::from_slice::<Value>(&body.to_bytes()) {
                    Ok(review) => {
                        let answer = self.review(&review);
                        reply(StatusCode::OK, "application/json", answer.to_string())
                    }
                    Err(_) => bad_request("the review is not JSON"),
                }
            }
            _ => reply(StatusCode::NOT_FOUND, "text/plain", "not found".into()),
        }
    }

    fn review(&self, review: &Value) -> Value {
        let pod = j::at(review, "/request/object");
        let mut response = json!({"uid": j::text(review, "/request/uid"), "allowed": true});
        if j::text(review, "/request/kind/kind") == "Pod" {
            let patch = self.patch(review, pod);
            if !patch.is_empty() {
                let encoded = STANDARD.encode(Value::Array(patch).to_string());
                j::put(&mut response, "/patchType", "JSONPatch".into());
                j::put(&mut response, "/patch", encoded.into());
            }
        }
        if self.settings.get().echoes_version {
            let (version, kind) = (j::text(review, "/apiVersion"), j::text(review, "/kind"));
            return json!({"apiVersion": version, "kind": kind, "response": response});
        }
        json!({"response": response})
    }

    fn patch(&self, review: &Value, pod: &Value) -> Vec<Value> {
        // A pod made by a controller has no namespace of its own yet.
        let namespace = match j::namespace(pod) {
            "" => j::text(review, "/request/namespace"),
            given => given,
        };
        let name = match j::text(pod, "/spec/serviceAccountName") {
            "" => "default",
            given => given,
        };
        let key = Key::new(Gvr::core("serviceaccounts"), Some(namespace), name);
        let account = self.store.get(&key);
        mutate(&self.settings.get(), pod, account.as_deref())
    }
}

fn reply(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

fn bad_request(why: &str) -> Response<Full<Bytes>> {
    reply(StatusCode::BAD_REQUEST, "text/plain", why.to_owned())
}
