//! Signing keys: RSA-2048 with RS256, as EKS and GitHub sign.

use std::fmt;

use aws_lc_rs::{
    digest,
    encoding::{AsDer, Pkcs8V1Der},
    rand,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
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
        KeyPair::generate(KeySize::Rsa2048).map(Self::of).map_err(|_| IssuerError::SigningKey)
    }

    fn of(pair: KeyPair) -> Self {
        let hash = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        Self { kid: URL_SAFE_NO_PAD.encode(hash.as_ref()), pair }
    }

    /// The key as it is kept: base64 of PKCS #8. A secret.
    pub(crate) fn kept(&self) -> Result<String, IssuerError> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| IssuerError::SigningKey)?;
        Ok(STANDARD.encode(der.as_ref()))
    }

    /// A key that was kept.
    pub(crate) fn again(kept: &str) -> Result<Self, IssuerError> {
        let der = STANDARD.decode(kept).map_err(|_| IssuerError::SigningKey)?;
        KeyPair::from_pkcs8(&der).map(Self::of).map_err(|_| IssuerError::SigningKey)
    }

    /// Whether this key made a signature.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let public: &[u8] = self.pair.public_key().as_ref();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(message, signature).is_ok()
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
