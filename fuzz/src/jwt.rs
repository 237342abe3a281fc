//! Tokens as text: facts are the token's own, hints never repeat it, and it is found in other text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use trustwalk_token::{
    Expect, MAX_EXTRA_CLAIMS, MAX_TOKEN_BYTES, MIN_TOKEN_BYTES, Token, TokenFacts, check_claims, find_token, lint,
    lint_raw,
};

use crate::Target;

pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) const TARGET: Target = Target {
    name: "jwt",
    check,
    seeds,
    words: &[
        "\"aud\":",
        "\"azp\":",
        "\"exp\":",
        "null",
        "[]",
        "1e3",
        "1e400",
        "\\ud800",
        "{\"crit\":[]}",
        ".",
        "Bearer ",
        "\\u0000",
        "é",
    ],
    iterations: 10_000,
};

/// The input is a token; or, begun with `{`, a header and a payload with a line between, so that
/// mutations reach the claims.
fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if text.starts_with('{')
        && let Some((header, payload)) = text.split_once("\n\n")
    {
        let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
        raw(&format!("{}.{}.{}", encode(header), encode(payload), encode([7; 64].escape_ascii().to_string().as_str())));
    } else {
        raw(text);
    }
}

fn raw(text: &str) {
    let secret = text.rsplit('.').next().unwrap_or_default();
    for hint in lint_raw(text) {
        assert!(secret.len() < 16 || !hint.text.contains(secret), "a hint repeats the token");
    }
    if let Some(found) = find_token(text) {
        assert!(text.contains(found) && found.bytes().filter(|b| *b == b'.').count() == 2);
    }
    let Ok(token) = Token::parse(text) else { return };
    assert!((MIN_TOKEN_BYTES..=MAX_TOKEN_BYTES).contains(&text.len()));
    assert_eq!(find_token(text), Some(text), "a token is not found in itself");
    assert_eq!(find_token(&format!("Authorization: Bearer \"{text}\"\n")), Some(text));
    assert!(!format!("{token:?}").contains(secret) || secret.len() < 16);
    let facts = TokenFacts::of(&token);
    assert_eq!(facts.length, text.len());
    assert!(facts.extra.len() <= MAX_EXTRA_CLAIMS);
    consistent(&token, &facts);
    let Ok(kept) = serde_json::to_string(&facts) else { unreachable_json() };
    assert_eq!(serde_json::from_str::<TokenFacts>(&kept).ok().as_ref(), Some(&facts), "facts read back otherwise");
    for now in [0, NOW, i64::MAX, i64::MIN] {
        let hints = lint(&facts, now);
        assert!(secret.len() < 16 || hints.iter().all(|h| !h.text.contains(secret)));
    }
    let client_ids = ["sts.amazonaws.com".to_owned()];
    let expect = Expect { issuer: "https://issuer.example.com", client_ids: &client_ids, now: NOW };
    if let Ok(accepted) = check_claims(&token, &expect) {
        assert_eq!(Some(accepted.subject.as_str()), facts.sub.as_deref());
        assert!(facts.exp.is_some() && facts.iss.is_some());
    }
}

/// Two ways of reading the payload, one pass for what STS decides by and one for all, agree.
fn consistent(token: &Token<'_>, facts: &TokenFacts) {
    let all = token.all_claims();
    for (name, value) in [("iss", &facts.iss), ("sub", &facts.sub), ("azp", &facts.azp)] {
        if let Some(text) = all.get(name).and_then(|v| v.as_str()) {
            assert_eq!(value.as_deref(), Some(text), "{name}");
        }
        // A number out of range leaves no claims but those STS decides by.
        assert!(all.is_empty() || all.contains_key(name) || value.is_none(), "{name} out of nowhere");
    }
    for (name, value) in [("exp", facts.exp), ("iat", facts.iat), ("nbf", facts.nbf)] {
        if let Some(seconds) = all.get(name).and_then(serde_json::Value::as_i64) {
            assert_eq!(value, Some(seconds), "{name}");
        }
    }
}

#[expect(clippy::panic, reason = "a property that does not hold")]
fn unreachable_json() -> ! {
    panic!("facts cannot be written")
}

/// Claims of a service account's token.
pub(crate) fn claims() -> serde_json::Value {
    json!({
        "iss": "https://issuer.example.com", "sub": "system:serviceaccount:ns:app", "aud": ["sts.amazonaws.com"],
        "exp": NOW + 3600, "iat": NOW - 10, "nbf": NOW - 10,
        "kubernetes.io": {"namespace": "ns", "serviceaccount": {"name": "app", "uid": "u1"},
            "pod": {"name": "app-x", "uid": "u2"}, "node": {"name": "n"}, "warnafter": NOW},
    })
}

fn seeds() -> Vec<Vec<u8>> {
    let header = json!({"alg": "RS256", "kid": "k1", "typ": "JWT"});
    let other = json!({"iss": "accounts.google.com", "azp": "a", "aud": "b", "sub": 7, "exp": "1800003600",
        "iat": 1.5, "amr": ["x"], "scope": "openid", "https://aws.amazon.com/tags": {"principal_tags": {"a": ["b"]}}});
    let github = json!({"iss": "https://token.actions.githubusercontent.com", "sub": "repo:o@1/r@2:ref:refs/heads/main",
        "aud": "https://github.com/o", "exp": NOW, "iat": NOW, "repository": "o/r"});
    let mut seeds: Vec<String> = [claims(), other, github].iter().map(|c| format!("{header}\n\n{c}")).collect();
    seeds.push(format!("{{\n \"alg\": \"ES256\"\n}}\n\n{}", claims()));
    let encode = |part: String| URL_SAFE_NO_PAD.encode(part);
    let token = format!("{}.{}.{}", encode(header.to_string()), encode(claims().to_string()), encode("s".repeat(64)));
    seeds.push(format!("time=x token=\"{token}\""));
    seeds.push(format!(" Bearer {token}\n"));
    seeds.push(token);
    seeds.into_iter().map(String::into_bytes).collect()
}
