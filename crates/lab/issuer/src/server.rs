//! The TLS server all issuers share: one port, a chain per host name chosen by SNI,
//! chains and documents replaceable while it runs.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::LazyConfigAcceptor;
use trustwalk_lab_keep::{Batch, Journal, Restored, Snapshot};
use trustwalk_lab_serve::{PATIENCE, Slot, Version, accept, speak};

use crate::{
    Issuer, IssuerError,
    documents::{DocumentFault, HUGE_BYTES},
    issuer::Document,
    pki::Chain,
};

/// Connections at a time: the account makes two for an exchange, and looks at a few issuers at most.
const CONNECTIONS: usize = 128;

/// How a server starts.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
}

struct Host {
    config: Arc<rustls::ServerConfig>,
    presented: Vec<CertificateDer<'static>>,
    kept: KeptChain,
}

/// Where chains are kept, by host.
const CHAINS: &str = "issuer/chains";

/// A chain as it is kept: base64 of DER. The key is a secret.
#[derive(Clone, Serialize, Deserialize)]
struct KeptChain {
    certificates: Vec<String>,
    key: String,
    tls13_only: bool,
}

impl KeptChain {
    fn of(chain: &Chain, tls13_only: bool) -> Self {
        let certificates = chain.certificates.iter().map(|certificate| STANDARD.encode(certificate)).collect();
        Self { certificates, key: STANDARD.encode(chain.key.secret_der()), tls13_only }
    }

    fn chain(&self) -> Option<Chain> {
        let certificates = self.certificates.iter().map(|one| STANDARD.decode(one).ok().map(CertificateDer::from));
        let key = PrivatePkcs8KeyDer::from(STANDARD.decode(&self.key).ok()?);
        Some(Chain { certificates: certificates.collect::<Option<_>>()?, key: PrivateKeyDer::Pkcs8(key) })
    }
}

#[derive(Default)]
struct Table {
    hosts: BTreeMap<String, Host>,
    /// By host and path.
    issuers: BTreeMap<String, Issuer>,
}

/// A running server. Cloning shares it; it stops when the runtime does.
#[derive(Clone)]
pub struct IssuerServer {
    address: SocketAddr,
    table: Arc<RwLock<Table>>,
    journal: Arc<OnceLock<Arc<Journal>>>,
}

impl fmt::Debug for IssuerServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl IssuerServer {
    /// Listens and serves in the background.
    pub async fn start(config: ServerConfig) -> Result<Self, IssuerError> {
        let listener = TcpListener::bind(config.bind).await?;
        let server = Self { address: listener.local_addr()?, table: Arc::default(), journal: Arc::default() };
        let table = Arc::clone(&server.table);
        // Dropped with the runtime, as the server's documentation says.
        let end = std::future::pending();
        tokio::spawn(accept(listener, CONNECTIONS, end, move |stream, slot| serve(stream, slot, Arc::clone(&table))));
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Presents `chain` to clients that ask for `host`; `tls13_only` refuses older
    /// versions, which sends AWS back to the thumbprint.
    pub fn set_chain(&self, host: &str, chain: &Chain, tls13_only: bool) -> Result<(), IssuerError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions: &[&rustls::SupportedProtocolVersion] =
            if tls13_only { &[&rustls::version::TLS13] } else { rustls::ALL_VERSIONS };
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_single_cert(chain.certificates.clone(), chain.key.clone_key())?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let kept = KeptChain::of(chain, tls13_only);
        let host = host.to_ascii_lowercase();
        if let Some(journal) = self.journal.get() {
            let mut batch = Batch::default();
            batch.put(CHAINS, &host, &kept);
            journal.keep(batch);
        }
        let host_entry = Host { config: Arc::new(tls), presented: chain.certificates.clone(), kept };
        self.write(|table| table.hosts.insert(host, host_entry));
        Ok(())
    }

    /// Presents the chains that were kept.
    pub fn restore(&self, kept: &mut Restored) -> Result<(), IssuerError> {
        for (host, kept) in kept.take::<KeptChain>(CHAINS)? {
            let chain = kept.chain().ok_or(IssuerError::SigningKey)?;
            self.set_chain(&host, &chain, kept.tls13_only)?;
        }
        Ok(())
    }

    /// Has every chain kept before it is presented.
    pub fn keep_in(&self, journal: Arc<Journal>) {
        // One who keeps them already goes on.
        let _known = self.journal.set(journal);
    }

    /// Tells what is to be kept: chains, and the keys of the issuers.
    pub fn tell(&self, snapshot: &mut Snapshot) {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        for (host, served) in &table.hosts {
            snapshot.put(CHAINS, host, &served.kept);
        }
        for issuer in table.issuers.values() {
            issuer.tell(snapshot);
        }
    }

    /// The certificates presented for a host now, leaf first.
    pub fn presented(&self, host: &str) -> Vec<CertificateDer<'static>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.hosts.get(&host.to_ascii_lowercase()).map(|host| host.presented.clone()).unwrap_or_default()
    }

    /// Serves the documents of `issuer`, in place of any other at the same URL.
    pub fn serve_issuer(&self, issuer: Issuer) {
        self.write(|table| table.issuers.insert(place(issuer.url()), issuer));
    }

    /// The issuer at `url`, if its documents are served here.
    pub fn issuer(&self, url: &str) -> Option<Issuer> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.issuers.get(&place(url)).cloned()
    }

    /// Stops serving the documents of the issuer at `url`.
    pub fn remove_issuer(&self, url: &str) {
        self.write(|table| table.issuers.remove(&place(url)));
    }

    fn write<T>(&self, f: impl FnOnce(&mut Table) -> T) -> T {
        f(&mut self.table.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One connection: the chain by the name the client asks for. Names the server does
/// not know are dropped as an unknown virtual host would be.
async fn serve(stream: TcpStream, slot: Slot, table: Arc<RwLock<Table>>) {
    let hello = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let Ok(Ok(start)) = tokio::time::timeout(PATIENCE, hello).await else {
        return;
    };
    let name = start.client_hello().server_name().map(str::to_ascii_lowercase);
    let config = {
        let table = table.read().unwrap_or_else(PoisonError::into_inner);
        name.and_then(|name| table.hosts.get(&name)).map(|host| Arc::clone(&host.config))
    };
    let Some(config) = config else { return };
    let Ok(Ok(tls)) = tokio::time::timeout(PATIENCE, start.into_stream(config)).await else {
        return;
    };
    speak(tls, slot, Version::One, move |request| answer(request, Arc::clone(&table))).await;
}

async fn answer(request: Request<Incoming>, table: Arc<RwLock<Table>>) -> Response<Full<Bytes>> {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(|host| host.split(':').next().unwrap_or_default().to_ascii_lowercase())
        .unwrap_or_default();
    let path = request.uri().path().to_owned();
    let found = find(&table, &host, &path);
    let Some((issuer, document)) = found else {
        return status(StatusCode::NOT_FOUND);
    };
    if document == Document::Keys && !issuer.is_made() {
        let own = issuer.clone();
        // Without randomness there is no key, and the set is empty.
        let _made = tokio::task::spawn_blocking(move || own.make()).await;
    }
    match issuer.fault_now(document) {
        DocumentFault::None | DocumentFault::Flaky(_) => served(&issuer, document),
        DocumentFault::Status(code) => status(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)),
        DocumentFault::Slow(delay) => {
            tokio::time::sleep(delay).await;
            served(&issuer, document)
        }
        DocumentFault::Hang => std::future::pending().await,
        DocumentFault::Huge => body(huge()),
        DocumentFault::InvalidJson => body(b"{\"issuer\": \"https://".to_vec()),
        DocumentFault::Redirect(to) => {
            let mut response = status(StatusCode::FOUND);
            if let Ok(to) = HeaderValue::from_str(&to) {
                response.headers_mut().insert(header::LOCATION, to);
            }
            response
        }
    }
}

/// Host and path of an issuer's URL. Hosts are the same however they are written.
fn place(url: &str) -> String {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    [&host.to_ascii_lowercase(), path].concat()
}

/// The issuer of that host and path; a `jwks_uri` that was moved to another host is
/// answered there under the same path.
fn find(table: &RwLock<Table>, host: &str, path: &str) -> Option<(Issuer, Document)> {
    let table = table.read().unwrap_or_else(PoisonError::into_inner);
    for document in [Document::Discovery, Document::Keys] {
        let at = path.trim_end_matches('/').strip_suffix(document.path());
        if let Some(issuer) = at.and_then(|at| table.issuers.get(&[host, at].concat())) {
            return Some((issuer.clone(), document));
        }
    }
    for issuer in table.issuers.values() {
        let moved = issuer.faults().jwks_uri;
        if moved.is_some_and(|uri| uri == format!("https://{host}{path}")) {
            return Some((issuer.clone(), Document::Keys));
        }
    }
    None
}

fn served(issuer: &Issuer, document: Document) -> Response<Full<Bytes>> {
    let value = match document {
        Document::Discovery => issuer.discovery(),
        Document::Keys => issuer.jwks(),
    };
    body(value.to_string().into_bytes())
}

/// One copy, however many ask for it.
fn huge() -> Bytes {
    static BYTES: OnceLock<Bytes> = OnceLock::new();
    BYTES.get_or_init(|| vec![b' '; HUGE_BYTES].into()).clone()
}

fn body(bytes: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(bytes.into()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = code;
    response
}
