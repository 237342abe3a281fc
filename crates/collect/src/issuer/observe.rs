//! One GET to an issuer: the document, and the chain the host presented for it.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;
use trustwalk_core::evidence::{Fetched, HostChain};

use super::witness;
use crate::connect::dial;
use crate::dial::Dialer;
use crate::limits::{DOCUMENT_BYTES, ISSUER_TIMEOUT};

/// What one GET showed.
pub(super) struct Observation {
    pub(super) fetched: Fetched,
    pub(super) body: Bytes,
}

/// The chain is known as soon as the handshake is done, whatever comes of the document.
pub(super) struct Seen {
    pub(super) chain: Result<HostChain, String>,
    pub(super) document: Result<Observation, String>,
}

/// Asks once. Redirects are not followed: STS's behaviour there is unknown, and the answer is shown as it is.
pub(super) async fn observe(dialer: &Dialer, url: &str) -> Seen {
    let started = Instant::now();
    let both = |e: String| Seen { chain: Err(e.clone()), document: Err(e) };
    let (host, port, uri) = match split(url) {
        Ok(parts) => parts,
        Err(e) => return both(e),
    };
    let connected = tokio::time::timeout(ISSUER_TIMEOUT, handshake(dialer, &host, port)).await;
    let stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(e)) => return both(format!("{host}:{port}: {e}")),
        Err(_) => return both(format!("{host}:{port}: no TLS handshake within {} s", ISSUER_TIMEOUT.as_secs())),
    };
    let chain = presented(&stream, &host, port);
    let rest = ISSUER_TIMEOUT.saturating_sub(started.elapsed());
    let document = match tokio::time::timeout(rest, get(stream, &host, port, &uri, url)).await {
        Ok(outcome) => outcome.map(|mut o| {
            o.fetched.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            o
        }),
        Err(_) => Err(format!("{url}: no whole answer within {} s", ISSUER_TIMEOUT.as_secs())),
    };
    Seen { chain: Ok(chain), document }
}

type Tls = tokio_rustls::client::TlsStream<tokio::net::TcpStream>;

async fn handshake(dialer: &Dialer, host: &str, port: u16) -> Result<Tls, String> {
    let config = witness::config(&[&TLS13, &TLS12]).map_err(|e| e.to_string())?;
    let tcp = dial(dialer, host, port).await.map_err(|e| e.to_string())?;
    let name = ServerName::try_from(host.to_owned()).map_err(|e| e.to_string())?;
    TlsConnector::from(config).connect(name, tcp).await.map_err(|e| e.to_string())
}

/// Whether a host that chose TLS 1.3 would also speak 1.2: AWS falls back to the thumbprint when it would not
/// (IAM User Guide, "Obtain the thumbprint").
pub(super) async fn refuses_tls12(dialer: &Dialer, host: &str, port: u16) -> Option<bool> {
    let attempt = async {
        let config = witness::config(&[&TLS12]).ok()?;
        let tcp = dial(dialer, host, port).await.ok()?;
        let name = ServerName::try_from(host.to_owned()).ok()?;
        match TlsConnector::from(config).connect(name, tcp).await {
            Ok(_) => Some(false),
            // Only an alert about the version (or the bare handshake failure older servers send) says no.
            Err(e) => {
                let text = e.to_string().to_ascii_lowercase();
                (text.contains("protocolversion")
                    || text.contains("handshakefailure")
                    || text.contains("peer is incompatible"))
                .then_some(true)
            }
        }
    };
    tokio::time::timeout(ISSUER_TIMEOUT, attempt).await.ok().flatten()
}

fn presented(stream: &Tls, host: &str, port: u16) -> HostChain {
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().into_iter().flatten().map(|c| STANDARD.encode(c)).collect();
    let tls = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLSv1.3",
    };
    HostChain { host: host.to_owned(), port, tls: tls.to_owned(), proven: true, chain, ..HostChain::default() }
}

async fn get(stream: Tls, host: &str, port: u16, uri: &Uri, url: &str) -> Result<Observation, String> {
    let fail = |e: &dyn std::fmt::Display| format!("{url}: {e}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| fail(&e))?;
    let driver = tokio::spawn(connection);
    let authority = if port == 443 { host.to_owned() } else { format!("{host}:{port}") };
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let request = Request::get(path)
        .header("host", authority)
        .header("accept", "application/json")
        .header("user-agent", concat!("trustwalk/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|e| fail(&e))?;
    let outcome = async {
        let answer = sender.send_request(request).await.map_err(|e| fail(&e))?;
        let status = answer.status().as_u16();
        let redirect = answer.headers().get("location").and_then(|l| l.to_str().ok()).map(str::to_owned);
        let body = Limited::new(answer.into_body(), DOCUMENT_BYTES)
            .collect()
            .await
            .map_err(|e| fail(&format!("{e} (at most {DOCUMENT_BYTES} bytes are read)")))?
            .to_bytes();
        Ok(Observation { fetched: Fetched { url: url.to_owned(), status, millis: 0, redirect }, body })
    }
    .await;
    driver.abort();
    outcome
}

/// Host without brackets, port and URI of an `https` URL.
pub(super) fn split(url: &str) -> Result<(String, u16, Uri), String> {
    let uri: Uri = url.parse().map_err(|e| format!("`{url}` is not a URL: {e}"))?;
    if uri.scheme_str() != Some("https") {
        return Err(format!("`{url}` is not an https URL, and STS fetches no other"));
    }
    let host = uri.host().ok_or_else(|| format!("`{url}` has no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((host, uri.port_u16().unwrap_or(443), uri))
}
