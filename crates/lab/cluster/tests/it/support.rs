//! A cluster on loopback with a client that speaks to it over TLS.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};
use trustwalk_lab_cluster::{
    Cluster, ClusterConfig, ExecResult, FnResolver, Gvr, LogLine, Minted, NodeRuntime, NodeSpec, Store, TlsMaterial,
    TokenMinter, TokenSpec, User, json as j,
};

/// The instant every test lives at.
pub(crate) const NOW: &str = "2026-03-01T12:00:00Z";
/// Longest any condition is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Script;

impl NodeRuntime for Script {
    fn logs(&self, pod: &Value, container: &str, previous: bool) -> Option<Vec<LogLine>> {
        let (now, before) = (NOW.parse::<Timestamp>().unwrap(), Duration::from_secs(90));
        let mut lines = LogLine::of(&format!("{}/{container} one\n", j::name(pod)), now - before);
        lines.extend(LogLine::of("two\n", now));
        (!previous).then_some(lines)
    }

    fn exec(&self, _: &Value, _: &str, command: &[String], stdin: Option<Vec<u8>>) -> ExecResult {
        match command.first().map(String::as_str) {
            Some("fail") => ExecResult { stderr: b"broken\n".to_vec(), code: 3, ..ExecResult::default() },
            Some("cat") => ExecResult { stdout: stdin.unwrap_or_default(), ..ExecResult::default() },
            _ => ExecResult { stdout: command.join(" ").into_bytes(), ..ExecResult::default() },
        }
    }
}

/// Mints numbered placeholders; at most a day.
pub(crate) struct Numbers(Mutex<u64>);

impl TokenMinter for Numbers {
    fn mint(&self, spec: TokenSpec) -> Minted {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        let lasting = Duration::from_secs(spec.expiration_seconds.unsigned_abs());
        Minted { token: format!("t{count}"), expires: NOW.parse::<Timestamp>().unwrap() + lasting }
    }

    fn issuer(&self) -> String {
        "https://issuer.example".into()
    }

    fn max_expiration_seconds(&self) -> Option<i64> {
        Some(86_400)
    }
}

pub(crate) struct Lab {
    pub(crate) store: Store,
    pub(crate) kubeconfig: String,
    pub(crate) address: SocketAddr,
    pub(crate) ca_pem: String,
    pub(crate) admin: String,
    pub(crate) reader: String,
    /// Where webhook services are found.
    pub(crate) webhook: Arc<Mutex<Option<SocketAddr>>>,
}

/// A random word: tokens are made anew for each test.
fn secret() -> String {
    let bytes = aws_lc_rs::rand::generate::<[u8; 16]>(&aws_lc_rs::rand::SystemRandom::new()).unwrap().expose();
    format!("{:032x}", u128::from_be_bytes(bytes))
}

impl Lab {
    pub(crate) async fn start() -> Self {
        let tls = TlsMaterial::self_made(&["127.0.0.1", "localhost"]).unwrap();
        let ca_pem = tls.ca_pem.clone();
        let (admin, reader) = (secret(), secret());
        let webhook = Arc::new(Mutex::new(None));
        let place = Arc::clone(&webhook);
        let node = |name: &str| NodeSpec { name: name.into(), internal_ip: "10.0.0.1".into(), ..NodeSpec::default() };
        let cluster = Cluster::new(ClusterConfig {
            name: "lab".into(),
            version: "v1.36.2".into(),
            tls,
            tokens: BTreeMap::from([
                (admin.clone(), User::admin("admin")),
                (reader.clone(), User::restricted("reader", &[("get", "pods")])),
            ]),
            runtime: Arc::new(Script),
            minter: Arc::new(Numbers(Mutex::new(0))),
            resolver: Arc::new(FnResolver(move |_: &str, _: &str, _| {
                let address = *place.lock().unwrap();
                address.map(|address| (address, "hook.default.svc".to_owned()))
            })),
            clock: Arc::new(|| NOW.parse().unwrap()),
            nodes: vec![node("node-a"), node("node-b")],
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (store, kubeconfig) = (cluster.store(), cluster.kubeconfig(address));
        tokio::spawn(async move { cluster.serve(listener, std::future::pending()).await });
        Self { store, kubeconfig, address, ca_pem, admin, reader, webhook }
    }

    pub(crate) async fn connect(&self) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tcp = TcpStream::connect(self.address).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap()
    }

    pub(crate) async fn send(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        kind: &str,
        body: &str,
    ) -> http::Response<Incoming> {
        let kind = ("content-type", kind);
        self.ask(token, (method, path), if kind.1.is_empty() { &[] } else { std::slice::from_ref(&kind) }, body).await
    }

    /// The same with any headers.
    pub(crate) async fn ask(
        &self,
        token: Option<&str>,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> http::Response<Incoming> {
        let io = TokioIo::new(self.connect().await);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("user-agent", "tester/1.0");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        sender.send_request(request).await.unwrap()
    }

    /// Status code and JSON body of a request by the administrator.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        read(self.send(Some(&self.admin), method, path, kind, &body).await).await
    }

    /// As [`Lab::call`], as somebody else, without a body.
    pub(crate) async fn get_as(&self, token: Option<&str>, path: &str) -> (u16, Value) {
        read(self.send(token, "GET", path, "", "").await).await
    }

    /// Waits until the store satisfies a condition.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn(&Store) -> bool) {
        let wait = async {
            let mut watch = self.store.watch();
            while !condition(&self.store) {
                watch.next().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
    }

    /// Keeps marking every bound pod ready.
    pub(crate) fn run_kubelet(&self) {
        let store = self.store.clone();
        let mut watch = store.watch();
        tokio::spawn(async move {
            while let Some(event) = watch.next().await {
                let pod = &event.object;
                if event.key.gvr == Gvr::core("pods")
                    && j::text(pod, "/status/phase") == "Pending"
                    && !j::text(pod, "/spec/nodeName").is_empty()
                {
                    let _ = store.update(&event.key, |pod| {
                        j::put(pod, "/status/phase", "Running".into());
                        j::put(pod, "/status/podIP", "10.0.0.9".into());
                        let ready = json!([{"type": "Ready", "status": "True"}]);
                        j::put(pod, "/status/conditions", ready);
                        let statuses: Vec<Value> = j::items(pod, "/spec/containers")
                            .iter()
                            .map(|c| {
                                json!({"name": j::text(c, "/name"), "image": j::text(c, "/image"), "imageID": "",
                                    "ready": true, "restartCount": 0, "state": {"running": {"startedAt": NOW}}})
                            })
                            .collect();
                        j::put(pod, "/status/containerStatuses", json!(statuses));
                    });
                }
            }
        });
    }

    pub(crate) fn pods(&self) -> Vec<Arc<Value>> {
        self.store.list(&Gvr::core("pods"), Some("default")).1
    }
}

/// Status code and JSON body of a response.
pub(crate) async fn read(response: http::Response<Incoming>) -> (u16, Value) {
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// A daemon set with one container.
pub(crate) fn daemon_set(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "example:1"}]},
            },
        },
    })
}
