//! The API server's certificate: given, or made by a certificate authority of its own.

use std::{fmt, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A serving chain with its key, and the authority clients should trust.
pub struct TlsMaterial {
    /// Certificates as sent, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's private key. A secret.
    pub key: PrivateKeyDer<'static>,
    /// The authority, PEM, as it goes into a kubeconfig.
    pub ca_pem: String,
}

impl fmt::Debug for TlsMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsMaterial")
            .field("chain", &self.chain.len())
            .field("key", &"<redacted>")
            .finish_non_exhaustive()
    }
}

/// Certificate or key the server cannot use.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate could not be made.
    #[error("cannot make the API server's certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// rustls refuses chain and key.
    #[error("cannot serve with this certificate: {0}")]
    Use(#[from] rustls::Error),
}

impl TlsMaterial {
    /// A fresh authority and a leaf for `names` (host names or IP addresses). The
    /// chain sent is the leaf alone, as an API server's certificate file holds it.
    pub fn self_made(names: &[&str]) -> Result<Self, TlsError> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::new(Vec::<String>::new())?;
        ca.distinguished_name.push(DnType::CommonName, "kubernetes");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_cert = ca.self_signed(&ca_key)?;
        let key = KeyPair::generate()?;
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        let leaf = leaf.signed_by(&key, &Issuer::from_params(&ca, &ca_key))?;
        Ok(Self {
            chain: vec![leaf.der().clone()],
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            ca_pem: ca_cert.pem(),
        })
    }

    /// The rustls side, offering HTTP/2 and HTTP/1.1.
    pub(crate) fn server_config(&self) -> Result<Arc<rustls::ServerConfig>, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
