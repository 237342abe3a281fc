//! Certificate hierarchies shaped like the one EKS issuers presented when their
//! thumbprints were pinned: a leaf, an intermediate, a root cross-signed by an older
//! root, and that root cross-signed by one older still. The names say "lab".

use std::{
    fmt::{self, Write},
    iter,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use serde::{Deserialize, Serialize};

use crate::IssuerError;

mod kept;

pub use kept::KeptHierarchy;

/// Life of a leaf certificate, as ACM gives: thirteen months.
pub const LEAF_DAYS: i64 = 395;
/// Days of a year, as authorities' lives are counted.
const YEAR: i64 = 365;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Organisation of every certificate the lab makes.
const ORGANISATION: &str = "trustwalk lab";
/// Organisation of a proxy that opens TLS on its way.
const PROXY: &str = "trustwalk lab intercepting proxy";

/// The key type of leaves; authorities are always P-256, which is fast to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeafKey {
    /// ECDSA on P-256.
    #[default]
    P256,
    /// RSA with 2048 bits.
    Rsa2048,
}

/// One certificate authority: its name and key.
struct Authority {
    said: Said,
    params: CertificateParams,
    key: KeyPair,
}

/// What an authority says of itself.
#[derive(Clone, Serialize, Deserialize)]
struct Said {
    name: String,
    organisation: String,
    from: Timestamp,
    until: Timestamp,
}

impl Authority {
    fn new(name: &str, organisation: &str, from: Timestamp, until: Timestamp) -> Result<Self, IssuerError> {
        let said = Said { name: name.to_owned(), organisation: organisation.to_owned(), from, until };
        Self::with(said, KeyPair::generate()?)
    }

    fn with(said: Said, key: KeyPair) -> Result<Self, IssuerError> {
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        // rcgen starts with a common name of its own, which would come first.
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "US");
        params.distinguished_name.push(DnType::OrganizationName, said.organisation.as_str());
        params.distinguished_name.push(DnType::CommonName, said.name.as_str());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, said.from, said.until);
        Ok(Self { said, params, key })
    }

    fn self_signed(&self) -> Result<CertificateDer<'static>, IssuerError> {
        Ok(self.params.self_signed(&self.key)?.der().clone())
    }

    fn signed_by(&self, other: &Self) -> Result<CertificateDer<'static>, IssuerError> {
        let issuer = Issuer::from_params(&other.params, &other.key);
        Ok(self.params.signed_by(&self.key, &issuer)?.der().clone())
    }
}

fn set_validity(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let epoch = date_time_ymd(1970, 1, 1);
    let at = |time: Timestamp| epoch + Duration::from_secs(u64::try_from(time.as_second()).unwrap_or_default());
    params.not_before = at(from);
    params.not_after = at(until);
}

/// A moment `days` after (or, negative, before) `time`; `time` itself if that lies
/// outside the calendar.
pub fn days_after(time: Timestamp, days: i64) -> Timestamp {
    time.as_second()
        .checked_add(days.saturating_mul(DAY))
        .and_then(|second| Timestamp::from_second(second).ok())
        .unwrap_or(time)
}

/// A chain as a server presents it, leaf first, with the leaf's key.
pub struct Chain {
    /// Certificates in the order sent.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The leaf's private key. A secret.
    pub key: PrivateKeyDer<'static>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("certificates", &self.certificates.len()).field("key", &"<redacted>").finish()
    }
}

/// How a chain is presented. Each variant but the first is something issuers have
/// been seen to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presentation {
    /// All four certificates, in order.
    #[default]
    Full,
    /// Leaf alone, as self-hosted API servers send.
    LeafOnly,
    /// Leaf, then the rest without the intermediate that signed it.
    NoIntermediate,
    /// Leaf, intermediate, root cross-sign: the oldest cross-sign is gone, as ACM
    /// dropped Starfield Class 2 in 2024.
    NoOldestCrossSign,
    /// Leaf first, the rest backwards.
    Reordered,
    /// The last certificate twice.
    Duplicated,
    /// The leaf's validity is over.
    Expired,
    /// The leaf names another host.
    WrongHost,
    /// A proxy's own authority signed the leaf.
    Intercepted,
    /// The leaf signed itself.
    SelfSigned,
}

/// One generation of authorities. Their certificates are made once: signing anew
/// would give the same authority another thumbprint.
pub struct Hierarchy {
    intermediate: Authority,
    proxy: Authority,
    proxy_root: CertificateDer<'static>,
    roots: Vec<CertificateDer<'static>>,
    above: [Authority; 3],
    /// Those of the intermediate, the root and the older root, each signed by the next.
    signed: RwLock<[Signed; 3]>,
}

/// An authority's certificate as it is presented.
#[derive(Clone)]
struct Signed {
    certificate: CertificateDer<'static>,
    until: Timestamp,
    years: i64,
}

impl Signed {
    fn new(authority: &Authority, by: &Authority, until: Timestamp, years: i64) -> Result<Self, IssuerError> {
        Ok(Self { certificate: authority.signed_by(by)?, until, years })
    }

    /// The same authority's next certificate.
    fn next(&self, authority: &Authority, by: &Authority, from: Timestamp) -> Result<Self, IssuerError> {
        let until = days_after(from, self.years * YEAR);
        let mut params = authority.params.clone();
        set_validity(&mut params, from, until);
        let issuer = Issuer::from_params(&by.params, &by.key);
        let certificate = params.signed_by(&authority.key, &issuer)?.der().clone();
        Ok(Self { certificate, until, years: self.years })
    }
}

impl fmt::Debug for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hierarchy { .. }")
    }
}

impl Hierarchy {
    /// Fresh authorities whose names carry `generation` and whose roots start to be
    /// valid at `from`.
    pub fn new(generation: &str, from: Timestamp) -> Result<Self, IssuerError> {
        let until = |start: i64, years: i64| days_after(from, start + years * YEAR);
        let ca = |name: String, start: i64, years: i64| {
            Authority::new(&name, ORGANISATION, days_after(from, start), until(start, years))
        };
        let oldest = ca(format!("Lab Class 2 {generation}"), -900, 30)?;
        let older = ca(format!("Lab Services Root {generation}"), -600, 28)?;
        let root = ca(format!("Lab Root CA 1 {generation}"), -300, 25)?;
        let intermediate = ca(format!("Lab RSA 2048 M01 {generation}"), 0, 12)?;
        let signed = [
            Signed::new(&intermediate, &root, until(0, 12), 12)?,
            Signed::new(&root, &older, until(-300, 25), 25)?,
            Signed::new(&older, &oldest, until(-600, 28), 28)?,
        ];
        let proxy_name = format!("Corporate Inspection {generation}");
        let proxy = Authority::new(&proxy_name, PROXY, from, days_after(from, 3650))?;
        Ok(Self {
            proxy_root: proxy.self_signed()?,
            roots: [&root, &older, &oldest].into_iter().map(Authority::self_signed).collect::<Result<_, _>>()?,
            above: [root, older, oldest],
            signed: RwLock::new(signed),
            intermediate,
            proxy,
        })
    }

    /// Gives each authority whose certificate has ended its next one, as its operator does; whether any had.
    pub fn renew(&self, now: Timestamp) -> Result<bool, IssuerError> {
        let mut signed = self.signed.write().unwrap_or_else(PoisonError::into_inner);
        let authorities = iter::once(&self.intermediate).chain(&self.above);
        let mut any = false;
        for (one, (authority, by)) in signed.iter_mut().zip(authorities.zip(&self.above)) {
            if one.until <= now {
                *one = one.next(authority, by, now)?;
                any = true;
            }
        }
        Ok(any)
    }

    /// The self-signed roots, as a trust library holds them, newest first.
    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        self.roots.clone()
    }

    /// The intercepting proxy's root, which a user's own trust store may hold.
    pub fn proxy_root(&self) -> CertificateDer<'static> {
        self.proxy_root.clone()
    }

    /// A leaf for `hosts` (the first is the common name), issued at `valid_from`, and
    /// the chain it is presented with.
    pub fn present(
        &self,
        hosts: &[&str],
        valid_from: Timestamp,
        presentation: Presentation,
        leaf_key: LeafKey,
    ) -> Result<Chain, IssuerError> {
        use Presentation as P;
        let names: Vec<String> = if presentation == P::WrongHost {
            vec!["other.lab.invalid".to_owned()]
        } else {
            hosts.iter().map(|host| (*host).to_owned()).collect()
        };
        let key = match leaf_key {
            LeafKey::P256 => KeyPair::generate()?,
            LeafKey::Rsa2048 => KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)?,
        };
        let mut params = CertificateParams::new(names.clone())?;
        if let Some(name) = names.first() {
            params.distinguished_name.push(DnType::CommonName, name.as_str());
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let start = if presentation == P::Expired { days_after(valid_from, -LEAF_DAYS - 1) } else { valid_from };
        set_validity(&mut params, start, days_after(start, LEAF_DAYS));
        let signer = if presentation == P::Intercepted { &self.proxy } else { &self.intermediate };
        let leaf = if presentation == P::SelfSigned {
            params.self_signed(&key)?.der().clone()
        } else {
            let authority = Issuer::from_params(&signer.params, &signer.key);
            params.signed_by(&key, &authority)?.der().clone()
        };
        let mut certificates = vec![leaf];
        certificates.extend(self.above(presentation));
        Ok(Chain { certificates, key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())) })
    }

    /// The certificates sent after the leaf.
    fn above(&self, presentation: Presentation) -> Vec<CertificateDer<'static>> {
        use Presentation as P;
        let signed = self.signed.read().unwrap_or_else(PoisonError::into_inner);
        let [intermediate, root, older] = signed.clone().map(|one| one.certificate);
        match presentation {
            P::Full | P::Expired | P::WrongHost => vec![intermediate, root, older],
            P::LeafOnly | P::SelfSigned => Vec::new(),
            P::NoIntermediate => vec![root, older],
            P::NoOldestCrossSign => vec![intermediate, root],
            P::Reordered => vec![older, root, intermediate],
            P::Duplicated => vec![intermediate, root, older.clone(), older],
            P::Intercepted => vec![self.proxy_root.clone()],
        }
    }
}

/// SHA-1 of a certificate as IAM writes thumbprints: forty lower-case hex digits.
pub fn thumbprint(certificate: &CertificateDer<'_>) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.as_ref());
    hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Certificates as PEM text.
pub fn to_pem(certificates: &[CertificateDer<'_>]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    /// Characters of a line in PEM (RFC 7468).
    const LINE: usize = 64;
    let mut pem = String::new();
    for certificate in certificates {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        for (index, letter) in STANDARD.encode(certificate.as_ref()).chars().enumerate() {
            if index > 0 && index % LINE == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem
}
