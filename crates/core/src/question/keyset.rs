//! Whether the keys are published in a way in which STS finds the one that signed.
//!
//! What STS asks of a key is REPORTED from live STS and by users: the key id must match unless the set holds a single
//! key; a key without `kid`, with `use` = `enc`, or with a certificate chain and no values is not found; `alg` is not
//! read; of keys with the same id the last counts; with `key_ops` every check fails. What else it asks is not known.

use std::collections::BTreeMap;

use super::Draft;
use super::refusals::Refusals;
use super::sts::Refusal;
use crate::evidence::{KeyFacts, Keys, TokenClaims, View};
use crate::finding::Confidence;

/// Why STS does not find a key, or fails on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// No `kid`.
    NoId,
    /// Its `kid` is not the one of the token, and there are other keys.
    OtherId,
    /// Another key of the same `kid` comes after it.
    Overruled,
    /// `use` is `enc`.
    ForEncryption,
    /// A certificate chain and no values.
    OnlyCertificates,
    /// `key_ops` is there.
    Operations,
    /// An RSA key of fewer bits than RS256 asks for.
    Short,
}

/// The least size of an RSA key that signs (RFC 7518, section 3.3).
const LEAST_BITS: usize = 2048;

impl Flaw {
    /// Whether STS finds the key all the same and fails on its signature, which it says in other words.
    fn is_found(self) -> bool {
        match self {
            Self::Overruled | Self::Operations | Self::Short => true,
            Self::NoId | Self::OtherId | Self::ForEncryption | Self::OnlyCertificates => false,
        }
    }

    /// What follows from it.
    fn words(self) -> &'static str {
        match self {
            Self::NoId => "has no kid, by which STS looks for it",
            Self::OtherId => "has another kid than the token names, by which STS looks for it",
            Self::Overruled => "shares its kid with a key after it, which STS takes in its place",
            Self::ForEncryption => "is published for encryption (use is enc), so STS leaves it out",
            Self::OnlyCertificates => "has a certificate chain and no values, so STS leaves it out",
            Self::Operations => "has key_ops, with which STS fails on every signature",
            Self::Short => "is an RSA key of fewer than the 2,048 bits that RFC 7518 asks for",
        }
    }
}

/// What a key is in itself, whatever token it signed.
fn flaw(key: &KeyFacts) -> Option<Flaw> {
    let has = |member: &str| key.members.iter().any(|m| m == member);
    if key.usage.as_deref() == Some("enc") {
        Some(Flaw::ForEncryption)
    } else if has("x5c") && !(has("n") || has("x")) {
        Some(Flaw::OnlyCertificates)
    } else if key.kid.is_none() {
        Some(Flaw::NoId)
    } else if key.operations.is_some() {
        Some(Flaw::Operations)
    } else if key.kty == "RSA" && key.bits.is_some_and(|bits| bits < LEAST_BITS) {
        Some(Flaw::Short)
    } else {
        None
    }
}

/// Why the key that signed the token is not found, or fails.
fn flaw_for(token: &TokenClaims, keys: &Keys, at: usize) -> Option<Flaw> {
    let key = keys.keys.get(at)?;
    let own = flaw(key);
    if own.is_some() {
        return own;
    }
    let asked = token.kid.as_deref()?;
    if key.kid.as_deref() != Some(asked) {
        return (keys.keys.len() > 1).then_some(Flaw::OtherId);
    }
    let later = keys.keys.iter().skip(at + 1).any(|k| k.kid.as_deref() == Some(asked));
    later.then_some(Flaw::Overruled)
}

/// The key that signed the token is published, and STS does not find it or fails on it.
pub(super) fn unfound(e: &View<'_>, keys: &Keys, said: &Refusals) -> Option<Draft> {
    let token = e.token().known();
    let Some((token, at)) = token.and_then(|t| Some((t, t.verified_by.or_else(|| short_of(t, keys))?))) else {
        return all_flawed(keys, said);
    };
    let flaw = flaw_for(token, keys, at)?;
    let kid = token.kid.as_deref().unwrap_or("none");
    let which = format!("key {} of {}, which signed the token, {}", at + 1, keys.keys.len(), flaw.words());
    let draft = Draft::new(if flaw == Flaw::Short {
        format!("the issuer publishes a key that a verifier need not take: {which}")
    } else {
        format!("the issuer publishes the right key in a way in which STS does not take it: {which}")
    })
    .show("token kid", kid, token.origin.clone());
    Some(weighed(e, listed(draft, keys), flaw, said))
}

/// The short key whose id the token names: no signature is looked at here with such a key.
fn short_of(token: &TokenClaims, keys: &Keys) -> Option<usize> {
    let asked = token.kid.as_deref()?;
    keys.keys.iter().position(|k| k.kid.as_deref() == Some(asked) && flaw(k) == Some(Flaw::Short))
}

/// Whatever key signs: none of them is one that STS finds.
fn all_flawed(keys: &Keys, said: &Refusals) -> Option<Draft> {
    let flaws: Option<Vec<Flaw>> = keys.keys.iter().map(flaw).collect();
    let first = *flaws.as_ref().filter(|all| all.iter().all(|f| !f.is_found()))?.first()?;
    let draft = Draft::new(match keys.keys.len() {
        1 => format!("the issuer publishes its only key in a way in which STS does not take it: it {}", first.words()),
        all => format!(
            "the issuer publishes its keys in a way in which STS takes none: each of the {all} has no kid, no values, \
             or another purpose; the first {}",
            first.words()
        ),
    });
    let draft = listed(draft, keys);
    Some(if said.hold(Refusal::Keys) { draft } else { draft.unsure(Confidence::Likely, ASK) })
}

const ASK: &str = "a real exchange: what STS asks of a key is reported by users and not documented";

/// How sure it is: proven where STS failed in the very way in which it fails on such a key.
fn weighed(e: &View<'_>, draft: Draft, flaw: Flaw, said: &Refusals) -> Draft {
    // The newer answer is one for audience and signature; where the audience is registered, the signature is left.
    let registered = || {
        let aud = e.token().known().and_then(super::facts::effective_audience);
        e.provider().known().zip(aud).is_some_and(|(p, aud)| p.client_ids.iter().any(|id| id == aud))
    };
    // What STS does with such a key nobody has written down.
    if flaw == Flaw::Short {
        return draft.unsure(Confidence::Likely, "whether STS takes a token that a key of 2,048 bits or more signed");
    }
    let fits = if flaw.is_found() { said.hold(Refusal::Audience) && registered() } else { said.hold(Refusal::Keys) };
    if fits { draft } else { draft.unsure(Confidence::Likely, ASK) }
}

/// Shows the keys as they are published, and how they should be.
fn listed(draft: Draft, keys: &Keys) -> Draft {
    let each: Vec<String> = keys.keys.iter().enumerate().map(|(i, key)| told(i, key)).collect();
    draft.show("published keys", each.join("; "), keys.fetched.url.clone()).cure(
        "publish each key once, with its values and the kid that its tokens name",
        &[(
            "note",
            "{\"kty\": \"RSA\", \"kid\": \"as in the token's header\", \"use\": \"sig\", \"alg\": \"RS256\", \"n\": \
             \"…\", \"e\": \"AQAB\"}, without key_ops; `kubectl get --raw /openid/v1/jwks` prints a cluster's own"
                .to_owned(),
        )],
    )
}

/// What a key says of itself, and what it does not say.
fn told(index: usize, key: &KeyFacts) -> String {
    let member = |name: &str, value: Option<&str>| value.map_or(format!("no {name}"), |v| format!("{name} {v}"));
    let mut all = vec![
        member("kid", key.kid.as_deref()),
        member("alg", key.alg.as_deref()),
        member("use", key.usage.as_deref()),
        member("kty", Some(key.kty.as_str()).filter(|k| !k.is_empty())),
    ];
    all.extend(key.bits.map(|bits| format!("{bits} bits")));
    all.extend(key.operations.as_ref().map(|ops| format!("key_ops {}", ops.join(" "))));
    format!("key {}: {}", index + 1, all.join(", "))
}

/// What waits in a key set that works: keys that STS will not find once the issuer signs with them.
pub(super) fn waiting(keys: &Keys) -> Option<Draft> {
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for kid in keys.keys.iter().filter_map(|k| k.kid.as_deref()) {
        *ids.entry(kid).or_default() += 1;
    }
    // A key for encryption is meant to be none for tokens.
    let flawed = |key: &KeyFacts| flaw(key).filter(|f| *f != Flaw::ForEncryption);
    let first = keys.keys.iter().enumerate().find_map(|(i, key)| Some((i, flawed(key)?)));
    if let Some((at, Flaw::Short)) = first {
        let draft = Draft::new(format!(
            "key {} of {} {}: the exchange works now, and whoever holds to it refuses such a token",
            at + 1,
            keys.keys.len(),
            Flaw::Short.words()
        ));
        return Some(listed(draft, keys).warns().unsure(Confidence::Likely, "whether STS goes on to take such keys"));
    }
    let twice = ids.iter().find(|(_, count)| **count > 1).map(|(kid, _)| *kid);
    let why = match (first, twice) {
        (Some((at, flaw)), _) => format!("key {} of {} {}", at + 1, keys.keys.len(), flaw.words()),
        (None, Some(kid)) => format!("the kid `{kid}` stands at more than one key, of which STS takes the last"),
        (None, None) => return None,
    };
    let draft = Draft::new(format!("{why}: the exchange works now, and would not with a token that such a key signed"));
    Some(listed(draft, keys).warns().unsure(Confidence::Likely, "whether the issuer ever signs with that key"))
}
