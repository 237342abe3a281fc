//! Signing keys: RSA-2048 with RS256, as EKS and GitHub sign.

use std::fmt;

use aws_lc_rs::{
    digest, rand,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::IssuerError;

/// One RSA key with its key id.
pub struct SigningKey {
    kid: String,
    pair: KeyPair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).field("pair", &"<redacted>").finish()
    }
}

impl SigningKey {
    /// A fresh key. Its id has the shape Kubernetes gives: 43 characters of
    /// base64url over a SHA-256 of the public key.
    pub fn generate() -> Result<Self, IssuerError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| IssuerError::SigningKey)?;
        let hash = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        Ok(Self { kid: URL_SAFE_NO_PAD.encode(hash.as_ref()), pair })
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a member of a key set, in the order Kubernetes writes.
    pub fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        json!({"use": "sig", "kty": "RSA", "kid": self.kid, "alg": "RS256", "n": n, "e": e})
    }

    /// A compact JWT of exactly these header and claims.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> Result<String, IssuerError> {
        let mut jwt =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &rand::SystemRandom::new(), jwt.as_bytes(), &mut signature)
            .map_err(|_| IssuerError::SigningKey)?;
        jwt.push('.');
        jwt.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(jwt)
    }
}
