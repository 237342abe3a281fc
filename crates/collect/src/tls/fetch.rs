//! One host's chain.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use rustls::ProtocolVersion;
use rustls::crypto::SecureRandom;
use rustls_pki_types::ServerName;
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::dial::{addresses, connect, tunnel};
use super::error::{FetchError, Stage};
use super::handshake::{TlsStream, peek13, shake};
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
    /// Whether the host speaks TLS 1.3 and refuses 1.2. `None` when it was not asked for 1.2 alone, and
    /// when it merely closed the connection, which may have any reason.
    pub tls13_only: Option<bool>,
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
    let call = Call::new(host, port, options);
    call.within(async {
        let addresses = addresses(host, port, options).await?;
        call.fetch(&addresses, mode).await
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
    let found = Call::new(host, port, options).within(addresses(host, port, options)).await?;
    let each = found.into_iter().take(MAX_ADDRESSES).map(|address| async move {
        let call = Call::new(host, port, options);
        AddressChain { address, chain: call.within(call.fetch(&[address], mode)).await }
    });
    Ok(futures_util::future::join_all(each).await)
}

/// Whether a host refuses TLS 1.2 and speaks 1.3: AWS falls back to the thumbprint then (IAM User
/// Guide, "Obtain the thumbprint for an `OpenID` Connect identity provider"). `None` when it closes the
/// connection instead of refusing; an error when it speaks neither.
///
/// The question is asked with more cipher suites than rustls has, so that a host of the old school is
/// not taken for one of the new.
pub async fn tls13_only(host: &str, port: u16, options: &DialOptions) -> Result<Option<bool>, FetchError> {
    Ok(fetch_chain(host, port, options, Mode::Quick).await?.tls13_only)
}

/// A connection with its chain proven, to go on with.
pub(crate) async fn open(
    host: &str,
    port: u16,
    options: &DialOptions,
) -> Result<(FetchedChain, TlsStream), FetchError> {
    let call = Call::new(host, port, options);
    call.within(async { call.prove(&addresses(host, port, options).await?).await }).await
}

/// One fetch, and how far it is.
struct Call<'a> {
    host: &'a str,
    port: u16,
    options: &'a DialOptions,
    started: Instant,
    stage: AtomicU8,
}

impl<'a> Call<'a> {
    const STAGES: [Stage; 4] = [Stage::LookUp, Stage::Connect, Stage::Tunnel, Stage::Handshake];

    fn new(host: &'a str, port: u16, options: &'a DialOptions) -> Self {
        Self { host, port, options, started: Instant::now(), stage: AtomicU8::new(0) }
    }

    fn now(&self, stage: Stage) {
        let position = Self::STAGES.iter().position(|s| *s == stage).and_then(|p| u8::try_from(p).ok());
        self.stage.store(position.unwrap_or_default(), Ordering::Relaxed);
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
        let limit = self.options.timeout;
        timeout(limit, work).await.unwrap_or_else(|_| {
            let reached = Self::STAGES.get(usize::from(self.stage.load(Ordering::Relaxed)));
            Err(FetchError::Timeout(reached.copied().unwrap_or(Stage::LookUp), limit))
        })
    }

    async fn fetch(&self, addresses: &[SocketAddr], mode: Mode) -> Result<FetchedChain, FetchError> {
        match mode {
            Mode::Quick => self.peek(addresses).await,
            // Boxed, as below: rustls's state is large, and a quick look should not carry room for it.
            Mode::Proven => Ok(Box::pin(self.prove(addresses)).await?.0),
        }
    }

    /// A stream to the host, and the address at its other end.
    async fn connect(&self, addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), FetchError> {
        self.now(Stage::Connect);
        let (mut stream, address) = connect(addresses, self.options).await?;
        if let Some(proxy) = &self.options.between(self.host, self.port) {
            self.now(Stage::Tunnel);
            Box::pin(tunnel(&mut stream, self.host, self.port, proxy)).await?;
        }
        self.now(Stage::Handshake);
        Ok((stream, address))
    }

    async fn prove(&self, addresses: &[SocketAddr]) -> Result<(FetchedChain, TlsStream), FetchError> {
        let name = server_name(self.asked())?;
        let (stream, address) = self.connect(addresses).await?;
        stream.set_nodelay(true).map_err(FetchError::Connect)?;
        let (ders, stream) = shake(stream, name, self.options).await?;
        let session = stream.get_ref().1;
        let old = session.protocol_version() == Some(ProtocolVersion::TLSv1_2);
        let chain = FetchedChain {
            ders,
            tls: if old { TlsVersion::Tls12 } else { TlsVersion::Tls13 },
            proven: true,
            address,
            took: self.started.elapsed(),
            alpn: session.alpn_protocol().map(|p| String::from_utf8_lossy(p).into_owned()),
            tls13_only: old.then_some(false),
        };
        Ok((chain, stream))
    }

    /// TLS 1.2 in the clear; a host that turns it down is asked for 1.3.
    async fn peek(&self, addresses: &[SocketAddr]) -> Result<FetchedChain, FetchError> {
        let asked = self.asked();
        let (mut stream, address) = self.connect(addresses).await?;
        let sni = asked.parse::<IpAddr>().is_err().then_some(asked.trim_end_matches('.'));
        let outcome = match stream.write_all(&client_hello(&random()?, sni)).await {
            Ok(()) => read_chain(&stream, self.options).await,
            Err(error) => Err(FetchError::Broken(error)),
        };
        drop(stream);
        let refused = match outcome {
            Ok(ders) => return Ok(self.unproven(ders, TlsVersion::Tls12, address, Some(false))),
            Err(error) if error.is_refusal() => error,
            Err(error) => return Err(error),
        };
        match Box::pin(self.peek13(addresses)).await {
            Ok((ders, address)) => {
                let only = refused.is_about_version().then_some(true);
                Ok(self.unproven(ders, TlsVersion::Tls13, address, only))
            }
            // The second answer may only be that the first was too much, or that it does speak TLS 1.2 and
            // closed the connection for another reason: the first says more.
            Err(
                FetchError::Closed | FetchError::Broken(_) | FetchError::Handshake(rustls::Error::PeerIncompatible(_)),
            ) => Err(refused),
            Err(error) => Err(error),
        }
    }

    async fn peek13(&self, addresses: &[SocketAddr]) -> Result<(Vec<Vec<u8>>, SocketAddr), FetchError> {
        let name = server_name(self.asked())?;
        let (stream, address) = self.connect(addresses).await?;
        Ok((peek13(stream, name, self.options).await?, address))
    }

    fn unproven(
        &self,
        ders: Vec<Vec<u8>>,
        tls: TlsVersion,
        address: SocketAddr,
        tls13_only: Option<bool>,
    ) -> FetchedChain {
        FetchedChain { ders, tls, proven: false, address, took: self.started.elapsed(), alpn: None, tls13_only }
    }

    fn asked(&self) -> &'a str {
        self.options.server_name.as_deref().unwrap_or(self.host)
    }
}

fn server_name(asked: &str) -> Result<ServerName<'static>, FetchError> {
    ServerName::try_from(asked.to_owned()).map_err(|_| FetchError::Name(asked.to_owned()))
}

fn random() -> Result<[u8; 32], FetchError> {
    static SOURCE: OnceLock<&'static dyn SecureRandom> = OnceLock::new();
    let mut random = [0; 32];
    let source = SOURCE.get_or_init(|| rustls::crypto::aws_lc_rs::default_provider().secure_random);
    source.fill(&mut random).map_err(|e| FetchError::Handshake(e.into()))?;
    Ok(random)
}
