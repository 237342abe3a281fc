//! Servers to fetch chains from.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SignatureAlgorithm};
use rustls::crypto::aws_lc_rs;
use rustls::{ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;

use trustwalk_collect::dial::Dialer;
use trustwalk_collect::tls::DialOptions;

/// The name that certificates are made for.
pub(crate) const HOST: &str = "issuer.example.com";

/// Options that lead every host to one address.
pub(crate) fn to(address: SocketAddr) -> DialOptions {
    let rule = format!("::{}:{}", address.ip(), address.port());
    DialOptions { dialer: Dialer::new(vec![rule.parse().unwrap()]), ..DialOptions::default() }
}

/// Options for hosts that will not answer.
pub(crate) fn impatient(address: SocketAddr) -> DialOptions {
    DialOptions { timeout: Duration::from_millis(150), ..to(address) }
}

/// A leaf, its intermediate, and the leaf's key.
pub(crate) struct Made {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) root: CertificateDer<'static>,
    pub(crate) key: KeyPair,
}

impl Made {
    pub(crate) fn new(algorithm: &'static SignatureAlgorithm) -> Self {
        let key = || KeyPair::generate_for(algorithm).unwrap();
        let ca = |name: &str| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let (root, root_key) = (ca("Root"), key());
        let (middle, middle_key) = (ca("Middle"), key());
        let signed = middle.signed_by(&middle_key, &Issuer::from_params(&root, &root_key)).unwrap();
        let leaf_key = key();
        let leaf = CertificateParams::new(vec![HOST.to_owned(), "*.example.com".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&leaf_key, &Issuer::from_params(&middle, &middle_key)).unwrap();
        let root = root.self_signed(&root_key).unwrap().der().clone();
        Self { chain: vec![leaf.der().clone(), signed.der().clone()], root, key: leaf_key }
    }

    pub(crate) fn ders(&self) -> Vec<Vec<u8>> {
        self.chain.iter().map(|c| c.to_vec()).collect()
    }

    /// An acceptor that presents it.
    pub(crate) fn acceptor(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A TLS server and how often it was dialled.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) root: Vec<u8>,
    pub(crate) dialled: Arc<AtomicUsize>,
    pub(crate) most_at_once: Arc<AtomicUsize>,
}

pub(crate) async fn server(
    algorithm: &'static SignatureAlgorithm,
    versions: &[&'static SupportedProtocolVersion],
) -> Server {
    let made = Made::new(algorithm);
    let acceptor = made.acceptor(versions);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (dialled, most_at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, most, now) = (dialled.clone(), most_at_once.clone(), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let (acceptor, now) = (acceptor.clone(), now.clone());
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = acceptor.accept(stream).await;
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    Server { address, chain: made.ders(), root: made.root.to_vec(), dialled, most_at_once }
}

/// A server that does to each connection what it is told.
pub(crate) async fn hostile<F, Fut>(act: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(act(stream));
        }
    });
    address
}

/// A stream after the handshake, at the server's end.
pub(crate) type Secure = tokio_rustls::server::TlsStream<TcpStream>;

/// A TLS server that does to each connection what it is told once hands are shaken.
pub(crate) async fn secure<F, Fut>(act: F) -> SocketAddr
where
    F: Fn(Secure) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let acceptor = Made::new(&rcgen::PKCS_ECDSA_P256_SHA256).acceptor(rustls::ALL_VERSIONS);
    hostile(move |stream| {
        let (acceptor, act) = (acceptor.clone(), act.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                act(stream).await;
            }
        }
    })
    .await
}

/// Reads a request's head; its first line is the answer. Empty when the client went away.
pub(crate) async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    head(stream).await.lines().next().unwrap_or_default().to_owned()
}

/// The whole head of a request.
pub(crate) async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return String::new();
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Stays until the client goes away.
pub(crate) async fn stay<S: AsyncRead + Unpin>(mut stream: S) {
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await.is_ok_and(|n| n > 0) {}
}

/// Shakes hands with whoever comes, and tells the names asked for.
pub(crate) fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> UnboundedReceiver<String> {
    let (kept, names) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, kept) = (acceptor.clone(), kept.clone());
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
                    let _ = kept.send(name);
                    request(&mut stream).await;
                    let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
                    stay(stream).await;
                }
            });
        }
    });
    names
}

/// Options that lead [`HOST`] alone to an address: what a document names otherwise is on its own.
pub(crate) fn to_host(address: SocketAddr) -> DialOptions {
    let rule = format!("{HOST}:443:{}:{}", address.ip(), address.port());
    DialOptions { dialer: Dialer::new(vec![rule.parse().unwrap()]), ..DialOptions::default() }
}

/// A whole HTTP answer.
pub(crate) fn answer(headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}
