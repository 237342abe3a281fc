//! Handshakes by rustls: to the end and checked, or stopped at the certificates.
//!
//! Any chain is accepted: what it is worth is judged elsewhere. Nothing secret is ever sent over
//! these connections.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, OtherError, ProtocolVersion, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::error::{FetchError, alert};
use super::fetch::TlsVersion;
use super::options::{DialOptions, Mode};

/// Bytes taken from the socket at a time.
const READ_BYTES: usize = 8 << 10;

/// What a handshake showed.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) version: TlsVersion,
    pub(super) proven: bool,
    pub(super) alpn: Option<String>,
}

/// Shakes hands, as far as the mode says.
pub(super) async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    name: ServerName<'static>,
    mode: Mode,
    options: &DialOptions,
) -> Result<Shown, FetchError> {
    let config = config(mode).map_err(FetchError::Handshake)?;
    let mut session = ClientConnection::new(config, name).map_err(FetchError::Handshake)?;
    let mut read = 0;
    let mut buffer = vec![0; READ_BYTES];
    let mut out = Vec::new();
    while session.is_handshaking() {
        flush(stream, &mut session, &mut out).await?;
        if !session.is_handshaking() {
            break;
        }
        let count = stream.read(&mut buffer).await.map_err(FetchError::Broken)?;
        if count == 0 {
            return Err(FetchError::Closed);
        }
        read += count;
        if read > options.max_bytes {
            return Err(FetchError::TooManyBytes(options.max_bytes));
        }
        let mut fresh = buffer.get(..count).unwrap_or_default();
        while !fresh.is_empty() {
            session.read_tls(&mut fresh).map_err(FetchError::Broken)?;
            if let Err(error) = session.process_new_packets() {
                return stopped(&session, error, options);
            }
        }
    }
    // The last flight lets the peer end its handshake in peace.
    flush(stream, &mut session, &mut out).await?;
    let chain = session.peer_certificates().into_iter().flatten().map(|c| c.to_vec()).collect();
    let alpn = session.alpn_protocol().map(|p| String::from_utf8_lossy(p).into_owned());
    bounded(Shown { chain, version: version(&session), proven: true, alpn }, options)
}

async fn flush<S: AsyncWrite + Unpin>(
    stream: &mut S,
    session: &mut ClientConnection,
    out: &mut Vec<u8>,
) -> Result<(), FetchError> {
    out.clear();
    while session.wants_write() {
        session.write_tls(out).map_err(FetchError::Broken)?;
    }
    stream.write_all(out).await.map_err(FetchError::Broken)
}

fn stopped(session: &ClientConnection, error: Error, options: &DialOptions) -> Result<Shown, FetchError> {
    if let Error::AlertReceived(description) = &error {
        return Err(alert(u8::from(*description)));
    }
    if let Error::Other(OtherError(inner)) = &error
        && let Some(Stop(chain)) = inner.downcast_ref()
    {
        let shown = Shown { chain: chain.clone(), version: version(session), proven: false, alpn: None };
        return bounded(shown, options);
    }
    Err(FetchError::Handshake(error))
}

fn bounded(shown: Shown, options: &DialOptions) -> Result<Shown, FetchError> {
    if shown.chain.is_empty() {
        Err(FetchError::Malformed("a handshake without a certificate"))
    } else if shown.chain.len() > options.max_certificates {
        Err(FetchError::TooManyCertificates(options.max_certificates))
    } else {
        Ok(shown)
    }
}

fn version(session: &ClientConnection) -> TlsVersion {
    if session.protocol_version() == Some(ProtocolVersion::TLSv1_2) { TlsVersion::Tls12 } else { TlsVersion::Tls13 }
}

/// Configurations are made once: each holds the provider's tables.
fn config(mode: Mode) -> Result<Arc<ClientConfig>, Error> {
    static QUICK: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    static PROVEN: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let place = if mode == Mode::Proven { &PROVEN } else { &QUICK };
    if let Some(made) = place.get() {
        return Ok(made.clone());
    }
    let provider = aws_lc_rs::default_provider();
    let verifier = Witness { algorithms: provider.signature_verification_algorithms, stop: mode == Mode::Quick };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // A resumed session would show no certificates.
    config.resumption = rustls::client::Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(place.get_or_init(|| Arc::new(config)).clone())
}

/// Carries the chain out of a handshake that is not to go on.
#[derive(Debug)]
struct Stop(Vec<Vec<u8>>);

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped at the certificates")
    }
}

impl std::error::Error for Stop {}

#[derive(Debug)]
struct Witness {
    algorithms: WebPkiSupportedAlgorithms,
    stop: bool,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.stop {
            let chain = std::iter::once(leaf).chain(others).map(|c| c.to_vec()).collect();
            return Err(Error::Other(OtherError(Arc::new(Stop(chain)))));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
