//! Rules of the tls link, one file each.

mod issuer_tls_certificate_invalid_for_host;
mod thumbprint_mismatch;

pub(super) use issuer_tls_certificate_invalid_for_host::IssuerTlsCertificateInvalidForHost;
pub(super) use thumbprint_mismatch::ThumbprintMismatch;
