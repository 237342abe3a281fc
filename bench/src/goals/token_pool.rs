//! Tokens of the shape that EKS projects into pods, signed with keys made at start; some are bad.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Issuer of all tokens.
pub(crate) const ISSUER: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
/// The registered audience.
pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";
/// The key's name in header and key set.
pub(crate) const KEY_ID: &str = "bench";
/// Octets of a 2048-bit modulus.
const MODULUS: usize = 256;
/// One in this many tokens is bad in each of the three ways.
const BAD_ONE_IN: usize = 50;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// RSA 2048 with SHA-256.
    Rs256,
    /// P-256.
    Es256,
}

impl Signed {
    /// As a token's header says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

enum Key {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// How many tokens deserve which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
pub(crate) struct Verdicts {
    /// Good ones.
    pub(crate) accepted: usize,
    /// Whose signature was changed.
    pub(crate) signature: usize,
    /// Whose time is over.
    pub(crate) expired: usize,
    /// For somebody else.
    pub(crate) audience: usize,
}

/// Tokens and the key set they are checked with.
#[derive(Debug)]
pub(crate) struct Pool {
    /// One token each.
    pub(crate) tokens: Vec<String>,
    /// The key set.
    pub(crate) jwks: Value,
    /// The time they are judged at: the peers have no clock but the system's.
    pub(crate) now: i64,
    /// What each verifier must find.
    pub(crate) verdicts: Verdicts,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Pool {
    /// Makes so many tokens.
    pub(crate) fn make(number: usize, signed: Signed) -> Result<Self> {
        let key = match signed {
            Signed::Rs256 => Key::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key"))?),
            Signed::Es256 => {
                Key::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| anyhow!("no P-256 key"))?)
            }
        };
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
        let mut verdicts = Verdicts::default();
        let tokens = (0..number).map(|i| token(&key, signed, i, now, &mut verdicts)).collect::<Result<_>>()?;
        let jwks = json!({"keys": [key.jwk(signed)?]});
        Ok(Self { tokens, jwks, now, verdicts })
    }
}

fn token(key: &Key, signed: Signed, i: usize, now: i64, verdicts: &mut Verdicts) -> Result<String> {
    let (mut exp, mut aud, mut spoil) = (now + 3600, AUDIENCE, false);
    match i % BAD_ONE_IN {
        1 => {
            exp = now - 1000;
            verdicts.expired += 1;
        }
        2 => {
            aud = "somebody-else";
            verdicts.audience += 1;
        }
        3 => {
            spoil = true;
            verdicts.signature += 1;
        }
        _ => verdicts.accepted += 1,
    }
    let claims = json!({
        "aud": [aud], "exp": exp, "iat": now - 5000, "iss": ISSUER, "jti": format!("{i:032x}"),
        "kubernetes.io": {
            "namespace": "kube-system",
            "node": {"name": format!("ip-10-0-{}-17.eu-west-1.compute.internal", i % 250), "uid": format!("{i:036x}")},
            "pod": {"name": format!("aws-node-{i:05x}"), "uid": format!("{i:036x}")},
            "serviceaccount": {"name": "aws-node", "uid": "3f1c7e0a-64a5-4b7c-9d53-0a4f3a7f1b2c"},
        },
        "nbf": now - 5000, "sub": "system:serviceaccount:kube-system:aws-node",
    });
    let header = json!({"alg": signed.name(), "kid": KEY_ID, "typ": "JWT"});
    let text = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let mut signature = key.sign(text.as_bytes())?;
    if spoil && let Some(octet) = signature.get_mut(40) {
        *octet ^= 1;
    }
    Ok(format!("{text}.{}", b64(signature)))
}

impl Key {
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; MODULUS];
                pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).map_err(|_| anyhow!("cannot sign"))?;
                Ok(signature)
            }
            Self::Ec(pair) => Ok(pair.sign(&random, text).map_err(|_| anyhow!("cannot sign"))?.as_ref().to_vec()),
        }
    }

    fn jwk(&self, signed: Signed) -> Result<Value> {
        match self {
            Self::Rsa(pair) => {
                let n = pair.public_key().modulus().big_endian_without_leading_zero();
                let e = pair.public_key().exponent().big_endian_without_leading_zero();
                if n.len() != MODULUS {
                    bail!("the modulus has {} octets", n.len());
                }
                Ok(json!({"kty": "RSA", "kid": KEY_ID, "use": "sig", "alg": signed.name(), "n": b64(n), "e": b64(e)}))
            }
            Self::Ec(pair) => {
                // SEC 1, 2.3.3: an octet that says "uncompressed", then both coordinates.
                let point = pair.public_key().as_ref().get(1..).context("an empty key")?;
                let (x, y) = point.split_at(point.len() / 2);
                Ok(json!({"kty": "EC", "kid": KEY_ID, "use": "sig", "alg": signed.name(), "crv": "P-256", "x": b64(x),
                        "y": b64(y)}))
            }
        }
    }
}
