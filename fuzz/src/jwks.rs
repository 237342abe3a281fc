//! Key sets: which key is chosen follows from what the keys say about themselves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use trustwalk_token::{Chosen, Jwks, KeyFacts, KeyProblem};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "jwks",
    check,
    seeds,
    words: &["\"use\":\"enc\"", "\"key_ops\":[]", "\"kid\":", "\"kty\":\"EC\"", "null", "AQAB", "\"crv\":\"P-384\""],
    iterations: 10_000,
};

fn check(input: &[u8]) {
    let Ok(keys) = Jwks::parse(input) else { return };
    let facts = keys.facts();
    let document: Value = serde_json::from_slice(input).unwrap_or_default();
    assert_eq!(document.get("keys").and_then(Value::as_array).map(Vec::len), Some(facts.len()));
    let mut asked: Vec<Option<&str>> = facts.iter().map(|f| f.kid.as_deref()).collect();
    asked.extend([None, Some(""), Some("a key nobody has")]);
    for kid in asked {
        let chosen = keys.choose(kid);
        let expected = expected(facts, kid);
        let agree = match chosen {
            Chosen::Key(_) => expected.is_some_and(|f| f.problem.is_none()),
            Chosen::Unusable => expected.is_some_and(|f| f.problem.is_some_and(KeyProblem::is_found)),
            Chosen::NotFound => expected.is_none(),
        };
        assert!(agree, "for {kid:?} {chosen:?}, not {expected:?}");
    }
    for fact in facts {
        assert!(fact.bits.is_none_or(|bits| bits <= 8192), "{fact:?}");
    }
    let kept = serde_json::to_string(facts).unwrap_or_default();
    assert_eq!(serde_json::from_str::<Vec<KeyFacts>>(&kept).ok().as_deref(), Some(facts));
}

/// The rule in other words: the last key of that name that STS finds, or else the only key.
fn expected<'a>(facts: &'a [KeyFacts], kid: Option<&str>) -> Option<&'a KeyFacts> {
    let found = |f: &&KeyFacts| f.problem.is_none_or(KeyProblem::is_found);
    let named = facts.iter().rev().filter(found).find(|f| kid.is_some() && f.kid.as_deref() == kid);
    named.or_else(|| if let [only] = facts { Some(only).filter(found) } else { None })
}

/// An RSA key by its modulus's length; any odd number of that length looks like one.
fn rsa(kid: &str, bytes: usize) -> Value {
    json!({"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", "e": "AQAB",
        "n": URL_SAFE_NO_PAD.encode(vec![0xc5; bytes])})
}

/// The base point of P-256 (FIPS 186-4, D.1.2.3), which is on the curve.
fn ec(kid: &str) -> Value {
    json!({"kty": "EC", "kid": kid, "crv": "P-256",
        "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"})
}

fn seeds() -> Vec<Vec<u8>> {
    let mut encrypting = rsa("b", 256);
    let mut working = ec("a");
    if let (Some(e), Some(w)) = (encrypting.as_object_mut(), working.as_object_mut()) {
        e.insert("use".to_owned(), json!("enc"));
        w.insert("key_ops".to_owned(), json!(["verify"]));
    }
    let sets = [
        json!([rsa("a", 256), ec("b")]),
        json!([ec("a")]),
        json!([ec("a"), rsa("a", 384), encrypting]),
        json!([working, ec("b")]),
        json!([{"kty": "oct"}, {"kty": "RSA", "kid": "c", "x5c": ["AA"]}, {"kty": "EC"}, 7]),
    ];
    sets.iter().map(|keys| json!({ "keys": keys }).to_string().into_bytes()).collect()
}
