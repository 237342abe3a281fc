//! The lab's OIDC issuers: certificate hierarchies like the ones EKS issuers stand
//! behind, signing keys that rotate, discovery documents and key sets over real TLS,
//! and every way those are known to go wrong, as typed faults.
//!
//! Keys are generated at run time and never leave the process.

mod claims;
mod documents;
mod issuer;
mod keys;
pub mod pki;
mod server;

pub use claims::{GithubJob, KubernetesSubject};
pub use documents::{DocumentFault, Faults, KeySetFault};
pub use issuer::{Issuer, SignedToken};
pub use keys::SigningKey;
pub use server::{IssuerServer, ServerConfig};

/// What can go wrong while building or serving an issuer.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// rustls refuses a chain or key.
    #[error("cannot serve this certificate: {0}")]
    Tls(#[from] rustls::Error),
    /// A signing key could not be made or used.
    #[error("cannot make or use a signing key")]
    SigningKey,
    /// The listener could not be opened.
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// What was kept of an issuer cannot be read.
    #[error(transparent)]
    Keep(#[from] trustwalk_lab_keep::KeepError),
    /// The issuer's URL has no host.
    #[error("issuer URL `{0}` is not https with a host")]
    Url(String),
}
