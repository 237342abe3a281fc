//! Handshakes by rustls: to the end and checked, or stopped at the certificates.
//!
//! Any chain is accepted: what it is worth is judged elsewhere. Nothing secret is ever sent over
//! these connections.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, InvalidMessage, OtherError, SignatureScheme, SupportedProtocolVersion,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::error::{FetchError, alert};
use super::metered::{Metered, Spent};
use super::options::DialOptions;
use super::p521::Secp521r1;

/// What rustls itself reads of one handshake message.
const RUSTLS_MESSAGE_BYTES: usize = 0xffff;

/// A connection whose handshake is done.
pub(crate) type TlsStream = tokio_rustls::client::TlsStream<Metered<TcpStream>>;

/// The chain as far as TLS 1.3 shows it without proof: for hosts that turned TLS 1.2 down.
pub(super) async fn peek13(
    stream: TcpStream,
    name: ServerName<'static>,
    options: &DialOptions,
) -> Result<Vec<Vec<u8>>, FetchError> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let config = config(&CONFIG, &[&TLS13], true).map_err(FetchError::Handshake)?;
    let metered = Metered::new(stream, options.max_bytes);
    match TlsConnector::from(config).connect(name, metered).await {
        Ok(_) => Err(FetchError::Malformed("a handshake without a certificate")),
        Err(error) => match rustls_error(&error) {
            Some(Error::Other(OtherError(inner))) if let Some(Stop(chain)) = inner.downcast_ref() => {
                bounded(chain.clone(), options)
            }
            _ => Err(named(error, options)),
        },
    }
}

/// A whole handshake over any stream, its signature checked with the leaf's key.
pub(crate) async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    name: ServerName<'static>,
    options: &DialOptions,
) -> Result<(Vec<Vec<u8>>, tokio_rustls::client::TlsStream<Metered<S>>), FetchError> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let config = config(&CONFIG, &[&TLS13, &TLS12], false).map_err(FetchError::Handshake)?;
    let metered = Metered::new(stream, options.max_bytes);
    let mut stream = TlsConnector::from(config).connect(name, metered).await.map_err(|e| named(e, options))?;
    let (metered, session) = stream.get_mut();
    metered.lift();
    let chain = session.peer_certificates().into_iter().flatten().map(|c| c.to_vec()).collect();
    Ok((bounded(chain, options)?, stream))
}

fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// What an error of the TLS stream means.
fn named(error: io::Error, options: &DialOptions) -> FetchError {
    if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Spent>) {
        return FetchError::TooManyBytes(options.max_bytes);
    }
    match rustls_error(&error) {
        Some(Error::AlertReceived(description)) => alert(u8::from(*description)),
        Some(Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion)) => {
            FetchError::NotTls("the first bytes are no TLS record")
        }
        Some(Error::InvalidMessage(
            InvalidMessage::CertificatePayloadTooLarge | InvalidMessage::HandshakePayloadTooLarge,
        )) => FetchError::TooManyBytes(RUSTLS_MESSAGE_BYTES),
        Some(other) => FetchError::Handshake(other.clone()),
        None if error.kind() == io::ErrorKind::UnexpectedEof => FetchError::Closed,
        None => FetchError::Broken(error),
    }
}

fn bounded(chain: Vec<Vec<u8>>, options: &DialOptions) -> Result<Vec<Vec<u8>>, FetchError> {
    if chain.is_empty() {
        Err(FetchError::Malformed("a handshake without a certificate"))
    } else if chain.len() > options.max_certificates {
        Err(FetchError::TooManyCertificates(options.max_certificates))
    } else {
        Ok(chain)
    }
}

/// Configurations are made once: each holds the provider's tables.
fn config(
    place: &'static OnceLock<Arc<ClientConfig>>,
    versions: &[&'static SupportedProtocolVersion],
    stop: bool,
) -> Result<Arc<ClientConfig>, Error> {
    if let Some(made) = place.get() {
        return Ok(made.clone());
    }
    let mut provider = aws_lc_rs::default_provider();
    // Every curve that a certificate may be on: X25519 first, for which a share is sent along.
    provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1, &Secp521r1];
    let verifier = Witness { algorithms: provider.signature_verification_algorithms, stop };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)?
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
