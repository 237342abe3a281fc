//! One host's chain.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustls::crypto::SecureRandom;
use rustls_pki_types::ServerName;
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::dial::{addresses, connect};
use super::error::FetchError;
use super::handshake::{Shown, shake};
use super::hello::client_hello;
use super::options::{DialOptions, MAX_ADDRESSES, Mode};
use super::raw::read_chain;

/// Negotiated version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[serde(rename = "TLSv1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "TLSv1.3")]
    Tls13,
}

impl TlsVersion {
    /// As openssl writes it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

/// A chain as presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedChain {
    /// The certificates, in the order presented.
    pub ders: Vec<Vec<u8>>,
    /// The version spoken.
    pub tls: TlsVersion,
    /// Whether the handshake's signature was checked with the leaf's key. If not, somebody in between
    /// could have sent these certificates.
    pub proven: bool,
    /// The address that answered: the proxy's, when there is one.
    pub address: SocketAddr,
    /// From look-up to certificates.
    pub took: Duration,
    /// The application protocol agreed on.
    pub alpn: Option<String>,
    /// The host was asked for TLS 1.2 alone and refused, then spoke 1.3.
    pub refused_tls12: bool,
}

/// One address of a name and what it presented.
#[derive(Debug)]
pub struct AddressChain {
    /// The address.
    pub address: SocketAddr,
    /// Its chain.
    pub chain: Result<FetchedChain, FetchError>,
}

/// Fetches the chain of a host (a name or a bare address).
pub async fn fetch_chain(host: &str, port: u16, options: &DialOptions, mode: Mode) -> Result<FetchedChain, FetchError> {
    let started = Instant::now();
    within(options, async {
        let addresses = addresses(host, port, options).await?;
        fetch(host, port, &addresses, options, mode, started).await
    })
    .await
}

/// Fetches the chain of every address of a name, to see whether they agree. The errors are those of
/// single addresses; the outer one is that of the look-up.
pub async fn fetch_all_addresses(
    host: &str,
    port: u16,
    options: &DialOptions,
    mode: Mode,
) -> Result<Vec<AddressChain>, FetchError> {
    let found = within(options, addresses(host, port, options)).await?;
    let each = found.into_iter().take(MAX_ADDRESSES).map(|address| async move {
        let one = [address];
        let chain = within(options, fetch(host, port, &one, options, mode, Instant::now())).await;
        AddressChain { address, chain }
    });
    Ok(futures_util::future::join_all(each).await)
}

/// Whether a host refuses TLS 1.2 and speaks 1.3: AWS falls back to the thumbprint then (IAM User
/// Guide, "Obtain the thumbprint for an `OpenID` Connect identity provider"). An error when it speaks neither.
pub async fn tls13_only(host: &str, port: u16, options: &DialOptions) -> Result<bool, FetchError> {
    let chain = fetch_chain(host, port, options, Mode::Quick).await?;
    Ok(chain.refused_tls12)
}

async fn within<T>(options: &DialOptions, work: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
    timeout(options.timeout, work).await.unwrap_or(Err(FetchError::Timeout(options.timeout)))
}

async fn fetch(
    host: &str,
    port: u16,
    addresses: &[SocketAddr],
    options: &DialOptions,
    mode: Mode,
    started: Instant,
) -> Result<FetchedChain, FetchError> {
    let asked = options.server_name.as_deref().unwrap_or(host);
    let name = ServerName::try_from(asked.to_owned()).map_err(|_| FetchError::Name(asked.to_owned()))?;
    let mut refused = None;
    if mode == Mode::Quick {
        let mut stream = connect(host, port, addresses, options).await?;
        let address = stream.peer_addr().map_err(FetchError::Connect)?;
        let sni = asked.parse::<IpAddr>().is_err().then_some(asked.trim_end_matches('.'));
        let hello = client_hello(&random()?, sni);
        let outcome = match stream.write_all(&hello).await {
            Ok(()) => read_chain(&mut stream, options).await,
            Err(error) => Err(FetchError::Broken(error)),
        };
        match outcome {
            Ok(ders) => {
                let tls = TlsVersion::Tls12;
                let took = started.elapsed();
                return Ok(FetchedChain { ders, tls, proven: false, address, took, alpn: None, refused_tls12: false });
            }
            Err(error) if error.is_refusal() => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    let mut stream = connect(host, port, addresses, options).await?;
    let address = stream.peer_addr().map_err(FetchError::Connect)?;
    let outcome = shake(&mut stream, name, mode, options).await;
    let Shown { chain, version, proven, alpn } = match (outcome, refused.as_ref()) {
        (Ok(shown), _) => shown,
        // The second answer may only be that the first was too much; the first says more.
        (Err(FetchError::Closed | FetchError::Broken(_)), Some(_)) => {
            return Err(refused.unwrap_or(FetchError::Closed));
        }
        (Err(error), _) => return Err(error),
    };
    // An alert is an answer; a broken connection may be anything.
    let refused_tls12 = version == TlsVersion::Tls13 && matches!(refused, Some(FetchError::Alert { .. }));
    Ok(FetchedChain { ders: chain, tls: version, proven, address, took: started.elapsed(), alpn, refused_tls12 })
}

fn random() -> Result<[u8; 32], FetchError> {
    static SOURCE: OnceLock<&'static dyn SecureRandom> = OnceLock::new();
    let mut random = [0; 32];
    let source = SOURCE.get_or_init(|| rustls::crypto::aws_lc_rs::default_provider().secure_random);
    source.fill(&mut random).map_err(|e| FetchError::Handshake(e.into()))?;
    Ok(random)
}
