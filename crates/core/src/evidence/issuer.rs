//! What the issuer says and presents: token, discovery, keys, chains.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a token came to trustwalk, which decides what its word is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum TokenSource {
    /// The cluster that the user configured minted it for us (`TokenRequest`).
    Cluster,
    /// Nobody has it: its subject was typed by the user, or foretold.
    Typed,
    /// A file, a job's folder, or a bundle that does not say: anybody may have written it.
    #[default]
    HandedIn,
}

/// What a token says about itself. Never the token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct TokenClaims {
    /// Where it came from: `TokenRequest`, a file, CI.
    pub origin: String,
    /// How it came here.
    pub source: TokenSource,
    /// Header `alg`.
    pub alg: String,
    /// Header `kid`.
    pub kid: Option<String>,
    /// `iss`.
    pub iss: Option<String>,
    /// `sub`.
    pub sub: Option<String>,
    /// `aud`, one or several.
    pub aud: Vec<String>,
    /// `azp`.
    pub azp: Option<String>,
    /// `exp`, Unix seconds.
    pub exp: Option<i64>,
    /// `iat`, Unix seconds.
    pub iat: Option<i64>,
    /// `nbf`, Unix seconds.
    pub nbf: Option<i64>,
    /// Other string claims, such as GitHub's.
    pub claims: BTreeMap<String, String>,
    /// Why it could not be parsed, if so.
    pub malformed: Option<String>,
    /// Whether its signature verified against the published keys; `None` when not checked.
    pub signature: Option<bool>,
    /// Index of a published key that the signature verifies with, whatever `kid`, `alg`, `use` or `key_ops` say of it:
    /// the right key may be published in a way in which STS does not find it. `None` when there is none, or when it was
    /// not checked.
    pub verified_by: Option<usize>,
    /// Whether blanks or line breaks stood around the token in its file.
    pub padded: bool,
}

/// An HTTP document fetched from the issuer, whether or not it was a good one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Fetched {
    /// The URL asked for.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// Milliseconds until the document was in hand.
    pub millis: u64,
    /// The server's time by its `Date` minus ours, in seconds.
    pub ahead: Option<i64>,
    /// `Location`, when the answer was a redirect.
    pub redirect: Option<String>,
}

/// Whether a status is one that a server gives for a time: it timed out, was asked too often or is in trouble (RFC
/// 9110, sections 15.5.9 and 15.6; RFC 6585, section 4; RFC 8470, section 5.2). That it knows no such method or version
/// lasts.
pub(super) fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599) && !matches!(status, 501 | 505)
}

impl Fetched {
    /// Whether the answer is temporary by its nature, so that it proves nothing that lasts.
    pub fn is_passing(&self) -> bool {
        passes(self.status)
    }
}

/// The discovery document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Discovery {
    /// How it was fetched.
    pub fetched: Fetched,
    /// `issuer`.
    pub issuer: Option<String>,
    /// `jwks_uri`.
    pub jwks_uri: Option<String>,
    /// `id_token_signing_alg_values_supported`.
    pub algs: Vec<String>,
    /// Why it is not a discovery document, if so.
    pub malformed: Option<String>,
}

/// The key set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Keys {
    /// How it was fetched.
    pub fetched: Fetched,
    /// The keys in the document's order, doubles included.
    pub keys: Vec<KeyFacts>,
    /// Why it is not a key set, if so.
    pub malformed: Option<String>,
}

/// One published key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct KeyFacts {
    /// `kid`.
    pub kid: Option<String>,
    /// `kty`.
    pub kty: String,
    /// `use`.
    pub usage: Option<String>,
    /// `alg`.
    pub alg: Option<String>,
    /// `crv` of an EC key.
    pub crv: Option<String>,
    /// Bits of an RSA modulus, when it is one.
    pub bits: Option<usize>,
    /// `key_ops`, when it is there.
    pub operations: Option<Vec<String>>,
    /// Members it has, by name: `n`, `e`, `x5c`, a private `d`, … without their values.
    pub members: Vec<String>,
}

/// The chain one host presents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct HostChain {
    /// Host name asked for.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `TLSv1.2` or `TLSv1.3`.
    pub tls: String,
    /// Whether the host refuses anything below TLS 1.3; `None` when not tried.
    pub tls13_only: Option<bool>,
    /// Whether the handshake proved possession of the leaf's key.
    pub proven: bool,
    /// The certificates in the order presented, base64 of DER.
    pub chain: Vec<String>,
    /// Whether it is the issuer's host, the `jwks_uri`'s host, or both.
    pub roles: Vec<HostRole>,
    /// Addresses of the name that presented another chain.
    pub differing_addresses: Vec<String>,
}

/// Which document a host serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostRole {
    /// The discovery document.
    Issuer,
    /// The key set.
    Jwks,
}
