//! What a token says, for the evidence. The token itself goes no further.

use trustwalk_core::evidence::{Provider, TokenClaims, TokenSource};
use trustwalk_token::{Chosen, Jwks, Token, TokenFacts};

use crate::secret::SecretToken;

/// Claims of a token; its signature is checked when a key set is at hand.
pub(crate) fn read(token: &SecretToken, (origin, source): (&str, TokenSource), jwks: Option<&str>) -> TokenClaims {
    let origin = origin.to_owned();
    let parsed = match Token::parse(token.expose()) {
        Ok(parsed) => parsed,
        Err(error) => {
            return TokenClaims { origin, source, malformed: Some(error.to_string()), ..TokenClaims::default() };
        }
    };
    let facts = TokenFacts::of(&parsed);
    let signature = jwks.and_then(|text| Jwks::parse(text.as_bytes()).ok()).map(|keys| {
        match keys.choose(parsed.header().kid.as_deref()) {
            Chosen::Key(key) => key.verifies(&parsed),
            Chosen::Unusable | Chosen::NotFound => false,
        }
    });
    TokenClaims {
        origin,
        source,
        alg: facts.alg,
        kid: facts.kid,
        iss: facts.iss,
        sub: facts.sub,
        aud: facts.aud,
        azp: facts.azp,
        exp: facts.exp,
        iat: facts.iat,
        nbf: facts.nbf,
        claims: facts.extra,
        malformed: None,
        signature,
    }
}

/// The claims a subject given by hand would come with.
pub(crate) fn assumed(subject: &str, issuer: Option<String>, provider: Option<&Provider>) -> TokenClaims {
    let aud = provider.and_then(|p| p.client_ids.first().cloned()).unwrap_or_else(|| "sts.amazonaws.com".to_owned());
    TokenClaims {
        origin: "--subject".to_owned(),
        source: TokenSource::Typed,
        iss: issuer.or_else(|| provider.map(|p| format!("https://{}", p.url))),
        sub: Some(subject.to_owned()),
        aud: vec![aud],
        ..TokenClaims::default()
    }
}
