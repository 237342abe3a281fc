//! Tokens and keys as test suites for JOSE libraries have them: encodings, confusions, values out of range.

#![expect(clippy::unwrap_used, reason = "a test's helper fails the test")]

mod support;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use support::{ISSUER, Key, NOW, b64, claims, set, with};
use trustwalk_token::{Expect, Jwks, KeyProblem, Mark, Reason, StsRejection, Token, TokenFacts, Verdict, verify};

fn judge(raw: &str, keys: &[u8]) -> Verdict {
    let ids = ["sts.amazonaws.com".to_owned()];
    let jwks = Jwks::parse(keys).unwrap();
    verify(
        &Token::parse(raw).map_err(StsRejection::from)?,
        &jwks,
        &Expect { issuer: ISSUER, client_ids: &ids, now: NOW },
    )
}

fn reason(raw: &str, keys: &[u8]) -> Option<Reason> {
    judge(raw, keys).err().map(|e| e.reason)
}

fn one() -> (Key, Vec<u8>) {
    let key = Key::ec("ES256");
    let keys = set(&[key.jwk("k")]);
    (key, keys)
}

const HEADER: &str = r#"{"alg":"ES256","kid":"k"}"#;

#[test]
fn each_part_is_base64url_without_padding() {
    let (key, keys) = one();
    // Payload and header of lengths at which padding, `+` and `/` would show.
    let payload = with(&json!({"x": "~~~???>>>\u{ff}"})).to_string();
    let good = key.sign_raw("ES256", HEADER, &payload);
    assert_eq!(reason(&good, &keys), None);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let forms = [
        URL_SAFE.encode(&bytes),
        format!("{signature}=="),
        format!(" {signature}"),
        format!("{signature}\r\n"),
        signature.chars().flat_map(|c| [c, ' ']).collect(),
        signature.get(..signature.len() - 2).unwrap().to_owned() + "A",
        format!("{signature}A\u{e9}"),
    ];
    for form in forms {
        assert_eq!(reason(&format!("{signed}.{form}"), &keys), Some(Reason::NotAJwt), "{form}");
    }
    for standard in [STANDARD.encode(HEADER), STANDARD_NO_PAD.encode([0xfb, 0xff])] {
        if standard.contains(['+', '/', '=']) {
            assert_eq!(reason(&format!("{standard}.{}.{signature}", b64(&payload)), &keys), Some(Reason::NotAJwt));
        }
    }
    // 64 bytes leave four bits in the last character, which must be zero.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let other = format!("{signed}.{}{next}", signature.get(..signature.len() - 1).unwrap());
    assert_eq!(reason(&other, &keys), Some(Reason::NotAJwt), "bits that do not count");
}

#[test]
fn there_are_three_parts_and_none_is_optional() {
    let (key, keys) = one();
    let good = key.sign_raw("ES256", HEADER, &claims().to_string());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    for raw in [
        format!("{header}.{payload}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}.{signature}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        "....".to_owned(),
        format!("\u{feff}{good}"),
        format!("{good}\0"),
        json!({"payload": payload, "protected": header, "signature": signature}).to_string(),
    ] {
        assert_eq!(reason(&raw, &keys), Some(Reason::NotAJwt), "{raw}");
    }
    assert_eq!(reason(&format!("{header}.{payload}."), &keys), Some(Reason::BadSignature));
}

#[test]
fn headers_are_objects_with_one_meaning() {
    let (key, keys) = one();
    let with_header = |header: &str| reason(&key.sign_raw("ES256", header, &claims().to_string()), &keys);
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None","kid":"k"}"#,
        r#"{"alg":null}"#,
        r#"{"alg":["ES256"]}"#,
        r#"{"alg":"ES256","kid":"k","crit":[]}"#,
        r#"{"alg":"ES256","kid":"k","b64":false,"crit":["b64"]}"#,
        r#"{"alg":"ES256","kid":"k","crit":null}"#,
        r#"{"alg":"ES256","alg":"none"}"#,
        r#"{"alg":"ES256","kid":"k",}"#,
        r#"{"alg":"ES256"} {"alg":"ES256"}"#,
        "\u{feff}{\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"x\":\"\u{1}\"}",
        "null",
        "",
    ] {
        assert_eq!(with_header(header), Some(Reason::NotAJwt), "{header}");
    }
    for header in [
        r#"{"alg":"none","alg":"ES256","kid":"k"}"#,
        r#"{"\u0061lg":"ES256","kid":"k"}"#,
        " { \"kid\" : \"k\" , \"alg\" : \"ES256\" } ",
        r#"{"alg":"ES256","kid":"k","typ":7,"cty":"x","jku":"https://evil.example","jwk":{"kty":"oct","k":"AA"}}"#,
    ] {
        assert_eq!(with_header(header), None, "{header}");
    }
    let invalid = format!(
        "{}.{}.AA",
        b64([b"{\"alg\":\"ES256\",\"x\":\"".as_slice(), &[0xff], b"\"}"].concat()),
        b64(claims().to_string())
    );
    assert_eq!(reason(&invalid, &keys), Some(Reason::NotAJwt), "no UTF-8");
}

#[test]
fn a_key_within_the_token_is_never_used() {
    let (forger, (_, keys)) = (Key::ec("ES256"), one());
    let header = json!({"alg": "ES256", "kid": "k", "jwk": forger.jwk("k"), "x5c": ["AA"]}).to_string();
    assert_eq!(reason(&forger.sign_raw("ES256", &header, &claims().to_string()), &keys), Some(Reason::BadSignature));
}

#[test]
fn ecdsa_signatures_are_two_numbers_of_fixed_length() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let keys =
        set(&[json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": b64(&point[1..33]), "y": b64(&point[33..])})]);
    let signed = format!("{}.{}", b64(HEADER), b64(claims().to_string()));
    let der = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    let of = |signature: &[u8]| reason(&format!("{signed}.{}", b64(signature)), &keys);
    assert_eq!(of(der.as_ref()), Some(Reason::BadSignature), "DER");
    // The same two numbers in the form tokens use.
    let number = |der: &[u8]| [vec![0; 32 - der.len().min(32)], der[der.len().saturating_sub(32)..].to_vec()].concat();
    let r_len = usize::from(der.as_ref()[3]);
    let (r, s) = (number(&der.as_ref()[4..4 + r_len]), number(&der.as_ref()[6 + r_len..]));
    let good = [r.clone(), s.clone()].concat();
    assert_eq!(of(&good), None);
    let order = URL_SAFE_NO_PAD.decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    let zero = vec![0; 32];
    for bad in [
        [zero.clone(), zero.clone()].concat(),
        [r.clone(), zero.clone()].concat(),
        [zero, s.clone()].concat(),
        [order.clone(), s.clone()].concat(),
        [r.clone(), order].concat(),
        [s.clone(), r.clone()].concat(),
        [vec![0], good.clone()].concat(),
        [good.clone(), vec![0]].concat(),
        [vec![0], r, vec![0], s].concat(),
        good[..63].to_vec(),
        Vec::new(),
    ] {
        assert_eq!(of(&bad), Some(Reason::BadSignature), "{} bytes", bad.len());
    }
}

fn problem(key: &Value) -> Option<KeyProblem> {
    Jwks::parse(&set(std::slice::from_ref(key))).unwrap().facts().first().unwrap().problem
}

#[test]
fn keys_are_numbers_and_points_that_exist() {
    let rsa = Key::rsa().jwk("k");
    let ec = Key::ec("ES256").jwk("k");
    let changed = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        problem(&key)
    };
    let n = URL_SAFE_NO_PAD.decode(rsa["n"].as_str().unwrap()).unwrap();
    let bad = Some(KeyProblem::BadValues);
    assert_eq!(problem(&rsa), None);
    assert_eq!(changed(&rsa, "n", json!(b64([vec![0], n.clone()].concat()))), None, "a leading zero");
    let short = json!({"kty": "RSA", "kid": "k", "n": b64([vec![0x80], vec![1; 127]].concat()), "e": "AQAB"});
    let short = set(&[short]);
    let facts = Jwks::parse(&short).unwrap().facts().first().unwrap().clone();
    assert_eq!((facts.bits, facts.problem), (Some(1024), Some(KeyProblem::TooShort)));
    let raw = Key::rsa().sign_raw("RS256", r#"{"alg":"RS256","kid":"k"}"#, &claims().to_string());
    assert_eq!(reason(&raw, &short), Some(Reason::KeyTooShort { bits: 1024 }), "found, and too short");
    for (name, value) in [
        ("n", json!("")),
        ("n", json!(b64([0; 256]))),
        ("n", json!(format!("{}==", b64(&n)))),
        ("n", json!(STANDARD.encode([0xfb; 256]))),
        ("n", json!(7)),
        ("n", Value::Null),
        ("e", json!(b64([1]))),
        ("e", json!(b64([0]))),
        ("e", json!(b64([2]))),
        ("e", json!("")),
        ("e", json!(b64([1; 9]))),
    ] {
        assert_eq!(changed(&rsa, name, value.clone()), bad, "{name} {value}");
    }
    let x = URL_SAFE_NO_PAD.decode(ec["x"].as_str().unwrap()).unwrap();
    assert_eq!(problem(&ec), None);
    for (name, value) in [
        ("x", json!(b64([0; 32]))),
        ("x", json!(b64([0xff; 32]))),
        ("x", json!(b64(&x[..31]))),
        ("x", json!(b64([vec![0], x.clone()].concat()))),
        ("y", json!(b64(&x))),
        ("y", Value::Null),
        ("crv", json!("P-384")),
        ("crv", json!("secp256k1")),
        ("crv", json!("p-256")),
    ] {
        assert_eq!(changed(&ec, name, value.clone()), bad, "{name} {value}");
    }
    let okp = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    assert_eq!(problem(&okp), Some(KeyProblem::UnknownType), "RFC 8037, appendix A.2");
    assert_eq!(
        problem(&json!({"kty": "oct", "kid": "k", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"})),
        Some(KeyProblem::UnknownType)
    );
    assert_eq!(problem(&json!("k")), Some(KeyProblem::UnknownType));
}

#[test]
fn documents_may_hold_what_does_not_count() {
    let key = Key::ec("ES256");
    let keys = String::from_utf8(set(&[key.jwk("k")])).unwrap().replacen('{', r#"{"x":1e400,"y":"\ud800","#, 1);
    assert_eq!(reason(&key.sign("ES256", "k", &claims()), keys.as_bytes()), None);
    for bad in ["{\"keys\":[}", "{\"keys\":[1e]}", "", "\u{feff}{\"keys\":[]}", "{\"keys\":[],}"] {
        assert!(Jwks::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let rsa = Key::rsa();
    let keys = set(&[rsa.jwk("k")]);
    for alg in ["HS256", "HS384", "HS512", "PS256", "EdDSA", "ES256K", "RSA-OAEP"] {
        let raw = rsa.sign_raw("RS256", &json!({"alg": alg, "kid": "k"}).to_string(), &claims().to_string());
        assert_eq!(reason(&raw, &keys), Some(Reason::NotAJwt), "{alg}");
    }
}

#[test]
fn times_are_whole_seconds_of_64_bits() {
    let (key, keys) = one();
    let exp = |text: &str| {
        let payload = claims().to_string().replacen(&format!("\"exp\":{}", NOW + 3600), &format!("\"exp\":{text}"), 1);
        assert!(payload.contains(text));
        reason(&key.sign_raw("ES256", HEADER, &payload), &keys)
    };
    for invalid in [
        "1e400",
        "-1e400",
        "1.8e9",
        "1800003600.0",
        "1800003600.5",
        "9223372036854775808",
        "18446744073709551616",
        "true",
        "{}",
        "[1800003600]",
        "\"\"",
        "\"soon\"",
        "\"1800003600.5\"",
        "\" 1800003600\"",
        "\"0x6b49d200\"",
        "\"9223372036854775808\"",
        "null",
    ] {
        assert_eq!(exp(invalid), Some(Reason::InvalidTimestamp), "{invalid}");
    }
    for expired in ["0", "-1", "-9223372036854775808", "\"-9223372036854775808\""] {
        assert_eq!(exp(expired), Some(Reason::Expired), "{expired}");
    }
    for good in ["9007199254740993", "9223372036854775807", "\"9223372036854775807\""] {
        assert_eq!(exp(good), None, "{good}");
    }
    for no_json in ["01", "+1", "1.", ".5", "0x10", "NaN", "Infinity", "1e", "--1"] {
        assert_eq!(exp(no_json), Some(Reason::NotAJwt), "{no_json}");
    }
}

#[test]
fn the_allowance_ends_where_sts_words_say() {
    let (key, keys) = one();
    let at = |change: &Value| reason(&key.sign("ES256", "k", &with(change)), &keys);
    // "must be before the expiration date/time"; "must be after or equal to the not-before date/time".
    assert_eq!(at(&json!({"exp": NOW - 300})), Some(Reason::Expired));
    assert_eq!(at(&json!({"exp": NOW - 299})), None);
    assert_eq!(at(&json!({"nbf": NOW + 300})), None);
    assert_eq!(at(&json!({"nbf": NOW + 301})), Some(Reason::NotYetValid));
    assert_eq!(at(&json!({"iat": NOW + 300})), None);
    assert_eq!(at(&json!({"iat": NOW + 301})), Some(Reason::IssuedInFuture));
    assert_eq!(at(&json!({"iat": i64::MAX})), Some(Reason::IssuedInFuture));
    assert_eq!(at(&json!({"nbf": i64::MIN})), None);
}

#[test]
fn claims_of_wrong_kinds_are_refused_and_so_marked() {
    let (key, keys) = one();
    for (change, claim) in [
        (json!({"iss": null}), "iss"),
        (json!({"iss": ["a"]}), "iss"),
        (json!({"sub": {}}), "sub"),
        (json!({"sub": true}), "sub"),
        (json!({"aud": 7}), "aud"),
        (json!({"aud": [7]}), "aud"),
        (json!({"aud": {}}), "aud"),
        (json!({"aud": null}), "aud"),
        (json!({"aud": ["sts.amazonaws.com", null]}), "aud"),
    ] {
        let refused = judge(&key.sign("ES256", "k", &with(&change)), &keys).unwrap_err();
        assert_eq!((refused.reason, refused.mark), (Reason::MissingClaim { claim }, Mark::Inferred), "{change}");
    }
    let absent = judge(&key.sign("ES256", "k", &support::without("sub")), &keys).unwrap_err();
    assert_eq!(absent.mark, Mark::Reported);
    for aud in [json!(""), json!([""]), json!("sts.amazonaws.com "), json!("https://sts.amazonaws.com")] {
        assert_eq!(reason(&key.sign("ES256", "k", &with(&json!({"aud": aud}))), &keys), Some(Reason::Audience));
    }
    for iss in [format!("{ISSUER}/"), ISSUER.to_lowercase(), ISSUER.replace("https", "http"), String::new()] {
        assert_eq!(
            reason(&key.sign("ES256", "k", &with(&json!({"iss": iss}))), &keys),
            Some(Reason::NoProvider),
            "{iss}"
        );
    }
    // Google's tokens come without a scheme.
    assert_eq!(
        reason(&key.sign("ES256", "k", &with(&json!({"iss": ISSUER.trim_start_matches("https://")}))), &keys),
        None
    );
}

#[test]
fn payloads_are_json_objects_of_any_content() {
    let (key, keys) = one();
    let plain = claims().to_string();
    let with_payload = |payload: &str| reason(&key.sign_raw("ES256", HEADER, payload), &keys);
    let more = |member: &str| plain.replacen('{', &format!("{{{member},"), 1);
    let nested = key.sign("ES256", "k", &claims());
    for bad in [
        format!("\u{feff}{plain}"),
        format!("{plain}\0"),
        format!("{plain}{plain}"),
        more("\"x\":\"\0\""),
        more("\"x\":'y'"),
        more("\"x\":1,"),
        more("\"x\":1e"),
        more(&format!("\"x\":{}{}", "[".repeat(200), "]".repeat(200))),
        format!("[{plain}]"),
        nested,
        "null".to_owned(),
        String::new(),
    ] {
        assert_eq!(with_payload(&bad), Some(Reason::NotAJwt), "{bad}");
    }
    for good in [
        more("\"x\":1e400"),
        more("\"x\":\"\\ud800\""),
        more("\"x\":\"\\u0000\""),
        more("\"x\":\"[[[[{{{{\""),
        more(&format!("\"x\":{}{}", "[".repeat(100), "]".repeat(100))),
        more("\"sub\":1e400"),
        format!(" \r\n\t{plain}\n"),
    ] {
        assert_eq!(with_payload(&good), None, "{good}");
        let raw = key.sign_raw("ES256", HEADER, &good);
        let facts = TokenFacts::of(&Token::parse(&raw).unwrap());
        assert_eq!(facts.kubernetes.unwrap().namespace.as_deref(), Some("kube-system"), "{good}");
    }
}
