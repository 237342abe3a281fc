//! Key sets, discovery documents, hints, published vectors, and any bytes at all.

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{ISSUER, Key, NOW, claims, set, with};
use trustwalk_token::{
    Chosen, Discovery, DiscoveryProblem, Expect, HintKind, Jwks, JwksError, KeyProblem, Reason, Token, TokenFacts,
    find_token, lint, lint_raw, verify,
};

#[test]
fn key_sets_keep_to_the_limits() {
    let key = Key::ec("ES256");
    let many = |n: usize| set(&(0..n).map(|i| key.jwk(&i.to_string())).collect::<Vec<_>>());
    assert!(Jwks::parse(&many(100)).is_ok());
    assert_eq!(
        Jwks::parse(&many(101)).err(),
        Some(JwksError::TooMany { kty: "EC".to_owned(), count: 101, maximum: 100 })
    );
    assert_eq!(Jwks::parse(b"{\"keys\":[]}").err(), Some(JwksError::Empty));
    assert_eq!(Jwks::parse(b"{}").err(), Some(JwksError::NoKeys));
    assert!(matches!(Jwks::parse(b"<html>").err(), Some(JwksError::Json { line: 1, .. })));
    assert!(matches!(Jwks::parse(&vec![b' '; 3_000_000]).err(), Some(JwksError::TooLarge { .. })));
}

#[test]
fn each_key_says_why_it_is_not_used() {
    let rsa = Key::rsa().jwk("r");
    let keys = [
        rsa.clone(),
        json!({"kty": "OKP", "kid": "o", "crv": "Ed25519", "x": "AA"}),
        json!({"kty": "RSA", "kid": "c", "x5c": ["AA"]}),
        json!({"kty": "EC", "kid": "b", "crv": "P-256", "x": "AA", "y": "AA"}),
        json!(7),
    ];
    let jwks = Jwks::parse(&set(&keys)).unwrap();
    let problems: Vec<_> = jwks.facts().iter().map(|f| f.problem).collect();
    assert_eq!(
        problems,
        [
            None,
            Some(KeyProblem::UnknownType),
            Some(KeyProblem::OnlyCertificates),
            Some(KeyProblem::BadValues),
            Some(KeyProblem::UnknownType)
        ]
    );
    assert_eq!(jwks.facts()[0].bits, Some(2048));
    assert!(matches!(jwks.choose(Some("r")), Chosen::Key(_)));
    assert!(matches!(jwks.choose(None), Chosen::NotFound));
}

/// RFC 7515, appendix A.3: a published public key, payload and signature.
#[test]
fn the_published_es256_example_verifies() {
    let keys = json!({"keys": [{"kty": "EC", "kid": "a3", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]});
    let raw = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb29\
               0Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let token = Token::parse(raw).unwrap();
    assert_eq!(token.claims().iss.value(), Some("joe"));
    let jwks = Jwks::parse(keys.to_string().as_bytes()).unwrap();
    assert!(signature_holds(&jwks, &token));
    let broken = raw.replace("DtEh", "DtEi");
    assert!(!signature_holds(&jwks, &Token::parse(&broken).unwrap()));
}

fn signature_holds(jwks: &Jwks, token: &Token<'_>) -> bool {
    match jwks.choose(token.header().kid.as_deref()) {
        Chosen::Key(key) => key.verifies(token),
        Chosen::Unusable | Chosen::NotFound => false,
    }
}

#[test]
fn discovery_documents_are_checked() {
    let good = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys"),
        "id_token_signing_alg_values_supported": ["RS256"]});
    let d = Discovery::parse(good.to_string().as_bytes()).unwrap();
    assert_eq!(d.check(ISSUER), vec![]);
    assert_eq!(d.keys_host(), Some("oidc.eks.eu-west-1.amazonaws.com"));
    assert_eq!(d.check("https://x"), vec![DiscoveryProblem::OtherIssuer { says: ISSUER.to_owned() }]);
    let bad = Discovery::parse(
        br#"{"issuer":7,"jwks_uri":"http://x/keys","id_token_signing_alg_values_supported":["HS256"]}"#,
    )
    .unwrap();
    assert_eq!(
        bad.check(ISSUER),
        vec![
            DiscoveryProblem::NoIssuer,
            DiscoveryProblem::InsecureKeys { uri: "http://x/keys".to_owned() },
            DiscoveryProblem::NoUsableAlgorithm
        ]
    );
    assert!(Discovery::parse(b"[]").is_err());
}

#[test]
fn hints_name_what_a_person_should_see() {
    let key = Key::ec("ES256");
    let kinds = |c: &Value| {
        let raw = key.sign("ES256", "k", c);
        lint(&TokenFacts::of(&Token::parse(&raw).unwrap()), NOW).into_iter().map(|h| h.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&claims()), vec![]);
    assert_eq!(
        kinds(&json!({"iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/service-account.name": "x",
                "sub": "system:serviceaccount:a:x"})),
        vec![HintKind::LegacyServiceAccountToken, HintKind::PrivateIssuer]
    );
    assert_eq!(kinds(&with(&json!({"aud": [ISSUER]}))), vec![HintKind::ApiServerAudience]);
    assert_eq!(kinds(&with(&json!({"aud": ["pods.eks.amazonaws.com"]}))), vec![HintKind::PodIdentityAudience]);
    assert_eq!(kinds(&with(&json!({"exp": NOW - 400}))), vec![HintKind::Expired]);
    assert_eq!(kinds(&with(&json!({"exp": NOW - 100}))), vec![HintKind::ExpiredWithinAllowance]);
    assert_eq!(kinds(&with(&json!({"nbf": NOW + 100}))), vec![HintKind::Future]);
    assert_eq!(kinds(&with(&json!({"scp": "read"}))), vec![HintKind::AccessToken]);
    assert_eq!(kinds(&with(&json!({"aud": ["a", "b"]}))), vec![HintKind::SeveralAudiences]);
    assert_eq!(kinds(&with(&json!({"sub": "repo:o@1/r@2:ref:refs/heads/main"}))), vec![HintKind::ImmutableSubject]);

    let raw = key.sign("ES256", "k", &claims());
    let raw_kinds = |t: &str| lint_raw(t).into_iter().map(|h| h.kind).collect::<Vec<_>>();
    assert_eq!(raw_kinds(&raw), vec![]);
    assert_eq!(raw_kinds(&format!("{raw}\n")), vec![HintKind::WhiteSpace]);
    assert_eq!(raw_kinds(&format!("{raw} 11:11:49.782386 40364 v3.go:79] EOF")), vec![HintKind::SurroundingText]);
    assert_eq!(raw_kinds(&format!("\"{raw}\"")), vec![HintKind::Wrapped]);
    assert_eq!(raw_kinds("a.b.c.d.e"), vec![HintKind::Encrypted]);
    assert_eq!(find_token(&format!("Bearer {raw}, x")), Some(raw.as_str()));
}

#[test]
fn a_token_with_a_printed_header_is_found() {
    let raw = Key::ec("ES256").sign_raw("ES256", "{\n \"alg\": \"ES256\"\n}", &claims().to_string());
    assert_eq!(find_token(&format!("token is {raw}\n")), Some(raw.as_str()));
    assert_eq!(find_token("ews.mail.example"), None);
}

#[test]
fn a_payload_that_is_not_utf_8_is_no_payload() {
    let payload = support::b64([b"{\"iss\":\"https://i\",\"x".as_slice(), &[0xdd], b"\":1}"].concat());
    let raw = format!("{}.{payload}.AA", support::b64(r#"{"alg":"RS256"}"#));
    assert!(Token::parse(&raw).is_err());
}

#[test]
fn the_keys_host_is_the_one_that_is_dialled() {
    for (uri, host) in [
        ("https://keys.example.com:8443/a?b@c", "keys.example.com"),
        ("https://keys.example.com@elsewhere.example/a", "elsewhere.example"),
        ("https://[2001:db8::1]:443/keys", "[2001:db8::1]"),
    ] {
        let read = Discovery::parse(json!({ "jwks_uri": uri }).to_string().as_bytes()).unwrap();
        assert_eq!(read.keys_host(), Some(host));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Jwks::parse(&bytes);
        let _ = Discovery::parse(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = Token::parse(&text);
        let _ = lint_raw(&text);
    }

    #[test]
    fn any_claims_are_judged(iss in ".{0,20}", exp in any::<i64>(), iat in any::<f64>(), now in any::<i64>(),
        raw in "\\PC{0,60}") {
        let body = json!({"iss": iss, "sub": raw, "aud": [raw, 1], "exp": exp, "iat": iat, "nbf": exp,
            "kubernetes.io": {"pod": raw}});
        let text = format!("{}.{}.AA", support::b64(r#"{"alg":"RS256","kid":"k"}"#), support::b64(body.to_string()));
        let token = Token::parse(&text).unwrap();
        let _ = lint(&TokenFacts::of(&token), now);
        let jwks = Jwks::parse(br#"{"keys":[{"kty":"oct"}]}"#).unwrap();
        let verdict = verify(&token, &jwks, &Expect { issuer: &iss, client_ids: &[], now });
        prop_assert!(verdict.is_err());
        prop_assert!(!matches!(verdict.unwrap_err().reason, Reason::BadSignature));
    }
}
