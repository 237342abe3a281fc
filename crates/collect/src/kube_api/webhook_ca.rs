//! Certificates in a webhook's `caBundle`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use trustwalk_x509::Thumbprint;

/// Certificates of a `caBundle` (base64 of PEM).
pub(crate) fn certificates(bundle: &str) -> Vec<CertificateDer<'static>> {
    let Ok(pem) = STANDARD.decode(bundle) else { return Vec::new() };
    CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect()
}

/// SHA-256 of each certificate.
pub(crate) fn fingerprints(bundle: &str) -> Vec<String> {
    certificates(bundle).iter().map(|c| Thumbprint::sha256(c).to_string()).collect()
}
