//! Verifies a server by the roots the user gave, and by the system's only where those do not suffice.
//!
//! Reading the system's store is the dearest part of a short run; with `--ca-bundle` it is mostly not
//! needed. Both verifiers are rustls's own with webpki, so that a chain is accepted exactly when one of
//! the two sets accepts it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::error::CollectError;
use crate::roots::{self, RootOptions};

/// The user's roots, then the system's.
pub(crate) struct EitherRoots {
    provider: Arc<CryptoProvider>,
    given: Option<Arc<WebPkiServerVerifier>>,
    system: OnceLock<Result<Arc<WebPkiServerVerifier>, Error>>,
}

impl fmt::Debug for EitherRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EitherRoots").field("given", &self.given.is_some()).finish_non_exhaustive()
    }
}

impl EitherRoots {
    /// Reads `--ca-bundle` at once, so that a bad file is said before anything is sent.
    pub(crate) fn new(options: &RootOptions, provider: Arc<CryptoProvider>) -> Result<Self, CollectError> {
        let given = match &options.ca_bundle {
            None => None,
            Some(path) => {
                let roots = roots::read_pem(path)?;
                (!roots.is_empty())
                    .then(|| verifier(roots, &provider))
                    .transpose()
                    .map_err(|e| CollectError::Pem { path: path.clone(), reason: e.to_string() })?
            }
        };
        Ok(Self { provider, given, system: OnceLock::new() })
    }

    fn system(&self) -> Result<&Arc<WebPkiServerVerifier>, Error> {
        self.system.get_or_init(|| verifier(roots::system(), &self.provider)).as_ref().map_err(Clone::clone)
    }
}

fn verifier(
    certificates: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone())
        .build()
        .map_err(|e| Error::General(format!("no roots to verify by: {e}")))
}

impl ServerCertVerifier for EitherRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let Some(given) = &self.given else { return by(self.system()?) };
        // Where neither accepts, the given roots' reason is the one the user can act on.
        by(given).or_else(|reason| self.system().and_then(|system| by(system)).map_err(|_| reason))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    struct Authority {
        pem: String,
        issuer: Issuer<'static, KeyPair>,
    }

    fn authority() -> Result<Authority, Box<dyn std::error::Error>> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key)?.pem();
        Ok(Authority { pem, issuer: Issuer::new(params, key) })
    }

    fn bundle(pem: &str) -> Result<(tempfile::NamedTempFile, RootOptions), Box<dyn std::error::Error>> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(pem.as_bytes())?;
        let options = RootOptions { ca_bundle: Some(file.path().to_owned()), ca_library: None };
        Ok((file, options))
    }

    fn judge(options: &RootOptions, signer: &Authority, name: &str) -> Result<bool, Box<dyn std::error::Error>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let either = EitherRoots::new(options, provider)?;
        let leaf = CertificateParams::new(vec!["issuer.example".to_owned()])?
            .signed_by(&KeyPair::generate()?, &signer.issuer)?;
        let name = ServerName::try_from(name.to_owned())?;
        Ok(either.verify_server_cert(leaf.der(), &[], &name, &[], UnixTime::now()).is_ok())
    }

    #[test]
    fn a_given_root_is_enough_and_a_stranger_is_refused() -> Outcome {
        let (known, stranger) = (authority()?, authority()?);
        let (_file, options) = bundle(&known.pem)?;
        assert!(judge(&options, &known, "issuer.example")?);
        assert!(!judge(&options, &known, "other.example")?, "the name counts");
        assert!(!judge(&options, &stranger, "issuer.example")?, "neither set holds the stranger's root");
        Ok(())
    }

    #[test]
    fn an_empty_bundle_leaves_the_systems_roots() -> Outcome {
        let stranger = authority()?;
        let (_file, options) = bundle("")?;
        assert!(!judge(&options, &stranger, "issuer.example")?);
        Ok(())
    }

    #[test]
    fn a_bad_bundle_is_said_at_once() -> Outcome {
        let (_file, options) = bundle("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        assert!(EitherRoots::new(&options, provider).is_err());
        Ok(())
    }
}
