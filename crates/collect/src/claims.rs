//! What a token says, for the evidence. The token itself goes no further.

use serde_json::{Value, json};
use trustwalk_core::evidence::{Provider, TokenClaims, TokenSource, TrailEvent};
use trustwalk_token::{Chosen, Jwks, Token, TokenFacts};

use crate::issuer::MAX_KEYS;
use crate::secret::SecretToken;

/// Members of a key that say what it is for, and not what it is.
const ABOUT: [&str; 4] = ["kid", "alg", "use", "key_ops"];

/// Claims of a token; its signature is checked when a key set is at hand. The token has no blanks around it.
pub(crate) fn read(token: &SecretToken, (origin, source): (&str, TokenSource), jwks: Option<&str>) -> TokenClaims {
    let origin = origin.to_owned();
    let parsed = match Token::parse(token.expose()) {
        Ok(parsed) => parsed,
        Err(error) => {
            return TokenClaims { origin, source, malformed: Some(error.to_string()), ..TokenClaims::default() };
        }
    };
    let facts = TokenFacts::of(&parsed);
    let verified_by = jwks.and_then(|text| any_key(&parsed, text));
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
        verified_by,
        padded: false,
    }
}

/// Index of the published key that a token's signature verifies with, whatever is said of it: the right key may be
/// published under another id, or none.
fn any_key(token: &Token<'_>, jwks: &str) -> Option<usize> {
    let document: Value = serde_json::from_str(jwks).ok()?;
    let keys = document.get("keys")?.as_array()?;
    keys.iter().take(MAX_KEYS).position(|key| {
        let Some(mut bare) = key.as_object().cloned() else { return false };
        bare.retain(|name, _| !ABOUT.contains(&name.as_str()));
        bare.insert("kid".to_owned(), json!("0"));
        let alone = json!({"keys": [bare]}).to_string();
        Jwks::parse(alone.as_bytes()).is_ok_and(|set| match set.choose(Some("0")) {
            Chosen::Key(key) => key.verifies(token),
            Chosen::Unusable | Chosen::NotFound => false,
        })
    })
}

/// What the token of an account says, by that of another account of the same cluster, which signs all alike.
pub(crate) fn foretold(sample: &TokenClaims, namespace: &str, account: &str, audience: String) -> TokenClaims {
    TokenClaims {
        origin: "a token of the same cluster, by which it is foretold".to_owned(),
        source: TokenSource::Typed,
        alg: sample.alg.clone(),
        kid: sample.kid.clone(),
        iss: sample.iss.clone(),
        sub: Some(format!("system:serviceaccount:{namespace}:{account}")),
        aud: vec![audience],
        ..TokenClaims::default()
    }
}

/// What the token of an account says, where none may be minted: an EKS cluster signs as its one issuer, the subject is
/// made of namespace and name, and the audience is the one asked for (Kubernetes documentation, "Managing Service
/// Accounts"; EKS User Guide, "IAM roles for service accounts").
pub(crate) fn derived(issuer: String, (namespace, account): (&str, &str), audience: String) -> TokenClaims {
    TokenClaims {
        origin: "names and issuer of the cluster: no token was minted".to_owned(),
        source: TokenSource::Typed,
        iss: Some(issuer),
        sub: Some(format!("system:serviceaccount:{namespace}:{account}")),
        aud: vec![audience],
        ..TokenClaims::default()
    }
}

/// What a token said, by the event of an exchange; nothing where the event does not tell whose it was.
pub(crate) fn of_event(event: &TrailEvent) -> Option<TokenClaims> {
    let path = event.provider.as_deref()?.split_once(":oidc-provider/")?.1;
    Some(TokenClaims {
        origin: "CloudTrail".to_owned(),
        source: TokenSource::Typed,
        iss: Some(format!("https://{path}")),
        sub: Some(event.subject.clone()?),
        aud: event.audience.iter().cloned().collect(),
        ..TokenClaims::default()
    })
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
