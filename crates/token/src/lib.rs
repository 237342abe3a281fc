//! Web identity tokens, key sets and discovery documents, judged as AWS STS judges them.
//!
//! ```
//! use trustwalk_token::{Expect, Jwks, Token, verify};
//!
//! // The key of RFC 7517, appendix A.1.
//! let keys = Jwks::parse(br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
//!     "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#)?;
//! # let part = |json: &str| base64_simd::URL_SAFE_NO_PAD.encode_to_string(json);
//! let header = part(r#"{"alg":"RS256","kid":"a"}"#);
//! let claims = part(r#"{"iss":"https://issuer.example","sub":"s","aud":"sts.amazonaws.com","iat":1,"exp":9}"#);
//! let text = format!("{header}.{claims}.{}", part("no signature"));
//! let token = Token::parse(&text)?;
//! assert_eq!(token.claims().sub.value(), Some("s"));
//! let client_ids = ["sts.amazonaws.com".to_owned()];
//! let expect = Expect { issuer: "https://issuer.example", client_ids: &client_ids, now: 5 };
//! let refused = verify(&token, &keys, &expect).unwrap_err();
//! assert_eq!(refused.code, "InvalidIdentityToken");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
pub use jwks::{Chosen, Jwks, KeyFacts, KeyProblem, MAX_JWKS_BYTES, MAX_KEYS_PER_TYPE, MIN_RSA_BITS, VerifyingKey};
pub use lint::{Hint, HintKind, find_token, lint, lint_raw};
pub use material::Algorithm;
pub use rejection::{Mark, Reason, StsRejection};
pub use token::{Header, MAX_TOKEN_BYTES, MIN_TOKEN_BYTES, Token};
pub use verify::{AcceptedIdentity, CLOCK_SKEW_SECONDS, Expect, Verdict, check_claims, verify};
