//! Certificates and presented chains: reading, thumbprint candidates, path building, verification.
//!
//! Deliberately absent: sockets and the clock. Time is a parameter, chains are bytes.

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
mod reason;
mod store;
mod thumbprint;
mod time;
mod tools;

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
pub use path::{MAX_PATH, MAX_SIGNATURE_CHECKS, Path, Request, Verification, verify};
pub use reason::{Failure, Reason};
pub use store::{Anchor, TrustStore};
pub use thumbprint::{NotAThumbprint, SHA1_DIGITS, SHA256_DIGITS, Thumbprint};
pub use tools::{Dials, Model, Need, Takes, Tool, Why, needs_thumbprint, tools};
