//! From an issuer's URL to discovery, keys and chains.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use trustwalk_core::evidence::{Discovery, Fetched, HostChain, HostRole, KeyFacts, Keys, Observed, Shared, Source};
use trustwalk_foreign::address;

use super::observe::{Seen, observe, split};
use crate::tls::{AddressChain, DialOptions, FetchedChain, Mode, fetch_all_addresses, tls13_only};
use crate::urls::shown_url;

/// Keys kept of one key set. AWS takes 100 RSA and 100 EC keys at most (IAM User Guide, "Create an `OpenID`
/// Connect identity provider in IAM"): the first key too many shows the rule broken, the rest only cost.
pub const MAX_KEYS: usize = 201;

/// Everything an issuer shows.
#[derive(Debug, Clone, Default)]
pub struct IssuerFacts {
    /// The discovery document.
    pub discovery: Shared<Observed<Discovery>>,
    /// The key set.
    pub keys: Shared<Observed<Keys>>,
    /// Chains: the issuer's host, then the keys' host when it is another.
    pub chains: Shared<Vec<Observed<HostChain>>>,
    /// The key set's text, to check signatures with.
    pub jwks: Option<String>,
}

/// Reads discovery, then what it points at.
pub async fn read_issuer(options: &DialOptions, issuer: &str, now: i64) -> IssuerFacts {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let seen = observe(options, &url).await;
    let first = chain_of(&seen, &url, now, HostRole::Issuer);
    let discovery = discovery(&seen, &url, now);
    let jwks_uri = discovery.known().and_then(|d| d.jwks_uri.clone());
    let Some(jwks_uri) = jwks_uri else {
        let keys = Observed::NotCollected { reason: no_keys(&discovery) };
        let chains = vec![further_questions(options, first).await];
        return IssuerFacts { discovery: discovery.into(), keys: keys.into(), chains: chains.into(), jwks: None };
    };
    let vouched = split(&url).ok().map(|place| place.host);
    let theirs = DialOptions { dialer: options.dialer.on_a_strangers_word(vouched.as_deref()), ..options.clone() };
    let (first, seen_keys) = tokio::join!(further_questions(options, first), observe(&theirs, &jwks_uri));
    let keys_chain = chain_of(&seen_keys, &jwks_uri, now, HostRole::Jwks);
    let jwks = seen_keys.document.as_ref().ok().map(|d| String::from_utf8_lossy(&d.body).into_owned());
    let keys = keys(&seen_keys, &jwks_uri, now);
    let chains = match join_chains(first, keys_chain) {
        (both, None) => vec![both],
        (first, Some(second)) => vec![first, further_questions(&theirs, second).await],
    };
    IssuerFacts { discovery: discovery.into(), keys: keys.into(), chains: chains.into(), jwks }
}

/// Why there are no keys: what went wrong with the document that names them.
fn no_keys(discovery: &Observed<Discovery>) -> String {
    let Some(read) = discovery.known() else {
        return format!("the discovery document could not be read: {}", discovery.gap().unwrap_or_default());
    };
    match &read.malformed {
        Some(why) => format!("the discovery document names no jwks_uri: {why}"),
        None => "the discovery document names no jwks_uri".to_owned(),
    }
}

/// Adds whether the host would speak TLS 1.2 when it chose 1.3, and which of the name's other addresses
/// present another chain.
async fn further_questions(options: &DialOptions, chain: Observed<HostChain>) -> Observed<HostChain> {
    let Observed::Known { mut value, source } = chain else { return chain };
    let version = async {
        match value.tls13_only {
            Some(known) => Some(known),
            None => tls13_only(&value.host, value.port, options).await.ok().flatten(),
        }
    };
    let (version, differing) = tokio::join!(version, differing_addresses(options, &value));
    value.tls13_only = version;
    value.differing_addresses = differing;
    Observed::Known { value, source }
}

/// Addresses of the name that present another chain: IPv4 and IPv6, or a load balancer's nodes, may be
/// configured apart. An address that does not answer is not said to differ.
async fn differing_addresses(options: &DialOptions, chain: &HostChain) -> Vec<String> {
    // One address was asked already; a proxy chooses the address itself.
    let several = options.dialer.resolve(&chain.host, chain.port).await.is_ok_and(|found| found.len() > 1);
    if !several || options.between(&chain.host, chain.port).is_some() {
        return Vec::new();
    }
    let all = fetch_all_addresses(&chain.host, chain.port, options, Mode::Proven).await.unwrap_or_default();
    let differs = |a: &AddressChain| a.chain.as_ref().is_ok_and(|c| encoded(c) != chain.chain);
    all.iter().filter(|a| differs(a)).map(|a| a.address.to_string()).collect()
}

fn encoded(chain: &FetchedChain) -> Vec<String> {
    chain.ders.iter().map(|c| STANDARD.encode(c)).collect()
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

/// Where a document was asked for, with the command that shows it: none for an address that is not asked.
fn source_of(seen: &Seen, url: &str, at: i64) -> Source {
    Source { what: format!("GET {}", shown_url(url)), at, by_hand: address::curl(url).filter(|_| !seen.refused) }
}

fn chain_of(seen: &Seen, url: &str, now: i64, role: HostRole) -> Observed<HostChain> {
    let (host, port) = split(url).map_or_else(|_| (shown_url(url).into_owned(), 443), |p| (p.host, p.port));
    let by_hand = address::show_certificates(&host, port).filter(|_| !seen.refused);
    let source = Source {
        what: format!("chain presented by {host}:{port}"),
        at: now,
        by_hand: by_hand.map(|command| [command.as_str(), " </dev/null"].concat()),
    };
    match &seen.chain {
        Ok(chain) => {
            let value = HostChain {
                host,
                port,
                tls: chain.tls.text().to_owned(),
                tls13_only: chain.tls13_only,
                proven: chain.proven,
                chain: encoded(chain),
                roles: vec![role],
                differing_addresses: Vec::new(),
            };
            Observed::Known { value, source }
        }
        Err(error) => Observed::Unreachable { source, error: error.clone() },
    }
}

fn discovery(seen: &Seen, url: &str, now: i64) -> Observed<Discovery> {
    let source = source_of(seen, url, now);
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
    let source = source_of(seen, url, now);
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
    let count = listed.map_or(0, Vec::len);
    if count >= MAX_KEYS {
        malformed = Some(format!("it has {count} keys, and AWS takes 100 RSA and 100 EC keys at most"));
    }
    let text = |k: &Value, name: &str| k.get(name).and_then(Value::as_str).map(str::to_owned);
    let keys = listed
        .into_iter()
        .flatten()
        .take(MAX_KEYS)
        .map(|k| KeyFacts {
            kid: text(k, "kid"),
            kty: text(k, "kty").unwrap_or_default(),
            usage: text(k, "use"),
            alg: text(k, "alg"),
            crv: text(k, "crv"),
            bits: text(k, "n").and_then(|n| modulus_bits(&n)),
            operations: k
                .get("key_ops")
                .map(|ops| ops.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()),
            members: k.as_object().into_iter().flatten().map(|(name, _)| name.clone()).take(MEMBERS).collect(),
        })
        .collect();
    Observed::Known { value: Keys { fetched, keys, malformed }, source }
}

/// Members of a key that are named. RFC 7517 and 7518 know twenty.
const MEMBERS: usize = 32;

/// Bits of an RSA modulus in base64url (RFC 7518, 6.3.1.1).
fn modulus_bits(encoded: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    let first = bytes.iter().position(|b| *b != 0)?;
    let leading = bytes.get(first)?.leading_zeros();
    Some((bytes.len() - first) * 8 - usize::try_from(leading).ok()?)
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
