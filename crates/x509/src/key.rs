//! Public keys and signature algorithms: what they are, how strong, and checking a signature.

use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};

use crate::der::{DerError, INTEGER, OID, Reader, SEQUENCE, oid_text, whole_bytes};

/// Smallest RSA modulus that verifiers of today accept (CA/Browser Forum Baseline Requirements, 6.1.5).
pub const MIN_RSA_BITS: u32 = 2048;
/// Largest RSA modulus verified: beyond it, a signature check costs a stranger nothing and us much.
pub const MAX_RSA_BITS: u32 = 8192;

/// Kind of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, for PKCS #1 v1.5 and PSS.
    Rsa,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// Anything else: its object identifier, dotted.
    Other(String),
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: KeyKind,
    bits: u32,
    point: Box<[u8]>,
    spki: Box<[u8]>,
    bad_exponent: bool,
    negative_modulus: bool,
    /// For PSS signatures only (RFC 4055, 1.2).
    pss_only: bool,
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

impl PublicKey {
    /// From the content and the whole of a `SubjectPublicKeyInfo`.
    pub(crate) fn parse(content: &[u8], der: &[u8]) -> Result<Self, DerError> {
        let mut r = Reader::new(content);
        let mut algorithm = r.sequence()?;
        let oid = algorithm.expect(OID)?.value;
        let point = whole_bytes(r.expect(crate::der::BIT_STRING)?.value)?;
        let mut key = Self {
            kind: KeyKind::Other(oid_text(oid)),
            bits: 0,
            point: point.into(),
            spki: der.into(),
            bad_exponent: false,
            negative_modulus: false,
            pss_only: oid == RSA_PSS,
        };
        match oid {
            RSA | RSA_PSS => {
                key.kind = KeyKind::Rsa;
                let mut parts = Reader::new(point).sequence()?;
                let modulus = parts.expect(INTEGER)?.value;
                key.bits = integer_bits(modulus);
                let exponent = parts.expect(INTEGER)?.value;
                let negative = |number: &[u8]| number.first().is_some_and(|b| b & 0x80 != 0);
                key.bad_exponent = exponent.last().is_none_or(|b| b & 1 == 0) || exponent == [1] || negative(exponent);
                key.negative_modulus = negative(modulus);
            }
            EC => {
                // A curve spelt out instead of named (RFC 5480, 2.1.1, forbids it) stays of no known kind.
                let Some(curve) = algorithm.optional(OID)?.map(|c| c.value) else { return Ok(key) };
                (key.kind, key.bits) = match curve {
                    [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => (KeyKind::P256, 256),
                    [0x2b, 0x81, 0x04, 0x00, 0x22] => (KeyKind::P384, 384),
                    [0x2b, 0x81, 0x04, 0x00, 0x23] => (KeyKind::P521, 521),
                    other => (KeyKind::Other(oid_text(other)), 0),
                };
            }
            // RFC 8410, 3: parameters are absent.
            ED25519 if algorithm.is_empty() => (key.kind, key.bits) = (KeyKind::Ed25519, 256),
            _ => {}
        }
        Ok(key)
    }

    /// From a whole `SubjectPublicKeyInfo`.
    pub fn from_spki(der: &[u8]) -> Result<Self, DerError> {
        let tlv = Reader::new(der).expect(SEQUENCE)?;
        Self::parse(tlv.value, tlv.raw)
    }

    /// What it is.
    pub fn kind(&self) -> &KeyKind {
        &self.kind
    }

    /// Modulus or field size in bits; 0 when unknown.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The whole `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// `RSA 2048`, `ECDSA P-256`, `Ed25519`, or the object identifier.
    pub fn text(&self) -> String {
        match &self.kind {
            KeyKind::Rsa => format!("RSA {}", self.bits),
            KeyKind::P256 => "ECDSA P-256".to_owned(),
            KeyKind::P384 => "ECDSA P-384".to_owned(),
            KeyKind::P521 => "ECDSA P-521".to_owned(),
            KeyKind::Ed25519 => "Ed25519".to_owned(),
            KeyKind::Other(oid) => oid.clone(),
        }
    }

    /// Too short or malformed for verifiers of today; an RSA modulus is of whole bytes (CA/Browser Forum
    /// Baseline Requirements, 6.1.5).
    pub fn is_weak(&self) -> bool {
        let malformed = self.bad_exponent || self.negative_modulus;
        self.kind == KeyKind::Rsa && (self.bits < MIN_RSA_BITS || !self.bits.is_multiple_of(8) || malformed)
    }

    pub(crate) fn has_negative_modulus(&self) -> bool {
        self.negative_modulus
    }

    pub(crate) fn has_bad_exponent(&self) -> bool {
        self.bad_exponent
    }
}

fn integer_bits(value: &[u8]) -> u32 {
    let start = value.iter().position(|b| *b != 0).unwrap_or(value.len());
    let digits = value.get(start..).unwrap_or_default();
    let whole = u32::try_from(digits.len()).unwrap_or(u32::MAX).saturating_mul(8);
    whole.saturating_sub(digits.first().map_or(0, |b| b.leading_zeros()))
}

/// Hash under a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// MD5: never accepted.
    Md5,
    /// SHA-1: checked on self-signed roots only.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Algorithm of a certificate's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSA PKCS #1 v1.5.
    RsaPkcs1(Hash),
    /// RSA PSS with a salt as long as its hash, the only form certificates use.
    RsaPss(Hash),
    /// ECDSA.
    Ecdsa(Hash),
    /// Ed25519.
    Ed25519,
    /// Anything else: its object identifier, dotted.
    Other(String),
}

impl SignatureAlgorithm {
    /// From the content of an `AlgorithmIdentifier`.
    pub(crate) fn parse(content: &[u8]) -> Result<Self, DerError> {
        let mut r = Reader::new(content);
        let oid = r.expect(OID)?.value;
        let parameters = r.rest();
        if oid != RSA_PSS && !parameters_fit(oid, parameters) {
            return Ok(Self::Other(oid_text(oid)));
        }
        Ok(match oid {
            RSA_PSS => pss_hash(parameters).map_or_else(|| Self::Other(oid_text(oid)), Self::RsaPss),
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
                0x04 => Self::RsaPkcs1(Hash::Md5),
                0x05 => Self::RsaPkcs1(Hash::Sha1),
                0x0b => Self::RsaPkcs1(Hash::Sha256),
                0x0c => Self::RsaPkcs1(Hash::Sha384),
                0x0d => Self::RsaPkcs1(Hash::Sha512),
                _ => Self::Other(oid_text(oid)),
            },
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => Self::Ecdsa(Hash::Sha1),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last] => match last {
                0x02 => Self::Ecdsa(Hash::Sha256),
                0x03 => Self::Ecdsa(Hash::Sha384),
                0x04 => Self::Ecdsa(Hash::Sha512),
                _ => Self::Other(oid_text(oid)),
            },
            ED25519 => Self::Ed25519,
            _ => Self::Other(oid_text(oid)),
        })
    }

    /// MD5 or SHA-1, which no verifier of today accepts below a root.
    pub fn is_weak(&self) -> bool {
        matches!(
            self,
            Self::RsaPkcs1(Hash::Md5 | Hash::Sha1)
                | Self::RsaPss(Hash::Md5 | Hash::Sha1)
                | Self::Ecdsa(Hash::Md5 | Hash::Sha1)
        )
    }

    /// As `openssl` and RFCs name it.
    pub fn text(&self) -> String {
        let hash = |h: &Hash| match h {
            Hash::Md5 => "MD5",
            Hash::Sha1 => "SHA1",
            Hash::Sha256 => "SHA256",
            Hash::Sha384 => "SHA384",
            Hash::Sha512 => "SHA512",
        };
        match self {
            Self::RsaPkcs1(h) => format!("RSA-{}", hash(h)),
            Self::RsaPss(h) => format!("RSA-PSS-{}", hash(h)),
            Self::Ecdsa(h) => format!("ECDSA-{}", hash(h)),
            Self::Ed25519 => "Ed25519".to_owned(),
            Self::Other(oid) => oid.clone(),
        }
    }

    /// Whether `signature` over `message` was made by `key`; `None` when this pair is not known here.
    pub(crate) fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Option<bool> {
        let algorithm = self.verifier(key)?;
        Some(UnparsedPublicKey::new(algorithm, &key.point).verify(message, signature).is_ok())
    }

    fn verifier(&self, key: &PublicKey) -> Option<&'static dyn VerificationAlgorithm> {
        if key.bits > MAX_RSA_BITS {
            return None;
        }
        if key.pss_only && !matches!(self, Self::RsaPss(_)) {
            return None;
        }
        let short = key.bits < MIN_RSA_BITS;
        Some(match (self, &key.kind) {
            (Self::RsaPkcs1(Hash::Sha1), KeyKind::Rsa) => &lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Self::RsaPkcs1(Hash::Sha256), KeyKind::Rsa) if short => {
                &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
            }
            (Self::RsaPkcs1(Hash::Sha512), KeyKind::Rsa) if short => {
                &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
            }
            (Self::RsaPkcs1(Hash::Sha256), KeyKind::Rsa) => &lc::RSA_PKCS1_2048_8192_SHA256,
            (Self::RsaPkcs1(Hash::Sha384), KeyKind::Rsa) => &lc::RSA_PKCS1_2048_8192_SHA384,
            (Self::RsaPkcs1(Hash::Sha512), KeyKind::Rsa) => &lc::RSA_PKCS1_2048_8192_SHA512,
            (Self::RsaPss(Hash::Sha256), KeyKind::Rsa) => &lc::RSA_PSS_2048_8192_SHA256,
            (Self::RsaPss(Hash::Sha384), KeyKind::Rsa) => &lc::RSA_PSS_2048_8192_SHA384,
            (Self::RsaPss(Hash::Sha512), KeyKind::Rsa) => &lc::RSA_PSS_2048_8192_SHA512,
            (Self::Ecdsa(Hash::Sha256), KeyKind::P256) => &lc::ECDSA_P256_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), KeyKind::P256) => &lc::ECDSA_P256_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha512), KeyKind::P256) => &lc::ECDSA_P256_SHA512_ASN1,
            (Self::Ecdsa(Hash::Sha512), KeyKind::P384) => &lc::ECDSA_P384_SHA512_ASN1,
            (Self::Ecdsa(Hash::Sha256), KeyKind::P384) => &lc::ECDSA_P384_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), KeyKind::P384) => &lc::ECDSA_P384_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha256), KeyKind::P521) => &lc::ECDSA_P521_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), KeyKind::P521) => &lc::ECDSA_P521_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha512), KeyKind::P521) => &lc::ECDSA_P521_SHA512_ASN1,
            (Self::Ed25519, KeyKind::Ed25519) => &lc::ED25519,
            _ => return None,
        })
    }
}

/// NULL or nothing for RSA and ECDSA, which verifiers read alike; nothing for Ed25519 (RFC 8410, 3).
fn parameters_fit(oid: &[u8], parameters: &[u8]) -> bool {
    const NULL: &[u8] = &[0x05, 0x00];
    parameters.is_empty() || (oid != ED25519 && parameters == NULL)
}

/// Hash of PSS parameters whose mask uses the same hash and whose salt is as long (RFC 4055, 3.1).
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
    let mut r = Reader::new(parameters).sequence().ok()?;
    let mut outer = Reader::new(r.optional(0xa0).ok()??.value);
    let hash = hash_of(outer.sequence().ok()?)?;
    let mut mask = Reader::new(r.optional(0xa1).ok()??.value).sequence().ok()?;
    if mask.expect(OID).ok()?.value != MGF1 || hash_of(mask.sequence().ok()?)? != hash {
        return None;
    }
    let salt = Reader::new(r.optional(0xa2).ok()??.value).expect(INTEGER).ok()?.value;
    let wanted: &[u8] = match hash {
        Hash::Sha256 => &[32],
        Hash::Sha384 => &[48],
        Hash::Sha512 => &[64],
        Hash::Md5 | Hash::Sha1 => return None,
    };
    (salt == wanted).then_some(hash)
}

fn hash_of(mut algorithm: Reader<'_>) -> Option<Hash> {
    match algorithm.expect(OID).ok()?.value {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => Some(Hash::Sha256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] => Some(Hash::Sha384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] => Some(Hash::Sha512),
        _ => None,
    }
}
