//! Signatures: a token that differs in any byte from what was signed is not the key's.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use trustwalk_token::{Expect, Jwks, Token, verify};

use crate::{Target, jwt};

pub(crate) const TARGET: Target =
    Target { name: "signed", check, seeds, words: &["=", ".", "eyJhbGciOiJub25lIn0"], iterations: 2_000 };

struct Signed {
    token: String,
    keys: Jwks,
}

/// A key of this process's own: what holds must hold for every key.
static SIGNED: LazyLock<Option<Signed>> = LazyLock::new(|| {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
    let (x, y) = key.public_key().as_ref().get(1..)?.split_at_checked(32)?;
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "k1", "x": encode(x), "y": encode(y)});
    let header = json!({"alg": "ES256", "kid": "k1"}).to_string();
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(jwt::claims().to_string().as_bytes()));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
    let keys = Jwks::parse(json!({"keys": [jwk]}).to_string().as_bytes()).ok()?;
    Some(Signed { token: format!("{signed}.{}", encode(signature.as_ref())), keys })
});

/// The input is a list of edits: where (two bytes), what is done (one), with which byte (one).
fn check(input: &[u8]) {
    let signed = SIGNED.as_ref();
    assert!(signed.is_some(), "no key could be made");
    let Some(signed) = signed else { return };
    let mut bytes = signed.token.clone().into_bytes();
    for edit in input.chunks_exact(4).take(8) {
        let [high, low, how, byte] = *edit else { continue };
        let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len().max(1);
        match how % 4 {
            0 => bytes.insert(at, byte),
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            _ => {
                if let Some(changed) = bytes.get_mut(at) {
                    *changed = byte;
                }
            }
        }
    }
    let Ok(text) = String::from_utf8(bytes) else { return };
    let Ok(token) = Token::parse(&text) else {
        assert!(text != signed.token, "the token itself is not read");
        return;
    };
    let client_ids = ["sts.amazonaws.com".to_owned()];
    let expect = Expect { issuer: "https://issuer.example.com", client_ids: &client_ids, now: jwt::NOW };
    let verdict = verify(&token, &signed.keys, &expect);
    assert_eq!(verdict.is_ok(), text == signed.token, "{verdict:?}");
}

fn seeds() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        vec![0, 3, 3, b'A'],
        vec![255, 255, 3, b'A'],
        vec![0, 40, 0, b'.', 0, 50, 1, 0],
        vec![1, 0, 2, 0],
        vec![0, 0, 1, 0, 0, 0, 0, b'e'],
    ]
}
