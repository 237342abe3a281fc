//! Web identity tokens, key sets and discovery documents, judged as AWS STS judges them.
//!
//! [`Token::parse`] reads, [`verify`] decides in STS's words, [`lint()`] says what a person should
//! look at. Deliberately absent: fetching, the clock, and any way to print a token.

mod batch;
mod claims;
mod discovery;
mod error;
mod facts;
mod jwks;
mod lint;
mod material;
mod rejection;
#[cfg(test)]
mod rfc_vectors;
mod token;
mod tolerant;
mod verify;
#[cfg(test)]
mod wycheproof;

pub use batch::verify_many;
pub use claims::{Audience, Claims, Moment, Text};
pub use discovery::{Discovery, DiscoveryProblem, MAX_DISCOVERY_BYTES};
pub use error::{DiscoveryError, JwksError, TokenError};
pub use facts::{KubernetesFacts, MAX_EXTRA_CLAIMS, ObjectRef, TokenFacts};
pub use jwks::{Chosen, Jwks, KeyFacts, KeyProblem, MAX_JWKS_BYTES, MAX_KEYS_PER_TYPE, VerifyingKey};
pub use lint::{Hint, HintKind, find_token, lint, lint_raw};
pub use material::Algorithm;
pub use rejection::{Mark, Reason, StsRejection};
pub use token::{Header, MAX_TOKEN_BYTES, MIN_TOKEN_BYTES, Token};
pub use verify::{AcceptedIdentity, CLOCK_SKEW_SECONDS, Expect, Verdict, check_claims, verify};
