//! A hierarchy as it outlives its lab: keys and certificates of its authorities.

use std::sync::{PoisonError, RwLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rcgen::KeyPair;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::{Authority, Hierarchy, Said, Signed};
use crate::IssuerError;

/// A hierarchy as it is kept: base64 of DER. The keys are secrets.
#[derive(Clone, Serialize, Deserialize)]
#[expect(missing_debug_implementations, reason = "it holds private keys")]
pub struct KeptHierarchy {
    intermediate: KeptAuthority,
    proxy: KeptAuthority,
    proxy_root: String,
    roots: Vec<String>,
    above: [KeptAuthority; 3],
    signed: [KeptSigned; 3],
}

#[derive(Clone, Serialize, Deserialize)]
struct KeptAuthority {
    said: Said,
    key: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct KeptSigned {
    certificate: String,
    until: Timestamp,
    years: i64,
}

fn encode(certificate: &CertificateDer<'_>) -> String {
    STANDARD.encode(certificate)
}

fn decode(text: &str) -> Result<CertificateDer<'static>, IssuerError> {
    STANDARD.decode(text).map(CertificateDer::from).map_err(|_| IssuerError::SigningKey)
}

impl KeptAuthority {
    fn of(authority: &Authority) -> Self {
        Self { said: authority.said.clone(), key: STANDARD.encode(authority.key.serialize_der()) }
    }

    fn again(self) -> Result<Authority, IssuerError> {
        let der = STANDARD.decode(&self.key).map_err(|_| IssuerError::SigningKey)?;
        Authority::with(self.said, KeyPair::try_from(der)?)
    }
}

impl Hierarchy {
    /// The hierarchy as it is kept.
    pub fn kept(&self) -> KeptHierarchy {
        let signed = self.signed.read().unwrap_or_else(PoisonError::into_inner);
        KeptHierarchy {
            intermediate: KeptAuthority::of(&self.intermediate),
            proxy: KeptAuthority::of(&self.proxy),
            proxy_root: encode(&self.proxy_root),
            roots: self.roots.iter().map(encode).collect(),
            above: self.above.each_ref().map(KeptAuthority::of),
            signed: signed.each_ref().map(|one| KeptSigned {
                certificate: encode(&one.certificate),
                until: one.until,
                years: one.years,
            }),
        }
    }

    /// A hierarchy that was kept.
    pub fn again(kept: KeptHierarchy) -> Result<Self, IssuerError> {
        let [root, older, oldest] = kept.above;
        let again = |one: KeptSigned| {
            Ok::<_, IssuerError>(Signed { certificate: decode(&one.certificate)?, until: one.until, years: one.years })
        };
        let [first, second, third] = kept.signed;
        Ok(Self {
            intermediate: kept.intermediate.again()?,
            proxy: kept.proxy.again()?,
            proxy_root: decode(&kept.proxy_root)?,
            roots: kept.roots.iter().map(|root| decode(root)).collect::<Result<_, _>>()?,
            above: [root.again()?, older.again()?, oldest.again()?],
            signed: RwLock::new([again(first)?, again(second)?, again(third)?]),
        })
    }
}
