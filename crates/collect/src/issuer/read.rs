//! From an issuer's URL to discovery, keys and chains.

use serde_json::Value;
use trustwalk_core::evidence::{Discovery, Fetched, HostChain, HostRole, KeyFacts, Keys, Observed, Source};

use super::observe::{Seen, observe, refuses_tls12, split};
use crate::dial::Dialer;

/// Everything an issuer shows.
#[derive(Debug, Clone, Default)]
pub struct IssuerFacts {
    /// The discovery document.
    pub discovery: Observed<Discovery>,
    /// The key set.
    pub keys: Observed<Keys>,
    /// Chains: the issuer's host, then the keys' host when it is another.
    pub chains: Vec<Observed<HostChain>>,
    /// The key set's text, to check signatures with.
    pub jwks: Option<String>,
}

/// Reads discovery, then what it points at.
pub async fn read_issuer(dialer: &Dialer, issuer: &str, now: i64) -> IssuerFacts {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let seen = observe(dialer, &url).await;
    let first = chain_of(&seen, &url, now, HostRole::Issuer);
    let discovery = discovery(&seen, &url, now);
    let jwks_uri = discovery.known().and_then(|d| d.jwks_uri.clone());
    let Some(jwks_uri) = jwks_uri else {
        let keys =
            Observed::NotCollected { reason: "the discovery document names no jwks_uri that could be read".to_owned() };
        let chains = vec![with_version_probe(dialer, first).await];
        return IssuerFacts { discovery, keys, chains, jwks: None };
    };
    let probe = async { with_version_probe(dialer, first).await };
    let (first, seen_keys) = tokio::join!(probe, observe(dialer, &jwks_uri));
    let keys_chain = chain_of(&seen_keys, &jwks_uri, now, HostRole::Jwks);
    let jwks = seen_keys.document.as_ref().ok().map(|d| String::from_utf8_lossy(&d.body).into_owned());
    let keys = keys(&seen_keys, &jwks_uri, now);
    let chains = match join_chains(first, keys_chain) {
        (both, None) => vec![both],
        (first, Some(second)) => vec![first, with_version_probe(dialer, second).await],
    };
    IssuerFacts { discovery, keys, chains, jwks }
}

/// Adds whether the host would speak TLS 1.2, when it chose 1.3.
async fn with_version_probe(dialer: &Dialer, chain: Observed<HostChain>) -> Observed<HostChain> {
    let Observed::Known { mut value, source } = chain else { return chain };
    value.tls13_only =
        if value.tls == "TLSv1.2" { Some(false) } else { refuses_tls12(dialer, &value.host, value.port).await };
    Observed::Known { value, source }
}

/// One host that serves both documents is one chain, unless it presented two different ones.
fn join_chains(
    first: Observed<HostChain>,
    second: Observed<HostChain>,
) -> (Observed<HostChain>, Option<Observed<HostChain>>) {
    if let (Observed::Known { value: a, source }, Observed::Known { value: b, .. }) = (&first, &second)
        && a.host == b.host
        && a.port == b.port
        && a.chain == b.chain
    {
        let both = HostChain { roles: vec![HostRole::Issuer, HostRole::Jwks], ..a.clone() };
        return (Observed::Known { value: both, source: source.clone() }, None);
    }
    (first, Some(second))
}

fn source(what: String, at: i64, by_hand: String) -> Source {
    Source { what, at, by_hand: Some(by_hand) }
}

fn chain_of(seen: &Seen, url: &str, now: i64, role: HostRole) -> Observed<HostChain> {
    let (host, port) = split(url).map_or_else(|_| (url.to_owned(), 443), |(h, p, _)| (h, p));
    let source = source(
        format!("chain presented by {host}:{port}"),
        now,
        format!("openssl s_client -connect {host}:{port} -servername {host} -showcerts </dev/null"),
    );
    match &seen.chain {
        Ok(chain) => Observed::Known { value: HostChain { roles: vec![role], ..chain.clone() }, source },
        Err(error) => Observed::Unreachable { source, error: error.clone() },
    }
}

fn discovery(seen: &Seen, url: &str, now: i64) -> Observed<Discovery> {
    let source = source(format!("GET {url}"), now, format!("curl {url}"));
    let document = match &seen.document {
        Ok(d) => d,
        Err(error) => return Observed::Unreachable { source, error: error.clone() },
    };
    let fetched = document.fetched.clone();
    let (value, malformed) = parse(&fetched, &document.body);
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let algs = value
        .get("id_token_signing_alg_values_supported")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let found = Discovery { issuer: text("issuer"), jwks_uri: text("jwks_uri"), algs, malformed, fetched };
    Observed::Known { value: found, source }
}

fn keys(seen: &Seen, url: &str, now: i64) -> Observed<Keys> {
    let source = source(format!("GET {url}"), now, format!("curl {url}"));
    let document = match &seen.document {
        Ok(d) => d,
        Err(error) => return Observed::Unreachable { source, error: error.clone() },
    };
    let fetched = document.fetched.clone();
    let (value, mut malformed) = parse(&fetched, &document.body);
    let listed = value.get("keys").and_then(Value::as_array);
    if malformed.is_none() && listed.is_none() {
        malformed = Some("it has no `keys` list".to_owned());
    }
    let text = |k: &Value, name: &str| k.get(name).and_then(Value::as_str).map(str::to_owned);
    let keys = listed
        .into_iter()
        .flatten()
        .map(|k| KeyFacts { kid: text(k, "kid"), kty: text(k, "kty").unwrap_or_default(), usage: text(k, "use") })
        .collect();
    Observed::Known { value: Keys { fetched, keys, malformed }, source }
}

fn parse(fetched: &Fetched, body: &[u8]) -> (Value, Option<String>) {
    if fetched.status != 200 {
        return (Value::Null, Some(format!("HTTP {}", fetched.status)));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => (value, None),
        Ok(_) => (Value::Null, Some("it is not a JSON object".to_owned())),
        Err(e) => (Value::Null, Some(format!("it is not JSON: {e}"))),
    }
}
