//! One connection carries a walk where the server speaks HTTP/2: counted on real sockets.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Response, Version};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use trustwalk_collect::aws::{AwsClient, AwsOptions};
use trustwalk_collect::dial::Dialer;
use trustwalk_collect::kube_api::{KubeApi, KubeOptions};
use trustwalk_collect::proxy::Proxies;
use trustwalk_collect::roots::RootOptions;

/// Requests made at the same time.
const REQUESTS: usize = 40;

/// A server with TLS, its certificate, and what it saw.
struct Secure {
    address: SocketAddr,
    certificate: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    second: Arc<AtomicUsize>,
}

impl Secure {
    /// Answers everything with one body, in the first of these protocols that the client speaks.
    async fn new(protocols: &[&str], body: &'static str) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            certificate: certificate.pem(),
            connections: Arc::default(),
            requests: Arc::default(),
            second: Arc::default(),
        };
        let (connections, requests, second) =
            (server.connections.clone(), server.requests.clone(), server.second.clone());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, requests, second) = (acceptor.clone(), requests.clone(), second.clone());
                tokio::spawn(async move {
                    let Ok(tls) = acceptor.accept(tcp).await else { return };
                    let answer = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                        requests.fetch_add(1, Ordering::SeqCst);
                        second.fetch_add(usize::from(request.version() == Version::HTTP_2), Ordering::SeqCst);
                        let answer = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
                        async move { Ok::<_, Infallible>(answer) }
                    });
                    // A client that goes away is its own affair.
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(tls), answer).await;
                });
            }
        });
        server
    }

    async fn cluster(&self) -> KubeApi {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(
            file,
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- {{name: c, context: {{cluster: k, user: u}}\
             }}\n\
             users:\n- {{name: u, user: {{token: t}}}}\nclusters:\n- {{name: k, cluster: {{server: \
             'https://localhost:{}', certificate-authority-data: {}}}}}\n",
            self.address.port(),
            STANDARD.encode(&self.certificate)
        )
        .unwrap();
        let options = KubeOptions { kubeconfig: Some(PathBuf::from(file.path())), context: None };
        KubeApi::new(&options, &Proxies::from_environment().unwrap(), 0).await.unwrap()
    }

    fn count(&self) -> (usize, usize, usize) {
        let of = |n: &AtomicUsize| n.load(Ordering::SeqCst);
        (of(&self.connections), of(&self.requests), of(&self.second))
    }
}

async fn many(kube: &KubeApi) {
    let reads = (0..REQUESTS).map(|n| async move {
        let found = kube.get(&format!("/api/v1/{n}"), "x", "get x", "").await;
        assert!(found.known().is_some(), "{:?}", found.gap());
    });
    futures_util::future::join_all(reads).await;
}

#[tokio::test]
async fn a_cluster_is_read_over_one_connection() {
    let server = Secure::new(&["h2", "http/1.1"], "{}").await;
    many(&server.cluster().await).await;
    assert_eq!(server.count(), (1, REQUESTS, REQUESTS));
}

#[tokio::test]
async fn a_cluster_without_http_2_is_read_all_the_same() {
    let server = Secure::new(&["http/1.1"], "{}").await;
    many(&server.cluster().await).await;
    let (connections, requests, second) = server.count();
    assert_eq!((requests, second), (REQUESTS, 0));
    // One is opened beside each request that waits, and kept where another became free first.
    assert!(connections < REQUESTS, "{connections} connections");
}

#[tokio::test]
async fn an_account_is_read_over_one_connection_once_it_is_there() {
    let server = Secure::new(&["h2", "http/1.1"], "<R><Account>1</Account></R>").await;
    let bundle = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(bundle.path(), &server.certificate).unwrap();
    let options = AwsOptions {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(format!("https://localhost:{}", server.address.port())),
        keys: Some(Credentials::for_tests()),
        ..AwsOptions::default()
    };
    let roots = RootOptions { ca_bundle: Some(bundle.path().to_owned()), ca_library: None };
    let client = AwsClient::new(&options, Dialer::default(), roots, 0).await;
    assert!(client.caller().await.known().is_some());
    let reads = (1..REQUESTS).map(|_| async { assert!(client.caller().await.known().is_some()) });
    futures_util::future::join_all(reads).await;
    assert_eq!(server.count(), (1, REQUESTS, REQUESTS));
}
