//! Key sets (RFC 7517), and which key STS takes for a token.
//!
//! Reported from live STS: the key id must match unless the set holds a single key; a key
//! without `kid`, with `use` = `enc`, or with only `x5c` is not found; a key's `alg` is
//! ignored; of keys with the same id the last counts; a key with `key_ops` fails.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::JwksError;
use crate::material::{Algorithm, Material};
use crate::token::Token;
use crate::tolerant;

/// Keys of one type STS takes (IAM User Guide, creating OIDC providers).
pub const MAX_KEYS_PER_TYPE: usize = 100;
/// The smallest RSA modulus of which a signature is worth something (RFC 7518, section 3.3).
pub const MIN_RSA_BITS: usize = 2048;
/// A larger document is not read: 200 RSA keys of 8192 bits with certificates stay below.
pub const MAX_JWKS_BYTES: usize = 2 * 1024 * 1024;

/// Why STS does not find, or does not use, a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyProblem {
    /// No `kid`.
    NoKid,
    /// `use` is `enc`.
    ForEncryption,
    /// Only a certificate chain and no key values.
    OnlyCertificates,
    /// Neither `RSA` nor `EC`.
    UnknownType,
    /// The values do not make a public key.
    BadValues,
    /// `key_ops` is there: found, but every check fails.
    KeyOperations,
    /// An RSA modulus below [`MIN_RSA_BITS`]: found, and no signature is taken from it here. What STS does with
    /// one is not documented.
    TooShort,
}

impl KeyProblem {
    /// Whether STS finds the key all the same, and fails on it.
    pub fn is_found(self) -> bool {
        match self {
            Self::KeyOperations | Self::TooShort => true,
            Self::NoKid | Self::ForEncryption | Self::OnlyCertificates | Self::UnknownType | Self::BadValues => false,
        }
    }
}

/// What a key says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// `kid`.
    pub kid: Option<String>,
    /// `kty`.
    pub kty: Option<String>,
    /// `alg`, which STS ignores.
    pub alg: Option<String>,
    /// `crv` of an EC key.
    pub crv: Option<String>,
    /// Bits of an RSA modulus.
    pub bits: Option<usize>,
    /// Why STS does not use it.
    pub problem: Option<KeyProblem>,
}

/// A key set, its keys parsed once.
#[derive(Debug)]
pub struct Jwks {
    facts: Vec<KeyFacts>,
    material: Vec<Option<Material>>,
    by_kid: HashMap<String, usize>,
    single: Option<usize>,
}

/// The key for a token.
#[derive(Debug, Clone, Copy)]
pub enum Chosen<'a> {
    /// This one.
    Key(VerifyingKey<'a>),
    /// A key STS finds and cannot use: every signature fails.
    Unusable,
    /// None.
    NotFound,
}

/// A key to check signatures with.
#[derive(Debug, Clone, Copy)]
pub struct VerifyingKey<'a>(&'a Material);

impl VerifyingKey<'_> {
    /// Whether the token's signature is this key's, by an algorithm STS takes.
    pub fn verifies(self, token: &Token<'_>) -> bool {
        Algorithm::from_name(&token.header().alg).is_some_and(|a| self.0.verifies(a, token.signed(), token.signature()))
    }
}

impl Jwks {
    /// Reads a key set. Keys that STS would not use are kept as facts.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwksError> {
        if bytes.len() > MAX_JWKS_BYTES {
            return Err(JwksError::TooLarge { length: bytes.len(), maximum: MAX_JWKS_BYTES });
        }
        let document: Value =
            tolerant::parse(bytes).map_err(|e| JwksError::Json { line: e.line(), column: e.column() })?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(JwksError::NoKeys)?;
        if keys.is_empty() {
            return Err(JwksError::Empty);
        }
        for kty in ["RSA", "EC"] {
            let count = keys.iter().filter(|k| k.get("kty").and_then(Value::as_str) == Some(kty)).count();
            if count > MAX_KEYS_PER_TYPE {
                return Err(JwksError::TooMany { kty: kty.to_owned(), count, maximum: MAX_KEYS_PER_TYPE });
            }
        }
        let empty = Map::new();
        let (facts, material): (Vec<_>, Vec<_>) = keys.iter().map(|k| read(k.as_object().unwrap_or(&empty))).unzip();
        let found = |f: &KeyFacts| f.problem.is_none_or(KeyProblem::is_found);
        let by_kid = facts
            .iter()
            .enumerate()
            .filter(|(_, f)| found(f))
            .filter_map(|(i, f)| f.kid.clone().map(|k| (k, i)))
            .collect();
        let single = (facts.len() == 1 && facts.first().is_some_and(found)).then_some(0);
        Ok(Self { facts, material, by_kid, single })
    }

    /// What each key says about itself, in the document's order.
    pub fn facts(&self) -> &[KeyFacts] {
        &self.facts
    }

    /// The key STS takes for a token with this `kid`.
    pub fn choose(&self, kid: Option<&str>) -> Chosen<'_> {
        match self.place(kid).and_then(|i| self.material.get(i)) {
            Some(Some(material)) => Chosen::Key(VerifyingKey(material)),
            Some(None) => Chosen::Unusable,
            None => Chosen::NotFound,
        }
    }

    /// What the key that STS takes for a token with this `kid` says about itself.
    pub fn chosen_facts(&self, kid: Option<&str>) -> Option<&KeyFacts> {
        self.place(kid).and_then(|i| self.facts.get(i))
    }

    fn place(&self, kid: Option<&str>) -> Option<usize> {
        kid.and_then(|k| self.by_kid.get(k)).copied().or(self.single)
    }
}

fn read(key: &Map<String, Value>) -> (KeyFacts, Option<Material>) {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let mut facts = KeyFacts {
        kid: text("kid").map(str::to_owned),
        kty: text("kty").map(str::to_owned),
        alg: text("alg").map(str::to_owned),
        crv: text("crv").map(str::to_owned),
        bits: None,
        problem: None,
    };
    let values = match text("kty") {
        Some("RSA") => Some((text("n"), text("e"), Some(""))),
        Some("EC") => Some((text("x"), text("y"), text("crv"))),
        _ => None,
    };
    let material = match values {
        Some((Some(a), Some(b), Some(""))) => Material::rsa(a, b),
        Some((Some(x), Some(y), Some(crv))) => Material::ec(crv, x, y),
        _ => None,
    };
    if let Some(Material::Rsa { bits, .. }) = &material {
        facts.bits = Some(*bits);
    }
    facts.problem = if text("use") == Some("enc") {
        Some(KeyProblem::ForEncryption)
    } else if values.is_none() {
        Some(KeyProblem::UnknownType)
    } else if material.is_none() {
        let certificates = key.contains_key("x5c") && matches!(values, Some((None, None, _)));
        Some(if certificates { KeyProblem::OnlyCertificates } else { KeyProblem::BadValues })
    } else if facts.kid.is_none() {
        Some(KeyProblem::NoKid)
    } else if facts.bits.is_some_and(|bits| bits < MIN_RSA_BITS) {
        Some(KeyProblem::TooShort)
    } else if key.contains_key("key_ops") {
        Some(KeyProblem::KeyOperations)
    } else {
        None
    };
    let usable = facts.problem.is_none();
    (facts, material.filter(|_| usable))
}
