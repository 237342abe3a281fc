//! What an issuer answers, and the faults it can be given.

use std::time::Duration;

use serde_json::{Value, json};

/// Bytes of a huge answer: far above what any client should read of a document.
pub(crate) const HUGE_BYTES: usize = 8 * 1024 * 1024;

/// What goes wrong when one document is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DocumentFault {
    /// Nothing: the document is served.
    #[default]
    None,
    /// Only this status, as a bucket that is not public answers 403.
    Status(u16),
    /// The document after this long; AWS STS gives issuers about five seconds.
    Slow(Duration),
    /// Never an answer.
    Hang,
    /// More bytes than a document can have.
    Huge,
    /// Bytes that are not JSON.
    InvalidJson,
    /// A redirect to this URL.
    Redirect(String),
    /// The first so many requests are refused with 503, the rest served.
    Flaky(u32),
}

/// What is wrong with the key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeySetFault {
    /// Nothing.
    #[default]
    None,
    /// An empty list.
    Empty,
    /// Another key than the one that signs: the signing key was rotated away.
    Foreign,
    /// The right keys, without `kid` and `alg`.
    Unnamed,
}

/// All document faults of one issuer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// On `/.well-known/openid-configuration`.
    pub discovery: DocumentFault,
    /// On the key set.
    pub keys: DocumentFault,
    /// What the key set holds.
    pub key_set: KeySetFault,
    /// The `issuer` member, when it is not the issuer's URL.
    pub issuer_member: Option<String>,
    /// The `jwks_uri` member, when it is not `URL/keys`.
    pub jwks_uri: Option<String>,
}

/// The discovery document of an EKS issuer, members in the order EKS writes them.
pub(crate) fn eks_discovery(issuer: &str, jwks_uri: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": jwks_uri,
        "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "claims_supported": ["sub", "iss"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}
