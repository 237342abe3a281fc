//! Discovery documents (`OpenID` Connect Discovery 1.0) and what is wrong with one for AWS.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::DiscoveryError;
use crate::material::Algorithm;
use crate::tolerant;

/// A larger document is not read: real ones have a few kibibytes.
pub const MAX_DISCOVERY_BYTES: usize = 256 * 1024;

/// What a discovery document says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Discovery {
    /// `issuer`.
    pub issuer: Option<String>,
    /// `jwks_uri`.
    pub jwks_uri: Option<String>,
    /// `id_token_signing_alg_values_supported`.
    pub algorithms: Vec<String>,
    /// `response_types_supported`.
    pub response_types: Vec<String>,
    /// `subject_types_supported`.
    pub subject_types: Vec<String>,
    /// `claims_supported`.
    pub claims: Vec<String>,
}

/// Why a discovery document does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "problem")]
#[non_exhaustive]
pub enum DiscoveryProblem {
    /// `issuer` is missing (required by `OpenID` Connect Discovery 1.0, section 3).
    NoIssuer,
    /// `issuer` differs from the URL it was found under (section 4.3).
    OtherIssuer {
        /// What it says.
        says: String,
    },
    /// `jwks_uri` is missing.
    NoKeys,
    /// `jwks_uri` is not an `https` URL.
    InsecureKeys {
        /// What it says.
        uri: String,
    },
    /// It names algorithms and none that STS takes.
    NoUsableAlgorithm,
}

impl Discovery {
    /// Reads a document; members of a wrong type count as missing.
    pub fn parse(bytes: &[u8]) -> Result<Self, DiscoveryError> {
        if bytes.len() > MAX_DISCOVERY_BYTES {
            return Err(DiscoveryError::TooLarge { length: bytes.len(), maximum: MAX_DISCOVERY_BYTES });
        }
        let document: Map<String, Value> =
            tolerant::parse(bytes).map_err(|e| DiscoveryError::Json { line: e.line(), column: e.column() })?;
        let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
        let list = |name: &str| {
            let values = document.get(name).and_then(Value::as_array);
            values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Ok(Self {
            issuer: text("issuer"),
            jwks_uri: text("jwks_uri"),
            algorithms: list("id_token_signing_alg_values_supported"),
            response_types: list("response_types_supported"),
            subject_types: list("subject_types_supported"),
            claims: list("claims_supported"),
        })
    }

    /// What is wrong with it for the issuer's URL it was found under.
    pub fn check(&self, issuer: &str) -> Vec<DiscoveryProblem> {
        let mut out = Vec::new();
        match &self.issuer {
            None => out.push(DiscoveryProblem::NoIssuer),
            Some(says) if says != issuer => out.push(DiscoveryProblem::OtherIssuer { says: says.clone() }),
            Some(_) => {}
        }
        match &self.jwks_uri {
            None => out.push(DiscoveryProblem::NoKeys),
            Some(uri) if !uri.starts_with("https://") => {
                out.push(DiscoveryProblem::InsecureKeys { uri: uri.clone() });
            }
            Some(_) => {}
        }
        if !self.algorithms.is_empty() && !self.algorithms.iter().any(|a| Algorithm::from_name(a).is_some()) {
            out.push(DiscoveryProblem::NoUsableAlgorithm);
        }
        out
    }

    /// The host the keys are served by, without its port.
    pub fn keys_host(&self) -> Option<&str> {
        let rest = self.jwks_uri.as_deref()?.strip_prefix("https://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        // A name before `@` is a user's, whatever host it looks like (RFC 3986, section 3.2).
        let host = authority.rsplit('@').next()?;
        let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
        host.get(..end).filter(|h| !h.is_empty())
    }
}
