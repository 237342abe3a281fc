//! Certificates and presented chains: reading, thumbprint candidates, path building, verification.
//!
//! ```
//! use trustwalk_x509::{Candidates, Host, Request, TrustStore, parse_any, to_pem, verify};
//!
//! # use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
//! # let mut root = CertificateParams::default();
//! # root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
//! # let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
//! # let leaf = CertificateParams::new(["issuer.example".to_owned()])?.signed_by(&KeyPair::generate()?, &root)?;
//! # let presented = format!("{}{}", leaf.pem(), root.pem());
//! // As `openssl s_client -showcerts` prints it, or any PEM, DER or PKCS#7.
//! let chain = parse_any(presented.as_bytes())?;
//! let candidates = Candidates::new(&chain, None);
//! assert_eq!(candidates.for_iam(), chain.last().map(|last| last.sha1()));
//!
//! let roots = TrustStore::of(chain.last());
//! let host = Host::parse("issuer.example")?;
//! let verification = verify(&Request { chain: &chain, store: &roots, now: 1_800_000_000, host: Some(&host) });
//! assert!(verification.is_verified());
//! assert!(to_pem(chain[0].der()).starts_with("-----BEGIN CERTIFICATE-----"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Deliberately absent: sockets and the clock. Time is a parameter, chains are bytes.

mod assess;
mod candidates;
mod certificate;
mod chain;
mod constraints;
mod der;
mod extensions;
mod host;
mod input;
mod interception;
mod key;
mod name;
mod oddity;
mod path;
mod public_host;
mod reason;
mod store;
mod thumbprint;
mod time;
mod tools;

pub use assess::{Assessment, Doubt, Judge, Verdict, assess, assess_with};
pub use candidates::{Candidate, Candidates};
pub use certificate::{Certificate, CertificateError, MAX_CERTIFICATE_BYTES};
pub use chain::{ChainProblem, PresentedChain, Role};
pub use der::DerError;
pub use extensions::{
    ANY_EXTENDED_USE, BasicConstraints, Extensions, GeneralName, KeyUsage, NameConstraints, SERVER_AUTH,
};
pub use host::{Host, HostError};
pub use input::{InputError, MAX_CERTIFICATES, MAX_INPUT_BYTES, parse_any, parse_ders, to_pem};
pub use interception::{Interception, interception};
pub use key::{Hash, KeyKind, MAX_RSA_BITS, MIN_RSA_BITS, PublicKey, SignatureAlgorithm};
pub use name::Name;
pub use oddity::Oddity;
pub use path::{MAX_PATH, MAX_SIGNATURE_CHECKS, Path, Request, SignatureMemo, Verification, verify, verify_with};
pub use public_host::is_known_public;
pub use reason::{Failure, Reason};
pub use store::{Anchor, TrustStore};
pub use thumbprint::{NotAThumbprint, SHA1_DIGITS, SHA256_DIGITS, Thumbprint};
pub use tools::{Dials, Model, Need, Takes, Tool, Why, needs_thumbprint, tools};
