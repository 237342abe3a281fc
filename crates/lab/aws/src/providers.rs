//! Reaching an issuer over TLS: what it answers, and the chain it presents.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::account::Account;

/// STS gives an identity provider five seconds (AWS Knowledge Center, `iam-sts-invalididentitytoken`).
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest document taken.
const LARGEST: usize = 1 << 20;

/// What one fetch brought.
pub(crate) struct Fetched {
    pub(crate) host: String,
    pub(crate) status: u16,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) tls13_only: bool,
    body: Bytes,
}

impl Fetched {
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

#[derive(Debug)]
struct Recorder {
    algorithms: WebPkiSupportedAlgorithms,
    seen: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Ok(mut seen) = self.seen.lock() {
            *seen = std::iter::once(leaf).chain(rest).map(|c| c.clone().into_owned()).collect();
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        m: &[u8],
        c: &CertificateDer<'_>,
        s: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(m, c, s, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        m: &[u8],
        c: &CertificateDer<'_>,
        s: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(m, c, s, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Fetches an https URL within five seconds.
pub(crate) async fn fetch(account: &Account, url: &str) -> Result<Fetched, String> {
    tokio::time::timeout(PATIENCE, fetch_now(account, url)).await.map_err(|_| "too slow".to_owned())?
}

async fn fetch_now(account: &Account, url: &str) -> Result<Fetched, String> {
    let uri: http::Uri = url.parse().map_err(|_| "not a URL".to_owned())?;
    let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or("not https")?.to_owned();
    let port = uri.port_u16().unwrap_or(443);
    let both: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12, &rustls::version::TLS13];
    // AWS cannot use its library where TLS 1.3 is required (IAM User Guide): 1.2 is tried first.
    let first = connect(account, &host, port, &[&rustls::version::TLS12]).await;
    let (connected, tls13_only) = match first {
        Ok(stream) => (stream, false),
        Err(_) => (connect(account, &host, port, both).await?, true),
    };
    let (stream, recorder) = connected;
    let text = |e: &dyn std::fmt::Display| e.to_string();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| text(&e))?;
    let driver = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let request = http::Request::get(path).header("host", &host).body(Empty::<Bytes>::new()).map_err(|e| text(&e))?;
    let answer = sender.send_request(request).await.map_err(|e| text(&e))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|e| text(&e))?.to_bytes();
    driver.abort();
    let chain = recorder.seen.lock().map(|s| s.clone()).unwrap_or_default();
    Ok(Fetched { host, status, chain, tls13_only, body })
}

type Tls = tokio_rustls::client::TlsStream<tokio::net::TcpStream>;

async fn connect(
    account: &Account,
    host: &str,
    port: u16,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<(Tls, Arc<Recorder>), String> {
    let text = |e: &dyn std::fmt::Display| e.to_string();
    let address = (account.config.dialer)(host, port).ok_or("no such host")?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let recorder =
        Arc::new(Recorder { algorithms: provider.signature_verification_algorithms, seen: Mutex::default() });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|e| text(&e))?
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    let tcp = tokio::net::TcpStream::connect(address).await.map_err(|e| text(&e))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|e| text(&e))?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(|e| text(&e))?;
    Ok((stream, recorder))
}

/// Whether the chain verifies to the account's library, by name and time.
pub(crate) fn verifies(account: &Account, seen: &Fetched) -> bool {
    let Some((leaf, rest)) = seen.chain.split_first() else { return false };
    let Ok(cert) = EndEntityCert::try_from(leaf) else { return false };
    let anchors: Vec<_> =
        account.config.library_roots.iter().filter_map(|r| anchor_from_trusted_cert(r).ok()).collect();
    let now = u64::try_from(account.now().as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all;
    cert.verify_for_usage(algorithms, &anchors, rest, time, KeyUsage::server_auth(), None, None).is_ok()
        && names_host(seen)
}

/// Whether the leaf names the host asked.
pub(crate) fn names_host(seen: &Fetched) -> bool {
    let Some(leaf) = seen.chain.first() else { return false };
    let Ok(name) = ServerName::try_from(seen.host.as_str()) else { return false };
    EndEntityCert::try_from(leaf).is_ok_and(|c| c.verify_is_valid_for_subject_name(&name).is_ok())
}
