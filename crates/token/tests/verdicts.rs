//! Every refusal of STS, and what it accepts.

#![expect(clippy::unwrap_used, reason = "a test's helper fails the test")]

mod support;

use serde_json::{Value, json};
use support::{ISSUER, Key, NOW, b64, claims, set, with, without};
use trustwalk_token::{Expect, Jwks, Mark, Reason, StsRejection, Token, TokenFacts, Verdict, verify, verify_many};

fn judge(raw: &str, keys: &[u8], ids: &[&str]) -> Verdict {
    let ids: Vec<String> = ids.iter().map(|s| (*s).to_owned()).collect();
    let jwks = Jwks::parse(keys).unwrap();
    let expect = Expect { issuer: ISSUER, client_ids: &ids, now: NOW };
    verify(&Token::parse(raw).map_err(StsRejection::from)?, &jwks, &expect)
}

fn refused(key: &Key, c: &Value) -> (Reason, String) {
    let e = judge(&key.sign("ES256", "k", c), &set(&[key.jwk("k")]), &["sts.amazonaws.com"]).unwrap_err();
    (e.reason, format!("{}: {}", e.code, e.aws_text))
}

#[test]
fn the_six_algorithms_are_taken_and_no_other() {
    for alg in ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"] {
        let key = if alg.starts_with('R') { Key::rsa() } else { Key::ec(alg) };
        let keys = set(&[key.jwk("k")]);
        let good = key.sign(alg, "k", &claims());
        let id = judge(&good, &keys, &["sts.amazonaws.com"]).unwrap();
        assert_eq!(
            (id.audience.as_str(), id.subject.as_str()),
            ("sts.amazonaws.com", "system:serviceaccount:kube-system:aws-node")
        );
        for other in ["none", "HS256", "PS256", "EdDSA", "rs256", ""] {
            let raw = key.sign(alg, "k", &claims());
            let tail = raw.split_once('.').unwrap().1;
            let forged = format!("{}.{tail}", b64(json!({"alg": other, "kid": "k"}).to_string()));
            assert_eq!(judge(&forged, &keys, &["sts.amazonaws.com"]).unwrap_err().reason, Reason::NotAJwt, "{other}");
        }
        for confused in ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"] {
            if confused != alg {
                let tail = good.split_once('.').unwrap().1;
                let forged = format!("{}.{tail}", b64(json!({"alg": confused, "kid": "k"}).to_string()));
                assert_eq!(judge(&forged, &keys, &["sts.amazonaws.com"]).unwrap_err().reason, Reason::BadSignature);
            }
        }
    }
}

#[test]
fn each_claim_is_judged() {
    let key = Key::ec("ES256");
    for name in ["iss", "sub", "aud", "iat", "exp"] {
        let (_, text) = refused(&key, &without(name));
        assert_eq!(text, format!("InvalidIdentityToken: Missing a required claim: {name}"));
    }
    let invalid = |text: &str| format!("InvalidIdentityToken: {text}");
    let timestamp = || invalid("Invalid timestamp in token claims.");
    let unfit = || {
        invalid(
            "The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation \
             for requirements.",
        )
    };
    let table = [
        (
            json!({"iss": "https://other.example"}),
            Reason::NoProvider,
            invalid("No OpenIDConnect provider found in your account for https://other.example"),
        ),
        (
            json!({"exp": NOW - 301}),
            Reason::Expired,
            format!(
                "ExpiredTokenException: Token expired: current date/time {} must be before the expiration date/time {}",
                NOW - 300,
                NOW - 301
            ),
        ),
        (
            json!({"iat": NOW + 301}),
            Reason::IssuedInFuture,
            invalid(&format!("Token issued in the future: {}", NOW + 301)),
        ),
        (
            json!({"nbf": NOW + 3600}),
            Reason::NotYetValid,
            invalid(&format!(
                "Token not yet valid: current date/time {} must be after or equal to the not-before date/time {}",
                NOW + 300,
                NOW + 3600
            )),
        ),
        (json!({"exp": 1.5}), Reason::InvalidTimestamp, timestamp()),
        (json!({"iat": null}), Reason::InvalidTimestamp, timestamp()),
        (json!({"nbf": "soon"}), Reason::InvalidTimestamp, timestamp()),
        (json!({"sub": null}), Reason::NullSubject, "InternalFailure: ".to_owned()),
        (json!({"aud": []}), Reason::EmptyAudience, invalid("Claim is not allowed to be empty: aud")),
        (
            json!({"aud": ["sts.amazonaws.com", "b"]}),
            Reason::SeveralAudiences,
            invalid("Token audience contains more than one audience while authorized party is not present"),
        ),
        (json!({"aud": "STS.amazonaws.com"}), Reason::Audience, unfit()),
        (json!({"azp": "app"}), Reason::AuthorizedParty, unfit()),
    ];
    for (change, reason, text) in table {
        assert_eq!(refused(&key, &with(&change)), (reason, text), "{change}");
    }
}

#[test]
fn the_allowances_are_granted() {
    let key = Key::ec("ES256");
    let keys = set(&[key.jwk("k")]);
    for change in [
        json!({"exp": NOW - 299}),
        json!({"iat": NOW + 300, "nbf": NOW + 300}),
        json!({"exp": (NOW + 60).to_string(), "iat": NOW.to_string()}),
        json!({"sub": 7}),
        json!({"sub": ""}),
        json!({"aud": "sts.amazonaws.com"}),
        json!({"aud": ["x", "y"], "azp": "sts.amazonaws.com"}),
    ] {
        let verdict = judge(&key.sign("ES256", "k", &with(&change)), &keys, &["a", "sts.amazonaws.com"]);
        assert_eq!(verdict.map(|v| v.audience).as_deref(), Ok("sts.amazonaws.com"), "{change}");
    }
}

#[test]
fn the_key_is_chosen_as_sts_does() {
    let (a, b) = (Key::ec("ES256"), Key::ec("ES256"));
    let token = |kid: &str| a.sign("ES256", kid, &claims());
    let ids = ["sts.amazonaws.com"];
    let reason = |raw: &str, keys: &[Value]| judge(raw, &set(keys), &ids).err().map(|e| e.reason);
    let edited = |name: &str, value: Value| {
        let mut k = a.jwk("k");
        k[name] = value;
        k
    };
    assert_eq!(reason(&token("other"), &[a.jwk("k")]), None, "a single key needs no id");
    assert_eq!(reason(&token("other"), &[a.jwk("k"), b.jwk("l")]), Some(Reason::KeyNotFound));
    assert_eq!(reason(&token("k"), &[a.jwk("k"), b.jwk("l")]), None);
    assert_eq!(reason(&token("k"), &[a.jwk("k"), b.jwk("k")]), Some(Reason::BadSignature), "the last of the same id");
    assert_eq!(reason(&token("k"), &[b.jwk("k"), a.jwk("k")]), None);
    assert_eq!(reason(&token("k"), &[edited("use", json!("enc")), b.jwk("l")]), Some(Reason::KeyNotFound));
    assert_eq!(reason(&token("k"), &[edited("kid", Value::Null), b.jwk("l")]), Some(Reason::KeyNotFound));
    assert_eq!(reason(&token("k"), &[edited("alg", json!("RS512")), b.jwk("l")]), None, "a key's alg is ignored");
    assert_eq!(reason(&token("k"), &[edited("key_ops", json!(["verify"])), b.jwk("l")]), Some(Reason::BadSignature));
    assert_eq!(
        reason(&token("k"), &[json!({"kty": "EC", "kid": "k", "x5c": ["AA"]}), b.jwk("l")]),
        Some(Reason::KeyNotFound)
    );
}

#[test]
fn what_is_no_token_is_refused_as_such() {
    let key = Key::ec("ES256");
    let keys = set(&[key.jwk("k")]);
    let good = key.sign("ES256", "k", &claims());
    let head = |h: &str| key.sign_raw("ES256", h, &claims().to_string());
    for raw in [
        format!("{good}\n"),
        format!(" {good}"),
        good.replacen('.', "", 1),
        format!("{good}.x"),
        format!("{good}="),
        head("{}"),
        head("[]"),
        head(r#"{"alg":"ES256","kid":"k","crit":["exp"]}"#),
        key.sign_raw("ES256", r#"{"alg":"ES256"}"#, "[1]"),
        key.sign_raw("ES256", r#"{"alg":"ES256"}"#, &format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500))),
    ] {
        let e = judge(&raw, &keys, &["sts.amazonaws.com"]).unwrap_err();
        assert_eq!((e.reason, e.code), (Reason::NotAJwt, "InvalidIdentityToken"));
    }
    for raw in ["abc".to_owned(), "a".repeat(20_001)] {
        let e = judge(&raw, &keys, &[]).unwrap_err();
        assert_eq!((e.reason, e.code, e.mark), (Reason::Length, "ValidationError", Mark::Inferred));
    }
}

#[test]
fn of_a_claim_given_twice_the_last_counts() {
    let key = Key::ec("ES256");
    let payload = claims().to_string().replacen('{', r#"{"sub":"first","aud":"first","#, 1);
    let raw = key.sign_raw("ES256", r#"{"alg":"ES256","kid":"k"}"#, &payload);
    let id = judge(&raw, &set(&[key.jwk("k")]), &["sts.amazonaws.com"]).unwrap();
    assert_eq!(id.subject, "system:serviceaccount:kube-system:aws-node");
}

#[test]
fn a_changed_byte_breaks_the_signature() {
    let key = Key::ec("ES256");
    let raw = key.sign("ES256", "k", &claims());
    let forged = raw.replacen(&b64(claims().to_string()), &b64(with(&json!({"sub": "admin"})).to_string()), 1);
    assert_ne!(raw, forged);
    assert_eq!(judge(&forged, &set(&[key.jwk("k")]), &["sts.amazonaws.com"]).unwrap_err().reason, Reason::BadSignature);
}

#[test]
fn many_are_judged_as_each() {
    let key = Key::ec("ES256");
    let jwks = Jwks::parse(&set(&[key.jwk("k")])).unwrap();
    let ids = ["sts.amazonaws.com".to_owned()];
    let expect = Expect { issuer: ISSUER, client_ids: &ids, now: NOW };
    let raws: Vec<String> = (0..300)
        .map(|i| match i % 3 {
            0 => key.sign("ES256", "k", &with(&json!({"sub": i.to_string()}))),
            1 => key.sign("ES256", "k", &with(&json!({"exp": NOW - 1000 - i}))),
            _ => format!("no token {i}"),
        })
        .collect();
    let borrowed: Vec<&str> = raws.iter().map(String::as_str).collect();
    let one = verify_many(&borrowed, &jwks, &expect, 1);
    assert_eq!(one.len(), 300);
    assert_eq!(one.iter().filter(|v| v.is_ok()).count(), 100);
    assert_eq!(verify_many(&borrowed, &jwks, &expect, 4), one);
    assert_eq!(verify_many(&[], &jwks, &expect, 4), vec![]);
}

#[test]
fn nothing_shown_holds_the_token() {
    let key = Key::ec("ES256");
    let raw = key.sign("ES256", "k", &claims());
    let token = Token::parse(&raw).unwrap();
    let facts = TokenFacts::of(&token);
    let shown = format!("{token:?}{facts:?}{}", serde_json::to_string(&facts).unwrap());
    for part in raw.split('.').skip(1) {
        assert!(!shown.contains(part));
    }
    assert_eq!(facts.length, raw.len());
    assert_eq!(facts.kubernetes.unwrap().pod.unwrap().name, "aws-node-x");
}
