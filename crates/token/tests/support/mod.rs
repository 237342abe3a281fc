//! Keys made at run time and tokens signed with them.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test file uses a part"
)]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub const NOW: i64 = 1_800_000_000;
pub const ISSUER: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub enum Key {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, &'static str),
}

impl Key {
    pub fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub fn ec(alg: &str) -> Self {
        let (params, crv): (&'static EcdsaSigningAlgorithm, _) = match alg {
            "ES256" => (&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            "ES384" => (&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            _ => (&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
        };
        Self::Ec(EcdsaKeyPair::generate(params).unwrap(), crv)
    }

    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                // RFC 8017 A.1.1: a sequence of two integers; 2048 bits fix the offsets.
                let der = pair.public_key().as_ref();
                json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(&der[9..265]),
                    "e": b64([1, 0, 1])})
            }
            Self::Ec(pair, crv) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "kid": kid, "use": "sig", "crv": crv, "x": b64(x), "y": b64(y)})
            }
        }
    }

    pub fn sign_raw(&self, alg: &str, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", b64(header), b64(payload));
        let rng = SystemRandom::new();
        let signature = match self {
            Self::Rsa(pair) => {
                let padding = match alg {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut out = vec![0; 256];
                pair.sign(padding, &rng, signed.as_bytes(), &mut out).unwrap();
                out
            }
            Self::Ec(pair, _) => pair.sign(&rng, signed.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{signed}.{}", b64(signature))
    }

    pub fn sign(&self, alg: &str, kid: &str, claims: &Value) -> String {
        self.sign_raw(alg, &json!({"alg": alg, "kid": kid, "typ": "JWT"}).to_string(), &claims.to_string())
    }
}

pub fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "system:serviceaccount:kube-system:aws-node", "aud": ["sts.amazonaws.com"],
        "exp": NOW + 3600, "iat": NOW - 10, "nbf": NOW - 10,
        "kubernetes.io": {"namespace": "kube-system", "serviceaccount": {"name": "aws-node", "uid": "u1"},
            "pod": {"name": "aws-node-x", "uid": "u2"}},
    })
}

pub fn with(changes: &Value) -> Value {
    let mut c = claims();
    for (k, v) in changes.as_object().unwrap() {
        c[k] = v.clone();
    }
    c
}

pub fn without(name: &str) -> Value {
    let mut c = claims();
    c.as_object_mut().unwrap().remove(name);
    c
}

pub fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}
