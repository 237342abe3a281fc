//! A chain of four certificates as public issuers present it, and the first flight of a TLS 1.2
//! server that presents it, recorded from a real one.

use std::io::Read as _;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    RsaKeySize,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

/// What the leaf and its issuers sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// RSA of 2048 bits.
    Rsa,
    /// P-256.
    P256,
}

/// Leaf, issuing authority, cross-signed root and older root, and the leaf's key.
#[derive(Debug)]
pub(crate) struct Chain {
    /// In the order presented.
    pub(crate) ders: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

fn key(kind: KeyKind) -> Result<KeyPair> {
    Ok(match kind {
        KeyKind::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
        KeyKind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
    })
}

fn params(name: &str, is_ca: bool) -> Result<CertificateParams> {
    let names = if is_ca { vec![] } else { vec!["bench.example".to_owned()] };
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CountryName, "US");
    params.distinguished_name.push(DnType::OrganizationName, "Bench Trust Services, Inc.");
    params.distinguished_name.push(DnType::CommonName, name);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    Ok(params)
}

impl Chain {
    /// Makes one.
    pub(crate) fn make(kind: KeyKind) -> Result<Self> {
        let older = Issuer::new(params("Bench Root G1", true)?, key(kind)?);
        let older_der = params("Bench Root G1", true)?.self_signed(older.key())?;
        let root = Issuer::new(params("Bench Root G2", true)?, key(kind)?);
        let root_der = params("Bench Root G2", true)?.signed_by(root.key(), &older)?;
        let issuing = Issuer::new(params("Bench Issuing CA", true)?, key(kind)?);
        let issuing_der = params("Bench Issuing CA", true)?.signed_by(issuing.key(), &root)?;
        let leaf = key(kind)?;
        let leaf_der = params("bench.example", false)?.signed_by(&leaf, &issuing)?;
        let ders = [leaf_der, issuing_der, root_der, older_der].map(|c| c.der().clone());
        Ok(Self { ders: ders.to_vec(), key: leaf.serialize_der() })
    }

    /// A server that presents it and speaks this version only.
    pub(crate) fn server(&self, version: &'static SupportedProtocolVersion) -> Result<Arc<ServerConfig>> {
        let key = PrivatePkcs8KeyDer::from(self.key.clone());
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])?
            .with_no_client_auth()
            .with_single_cert(self.ders.clone(), key.into())?;
        // A fleet never comes back.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// What a TLS 1.2 server sends first.
    pub(crate) fn first_flight(&self) -> Result<Vec<u8>> {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS12])?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let mut client = ClientConnection::new(Arc::new(config), ServerName::try_from("bench.example")?)?;
        let mut server = ServerConnection::new(self.server(&rustls::version::TLS12)?)?;
        let mut hello = Vec::new();
        client.write_tls(&mut hello)?;
        server.read_tls(&mut hello.as_slice())?;
        server.process_new_packets()?;
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight)?;
        }
        Ok(flight)
    }

    /// SHA-1 of each certificate in hexadecimal, as openssl prints it, without the colons.
    pub(crate) fn openssl_thumbprints(&self) -> Result<Vec<String>> {
        self.ders.iter().map(|der| thumbprint(der)).collect()
    }
}

fn thumbprint(der: &[u8]) -> Result<String> {
    let mut file = tempfile::NamedTempFile::new()?;
    std::io::Write::write_all(&mut file, der)?;
    let mut child = std::process::Command::new("openssl")
        .args(["x509", "-inform", "der", "-noout", "-fingerprint", "-sha1", "-in"])
        .arg(file.path())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut text = String::new();
    child.stdout.take().context("no output")?.read_to_string(&mut text)?;
    child.wait()?;
    from_fingerprint(&text).with_context(|| format!("openssl printed `{text}`"))
}

/// The digits of what `openssl x509 -fingerprint` prints.
pub(crate) fn from_fingerprint(text: &str) -> Option<String> {
    let (_, digits) = text.trim().split_once('=')?;
    Some(digits.replace(':', "").to_lowercase())
}
