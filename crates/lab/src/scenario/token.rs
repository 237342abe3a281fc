//! Tokens of a scenario's issuers, by claims.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{Lab, LabError};

/// Life of a token, seconds, unless another is asked for with `exp`.
const LIFE: i64 = 3600;

impl Lab {
    /// A token of one of the scenario's issuers: the claims of its kind, and these in their place or besides. One that
    /// is null is left out.
    pub fn token(&self, issuer: &str, claims: &BTreeMap<String, Value>) -> Result<String, LabError> {
        let Some(scene) = self.inner.scene.get() else { return Err(LabError::NoScenario) };
        let signer = scene.signers.get(issuer).ok_or_else(|| LabError::NotInScenario {
            what: "issuer",
            name: issuer.to_owned(),
            there: scene.signers.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        })?;
        let now = self.inner.clock.now();
        let end = now.checked_add(SignedDuration::from_secs(LIFE)).unwrap_or(now);
        let mut all = signer.claims.clone();
        let usual = [
            ("iss", json!(signer.issuer.url())),
            ("aud", json!(signer.audience)),
            ("iat", json!(now.as_second())),
            ("nbf", json!(now.as_second())),
            ("exp", json!(end.as_second())),
        ];
        all.extend(usual.map(|(name, value)| (name.to_owned(), value)));
        all.extend(claims.clone());
        all.retain(|_, value| !value.is_null());
        Ok(signer.issuer.mint(&Value::Object(all))?.expose().to_owned())
    }
}
