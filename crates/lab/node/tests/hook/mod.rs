//! A running webhook with a client that trusts its certificate.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a step that fails fails the test")]

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use trustwalk_lab_cluster::{Gvr, Store, json as j};
use trustwalk_lab_node::{WebhookConfig, WebhookServer, WebhookSettings};

const NAME: &str = "pod-identity-webhook.kube-system.svc";

pub(crate) struct Hook {
    pub(crate) settings: WebhookSettings,
    store: Store,
    address: SocketAddr,
    trust: Arc<rustls::ClientConfig>,
    task: JoinHandle<()>,
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hook {
    pub(crate) async fn start(config: WebhookConfig) -> Self {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let trust = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let store = Store::new(Arc::new(jiff::Timestamp::now));
        let settings = WebhookSettings::from(config);
        let server = WebhookServer::start(
            store.clone(),
            settings.clone(),
            vec![certificate],
            key,
            listener,
            std::future::pending(),
        )
        .unwrap();
        Self { settings, store, address, trust: Arc::new(trust), task: tokio::spawn(server) }
    }

    pub(crate) fn account(&self, account: Value) {
        self.store.create(&Gvr::core("serviceaccounts"), account).unwrap();
    }

    /// Status and body, or nothing when the connection ends without an answer.
    pub(crate) async fn post(&self, path: &str, body: String) -> Option<(u16, String)> {
        let stream = tokio::net::TcpStream::connect(self.address).await.ok()?;
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.trust));
        let tls = connector.connect(ServerName::try_from(NAME).unwrap(), stream).await.ok()?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.ok()?;
        let connection = tokio::spawn(connection);
        let request = Request::post(path).header("host", NAME).body(Full::new(Bytes::from(body))).unwrap();
        let response = sender.send_request(request).await.ok()?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        connection.abort();
        Some((status, String::from_utf8_lossy(&body).into_owned()))
    }

    /// The pod after the webhook's patch, or nothing when the webhook is down.
    pub(crate) async fn admit(&self, pod: &Value) -> Option<Value> {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {"uid": "u-1", "kind": {"kind": "Pod"}, "namespace": "team", "object": pod},
        });
        let (_, answer) = self.post("/mutate", review.to_string()).await?;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let echo = self.settings.get().echoes_version;
        assert_eq!(answer["apiVersion"].as_str(), echo.then_some("admission.k8s.io/v1"));
        assert_eq!(answer["response"]["uid"], "u-1");
        assert_eq!(answer["response"]["allowed"], true);
        let Some(patch) = answer["response"]["patch"].as_str() else {
            return Some(pod.clone());
        };
        assert_eq!(answer["response"]["patchType"], "JSONPatch");
        let patch: Value = serde_json::from_slice(&STANDARD.decode(patch).unwrap()).unwrap();
        Some(patched(pod, &patch))
    }
}

/// Applies the two operations the webhook uses.
pub(crate) fn patched(pod: &Value, patch: &Value) -> Value {
    let mut changed = pod.clone();
    for step in patch.as_array().unwrap() {
        let place = step["path"].as_str().unwrap();
        match step["op"].as_str().unwrap() {
            "replace" => *changed.pointer_mut(place).unwrap() = step["value"].clone(),
            _ => j::put(&mut changed, place, step["value"].clone()),
        }
    }
    changed
}

pub(crate) fn account(name: &str, annotations: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "team", "annotations": annotations}})
}

pub(crate) fn pod(account: &str, annotations: &Value) -> Value {
    json!({
        "metadata": {"generateName": "app-", "annotations": annotations},
        "spec": {"serviceAccountName": account, "containers": [{"name": "main", "image": "i"}]},
    })
}
