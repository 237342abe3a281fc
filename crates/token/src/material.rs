//! The six algorithms STS takes, and public keys parsed once for all tokens they check.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// A signature algorithm STS accepts (AWS STS API reference, `AssumeRoleWithWebIdentity`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
}

impl Algorithm {
    /// By the name used in `alg`; `None` for every other, `none` and `HS256` included.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::RS256,
            "RS384" => Self::RS384,
            "RS512" => Self::RS512,
            "ES256" => Self::ES256,
            "ES384" => Self::ES384,
            "ES512" => Self::ES512,
            _ => return None,
        })
    }
}

/// A public key, ready for use.
#[derive(Debug)]
pub(crate) enum Material {
    Rsa { sha256: ParsedPublicKey, sha384: ParsedPublicKey, sha512: ParsedPublicKey, bits: usize },
    Ec { key: ParsedPublicKey, algorithm: Algorithm },
}

/// The largest modulus read: the verifier takes no larger one.
const MAX_MODULUS_BYTES: usize = 1024;
/// The largest exponent read: every issuer uses 65537; larger ones only slow the check.
const MAX_EXPONENT_BYTES: usize = 8;

impl Material {
    /// From `n` and `e` (RFC 7518, section 6.3.1).
    pub(crate) fn rsa(n: &str, e: &str) -> Option<Self> {
        let n = unsigned(n, MAX_MODULUS_BYTES)?;
        let e = unsigned(e, MAX_EXPONENT_BYTES)?;
        // An even number or an exponent of 1 makes no RSA key (RFC 8017, section 3.1).
        let even = |number: &[u8]| number.last().is_none_or(|b| b & 1 == 0);
        if even(&n) || even(&e) || e == [1] {
            return None;
        }
        let parts = RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
        Some(Self::Rsa {
            sha256: parts.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()?,
            sha384: parts.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA384).ok()?,
            sha512: parts.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA512).ok()?,
            bits: n.len() * 8 - n.first().map_or(0, |b| b.leading_zeros() as usize),
        })
    }

    /// From `crv`, `x` and `y` (RFC 7518, section 6.2.1).
    pub(crate) fn ec(crv: &str, x: &str, y: &str) -> Option<Self> {
        let (algorithm, params, len) = match crv {
            "P-256" => (Algorithm::ES256, &ECDSA_P256_SHA256_FIXED, 32),
            "P-384" => (Algorithm::ES384, &ECDSA_P384_SHA384_FIXED, 48),
            "P-521" => (Algorithm::ES512, &ECDSA_P521_SHA512_FIXED, 66),
            _ => return None,
        };
        let (x, y) = (URL_SAFE_NO_PAD.decode(x).ok()?, URL_SAFE_NO_PAD.decode(y).ok()?);
        if x.len() != len || y.len() != len {
            return None;
        }
        // An uncompressed point (SEC 1, section 2.3.3).
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        Some(Self::Ec { key: ParsedPublicKey::new(params, point).ok()?, algorithm })
    }

    /// Checks a signature. A key of another kind than the algorithm's never verifies.
    pub(crate) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let key = match (self, algorithm) {
            (Self::Rsa { sha256, .. }, Algorithm::RS256) => sha256,
            (Self::Rsa { sha384, .. }, Algorithm::RS384) => sha384,
            (Self::Rsa { sha512, .. }, Algorithm::RS512) => sha512,
            (Self::Ec { key, algorithm: own }, wanted) if *own == wanted => key,
            (Self::Rsa { .. } | Self::Ec { .. }, _) => return false,
        };
        key.verify_sig(signed, signature).is_ok()
    }
}

/// A positive big-endian number without leading zeros.
fn unsigned(text: &str, max: usize) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let start = bytes.iter().position(|b| *b != 0)?;
    let number = bytes.get(start..)?.to_vec();
    (number.len() <= max).then_some(number)
}
