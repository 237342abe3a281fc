//! One certificate: read leniently, its oddities noted, nothing judged.

use std::sync::Arc;

use crate::der::{BIT_STRING, DerError, INTEGER, Reader, SEQUENCE, bit_string, hex, small_integer};
use crate::extensions::{self, ANY_EXTENDED_USE, Extensions, GeneralName, SERVER_AUTH};
use crate::key::{PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::oddity::Oddity;
use crate::thumbprint::Thumbprint;
use crate::time;

/// Largest certificate read. Public ones are below 10 kB; 256 KiB is more than any TLS library accepts.
pub const MAX_CERTIFICATE_BYTES: usize = 256 << 10;

/// Longest serial number RFC 5280 section 4.1.2.2 allows, in bytes.
const MAX_SERIAL_BYTES: usize = 20;

/// A certificate that cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Its encoding is broken.
    #[error("the certificate's {part} cannot be read: {source}")]
    Der {
        /// Which part.
        part: &'static str,
        /// What is wrong there.
        source: DerError,
    },
    /// It is larger than any real one.
    #[error("the certificate has {0} bytes, more than the {MAX_CERTIFICATE_BYTES} that are read")]
    TooLarge(usize),
}

/// A certificate. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Certificate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    der: Box<[u8]>,
    tbs: Box<[u8]>,
    signature: Box<[u8]>,
    version: u8,
    serial: String,
    subject: Name,
    issuer: Name,
    not_before: i64,
    not_after: i64,
    algorithm: SignatureAlgorithm,
    key: PublicKey,
    extensions: Extensions,
    oddities: Vec<Oddity>,
    sha1: Thumbprint,
    sha256: Thumbprint,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

fn at(part: &'static str) -> impl Fn(DerError) -> CertificateError {
    move |source| CertificateError::Der { part, source }
}

impl Certificate {
    /// Reads one certificate. Bytes after it are noted, not refused; thumbprints are of the
    /// certificate without them.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge(bytes.len()));
        }
        let mut oddities = Vec::new();
        let mut outer = Reader::new(bytes);
        let whole = outer.expect(SEQUENCE).map_err(at("outside"))?;
        if !outer.is_empty() {
            oddities.push(Oddity::TrailingData);
        }
        let mut r = Reader::new(whole.value);
        let tbs = r.expect(SEQUENCE).map_err(at("content"))?;
        let outer_algorithm = r.expect(SEQUENCE).map_err(at("signature algorithm"))?;
        let signature = r.expect(BIT_STRING).and_then(|b| bit_string(b.value)).map_err(at("signature"))?;
        // No signature has half a byte: none is kept, and none verifies.
        let signature = if signature.1 == 0 { signature.0 } else { &[] };
        let mut body = Reader::new(tbs.value);
        let fields = Fields::parse(&mut body, outer_algorithm.raw, &mut oddities)?;
        if !r.is_empty() || !body.is_empty() {
            oddities.push(Oddity::BytesLeftOver);
        }
        if outer.non_minimal || r.non_minimal || body.non_minimal {
            oddities.push(Oddity::NonMinimalDer);
        }
        let algorithm = SignatureAlgorithm::parse(outer_algorithm.value).map_err(at("signature algorithm"))?;
        let mut inner = Inner {
            der: whole.raw.into(),
            tbs: tbs.raw.into(),
            signature: signature.into(),
            version: fields.version,
            serial: fields.serial,
            subject: fields.subject,
            issuer: fields.issuer,
            not_before: fields.not_before,
            not_after: fields.not_after,
            algorithm,
            key: fields.key,
            extensions: fields.extensions,
            oddities: Vec::new(),
            sha1: Thumbprint::sha1(whole.raw),
            sha256: Thumbprint::sha256(whole.raw),
        };
        note_oddities(&inner, &mut oddities);
        oddities.sort_unstable();
        oddities.dedup();
        inner.oddities = oddities;
        Ok(Self(Arc::new(inner)))
    }

    /// The subject of an encoding of which nothing else is read.
    pub(crate) fn subject_of(bytes: &[u8]) -> Option<Name> {
        if bytes.len() > MAX_CERTIFICATE_BYTES {
            return None;
        }
        let mut body = Reader::new(Reader::new(bytes).expect(SEQUENCE).ok()?.value).sequence().ok()?;
        body.optional(0xa0).ok()?;
        body.expect(INTEGER).ok()?;
        body.expect(SEQUENCE).ok()?;
        // The issuer, and the time of its validity.
        body.expect(SEQUENCE).ok()?;
        body.expect(SEQUENCE).ok()?;
        name(&mut body, "subject").ok()
    }

    /// The encoding, as found.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// 1, 2 or 3.
    pub fn version(&self) -> u8 {
        self.0.version
    }

    /// Serial number, lower-case hexadecimal as encoded.
    pub fn serial(&self) -> &str {
        &self.0.serial
    }

    /// Whom it names.
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// Who signed it, by its own word.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// First second of its validity, unix time.
    pub fn not_before(&self) -> i64 {
        self.0.not_before
    }

    /// Last second of its validity, unix time.
    pub fn not_after(&self) -> i64 {
        self.0.not_after
    }

    /// Whether `now` (unix seconds) lies in its validity, both ends included.
    pub fn is_valid_at(&self, now: i64) -> bool {
        self.0.not_before <= now && now <= self.0.not_after
    }

    /// Its signature's algorithm.
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.0.algorithm
    }

    /// Its public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// What its extensions say.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// What is odd about it, sorted, each once.
    pub fn oddities(&self) -> &[Oddity] {
        &self.0.oddities
    }

    /// SHA-1 of the whole: what IAM stores.
    pub fn sha1(&self) -> &Thumbprint {
        &self.0.sha1
    }

    /// SHA-256 of the whole.
    pub fn sha256(&self) -> &Thumbprint {
        &self.0.sha256
    }

    /// Common name of the subject.
    pub fn common_name(&self) -> Option<&str> {
        self.0.subject.common_name()
    }

    /// What people call it: the common name, the whole subject, or the serial number.
    pub fn display_name(&self) -> String {
        match self.common_name() {
            Some(name) if !name.is_empty() => name.chars().filter(|c| !c.is_control()).collect(),
            _ if !self.0.subject.is_empty() => self.0.subject.to_string(),
            _ => format!("serial {}", self.0.serial),
        }
    }

    /// Host names and addresses it stands for, as text.
    pub fn hosts(&self) -> Vec<String> {
        let text = |name: &GeneralName| match name {
            // Names come from strangers and go to terminals.
            GeneralName::Dns(host) => Some(host.replace(char::is_control, "\u{fffd}")),
            GeneralName::Ip(ip) => Some(ip.to_string()),
            GeneralName::Range(..)
            | GeneralName::Email(_)
            | GeneralName::Uri(_)
            | GeneralName::Directory(_)
            | GeneralName::Other(_) => None,
        };
        self.0.extensions.alternative_names.iter().filter_map(text).collect()
    }

    /// Whether it says that it is a CA. Old self-issued roots, which cannot, count too.
    pub fn is_ca(&self) -> bool {
        match self.0.extensions.basic_constraints {
            Some(constraints) => constraints.ca,
            None => self.0.version < 3 && self.is_self_issued(),
        }
    }

    /// Whether it may authenticate a server: no extended key usage, or one that says so.
    pub fn allows_server_auth(&self) -> bool {
        self.0
            .extensions
            .extended_key_usage
            .as_ref()
            .is_none_or(|uses| uses.iter().any(|u| u == SERVER_AUTH || u == ANY_EXTENDED_USE))
    }

    /// Subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// Self-issued, and its own key made the signature.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.is_signed_by(&self.0.key) == Some(true)
    }

    /// Self-issued, and naming no other key as its issuer's: a root by its own word, told without checking a
    /// signature. A CA's certificate for its next key has the same name twice and another key's identifier.
    pub fn claims_self_signed(&self) -> bool {
        let extensions = &self.0.extensions;
        self.is_self_issued()
            && extensions.authority_key_id.as_ref().is_none_or(|id| extensions.subject_key_id.as_ref() == Some(id))
    }

    /// Whether `issuer`'s name is the one this certificate names, without looking at signatures.
    pub fn names_as_issuer(&self, issuer: &Self) -> bool {
        self.0.issuer == issuer.0.subject
    }

    /// Whether that key made its signature; `None` when the algorithm is not known here.
    pub fn is_signed_by(&self, key: &PublicKey) -> Option<bool> {
        self.0.algorithm.verify(key, &self.0.tbs, &self.0.signature)
    }
}

struct Fields {
    version: u8,
    serial: String,
    issuer: Name,
    not_before: i64,
    not_after: i64,
    subject: Name,
    key: PublicKey,
    extensions: Extensions,
}

impl Fields {
    fn parse(r: &mut Reader<'_>, outer_algorithm: &[u8], oddities: &mut Vec<Oddity>) -> Result<Self, CertificateError> {
        let version = match r.optional(0xa0).map_err(at("version"))? {
            Some(tlv) => {
                let number = Reader::new(tlv.value).expect(INTEGER).and_then(|i| small_integer(i.value));
                u8::try_from(number.map_err(at("version"))?.saturating_add(1)).unwrap_or(u8::MAX)
            }
            None => 1,
        };
        if version > 3 {
            oddities.push(Oddity::UnknownVersion);
        }
        let serial = r.expect(INTEGER).map_err(at("serial number"))?.value;
        note_serial(serial, oddities);
        let algorithm = r.expect(SEQUENCE).map_err(at("signature algorithm"))?;
        if algorithm.raw != outer_algorithm {
            oddities.push(Oddity::AlgorithmsDisagree);
        }
        let issuer = name(r, "issuer")?;
        let mut validity = r.sequence().map_err(at("validity"))?;
        let not_before = time::read(&mut validity).map_err(at("validity"))?;
        let not_after = time::read(&mut validity).map_err(at("validity"))?;
        if not_before.odd || not_after.odd {
            oddities.push(Oddity::BadTimeEncoding);
        }
        if not_before.early || not_after.early {
            oddities.push(Oddity::EarlyGeneralizedTime);
        }
        if !validity.is_empty() {
            oddities.push(Oddity::BytesLeftOver);
        }
        let subject = name(r, "subject")?;
        let spki = r.expect(SEQUENCE).map_err(at("public key"))?;
        let key = PublicKey::parse(spki.value, spki.raw).map_err(at("public key"))?;
        // Unique identifiers: never used, and meaningless to a path.
        r.optional(0x81).map_err(at("unique identifier"))?;
        r.optional(0x82).map_err(at("unique identifier"))?;
        let extensions = match r.optional(0xa3).map_err(at("extensions"))? {
            Some(tlv) => {
                if version < 3 {
                    oddities.push(Oddity::ExtensionsBeforeV3);
                }
                extensions::parse(tlv.value, oddities).map_err(at("extensions"))?
            }
            None => Extensions::default(),
        };
        Ok(Self {
            version,
            serial: hex(serial),
            issuer,
            not_before: not_before.seconds,
            not_after: not_after.seconds,
            subject,
            key,
            extensions,
        })
    }
}

fn name(r: &mut Reader<'_>, part: &'static str) -> Result<Name, CertificateError> {
    let tlv = r.expect(SEQUENCE).map_err(at(part))?;
    Name::parse(tlv.value, tlv.raw).map_err(at(part))
}

fn note_serial(serial: &[u8], oddities: &mut Vec<Oddity>) {
    let digits = serial.strip_prefix(&[0]).unwrap_or(serial);
    if serial.first().is_some_and(|b| b & 0x80 != 0) {
        oddities.push(Oddity::NegativeSerial);
    }
    if serial.iter().all(|b| *b == 0) {
        oddities.push(Oddity::ZeroSerial);
    }
    if digits.len() > MAX_SERIAL_BYTES {
        oddities.push(Oddity::LongSerial);
    }
    if digits.len() < serial.len() && digits.first().is_some_and(|b| b & 0x80 == 0) {
        oddities.push(Oddity::NonMinimalDer);
    }
}

fn note_oddities(c: &Inner, oddities: &mut Vec<Oddity>) {
    let mut note = |wrong: bool, oddity: Oddity| {
        if wrong {
            oddities.push(oddity);
        }
    };
    let ca = c.extensions.basic_constraints.is_some_and(|b| b.ca);
    let old_ca = c.version < 3 && c.subject == c.issuer;
    let nameless = !c.extensions.has_alternative_names;
    note(c.not_after < c.not_before, Oddity::EndsBeforeItBegins);
    note(old_ca, Oddity::OldVersionCa);
    note(c.subject.is_empty() && nameless, Oddity::NamesNobody);
    note(c.subject.is_empty() && !nameless, Oddity::EmptySubject);
    note(c.issuer.is_empty(), Oddity::EmptyIssuer);
    note(!ca && !old_ca && nameless && c.subject.common_name().is_some(), Oddity::CommonNameOnly);
    note(c.key.has_bad_exponent(), Oddity::BadRsaExponent);
    note(c.key.has_negative_modulus(), Oddity::NegativeModulus);
}
