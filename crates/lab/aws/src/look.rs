//! Looking at an issuer as STS would, for whoever wants to know before there is a token.

use crate::account::Account;
use crate::providers::{fetch, verifies};

/// What an issuer showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Whether its certificate verifies to the account's trust library.
    pub trusted: bool,
    /// Where it says that its keys are.
    pub keys_url: String,
}

impl Account {
    /// Asks an issuer for its discovery document; why there is none, otherwise.
    pub async fn look_at(&self, issuer: &str) -> Result<Look, String> {
        let seen = fetch(self, &format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))).await?;
        if seen.status != 200 {
            return Err(format!("it answers {} to whoever asks for its discovery document", seen.status));
        }
        let document = seen.json().ok_or("its discovery document is no JSON")?;
        let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        if text("issuer") != issuer {
            return Err(format!("its discovery document names another issuer, `{}`", text("issuer")));
        }
        Ok(Look { trusted: verifies(self, &seen), keys_url: text("jwks_uri") })
    }
}
