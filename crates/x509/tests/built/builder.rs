//! Certificates written byte by byte, so that each part can be wrong by itself.

use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use trustwalk_x509::{Certificate, CertificateError, Host, Request, TrustStore, Verification, verify};

pub(crate) const NOW: i64 = 1_767_225_600; // 2026-01-01
pub(crate) const HOST: &str = "issuer.example.com";

pub(crate) const ECDSA_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// Identifiers under 2.5.29.
pub(crate) const KEY_ID: u8 = 14;
pub(crate) const KEY_USAGE: u8 = 15;
pub(crate) const NAMES: u8 = 17;
pub(crate) const BASIC: u8 = 19;
pub(crate) const SUBTREES: u8 = 30;
pub(crate) const ISSUER_KEY_ID: u8 = 35;
pub(crate) const USES: u8 = 37;

pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match value.len() {
        n @ ..0x80 => out.push(u8::try_from(n).unwrap()),
        n @ ..0x100 => out.extend([0x81, u8::try_from(n).unwrap()]),
        n => out.extend([0x82, u8::try_from(n >> 8).unwrap(), u8::try_from(n & 0xff).unwrap()]),
    }
    out.extend(value);
    out
}

pub(crate) fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn common_name(name: &str) -> Vec<u8> {
    let pair = seq(&[&[0x06, 3, 0x55, 4, 3], &tlv(0x0c, name.as_bytes())]);
    seq(&[&tlv(0x31, &pair)])
}

pub(crate) fn dns(name: &str) -> Vec<u8> {
    tlv(0x82, name.as_bytes())
}

pub(crate) fn utc(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

pub(crate) fn later(text: &str) -> Vec<u8> {
    tlv(0x18, text.as_bytes())
}

/// `nameConstraints` of permitted and excluded bases.
pub(crate) fn subtrees(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let list = |tag: u8, bases: &[Vec<u8>]| {
        let all: Vec<u8> = bases.iter().flat_map(|b| seq(&[b])).collect();
        if bases.is_empty() { Vec::new() } else { tlv(tag, &all) }
    };
    seq(&[&list(0xa0, permitted), &list(0xa1, excluded)])
}

/// A certificate to be; every field is the encoding that goes in.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) inner_algorithm: Vec<u8>,
    pub(crate) outer_algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    /// Identifier, critical, value.
    pub(crate) extensions: Vec<(Vec<u8>, bool, Vec<u8>)>,
    /// After the extensions.
    pub(crate) end_of_content: Vec<u8>,
}

impl Draft {
    pub(crate) fn new(subject: &str, key: &KeyPair) -> Self {
        Self {
            version: tlv(0xa0, &[2, 1, 2]),
            serial: vec![2, 1, 7],
            inner_algorithm: seq(&[ECDSA_SHA256]),
            outer_algorithm: seq(&[ECDSA_SHA256]),
            issuer: Vec::new(),
            validity: seq(&[&utc("200401000000Z"), &utc("300401000000Z")]),
            subject: common_name(subject),
            key: key.subject_public_key_info(),
            extensions: Vec::new(),
            end_of_content: Vec::new(),
        }
    }

    pub(crate) fn ca(subject: &str, key: &KeyPair) -> Self {
        Self::new(subject, key).with(BASIC, true, seq(&[&[1, 1, 0xff]])).with(KEY_USAGE, true, vec![3, 2, 1, 6])
    }

    pub(crate) fn leaf(key: &KeyPair) -> Self {
        Self::new(HOST, key).with(NAMES, false, seq(&[&dns(HOST)]))
    }

    /// Adds an extension, or changes it.
    pub(crate) fn with(mut self, id: u8, critical: bool, value: Vec<u8>) -> Self {
        let oid = vec![0x55, 0x1d, id];
        self.extensions.retain(|(o, _, _)| *o != oid);
        self.extensions.push((oid, critical, value));
        self
    }

    pub(crate) fn without(mut self, id: u8) -> Self {
        self.extensions.retain(|(o, _, _)| *o != [0x55, 0x1d, id]);
        self
    }

    pub(crate) fn change(mut self, f: impl FnOnce(&mut Self)) -> Self {
        f(&mut self);
        self
    }

    /// The certificate, its content signed by `sign`.
    pub(crate) fn der_signed(&self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let extensions: Vec<u8> = self
            .extensions
            .iter()
            .flat_map(|(oid, critical, value)| {
                let mark: &[u8] = if *critical { &[1, 1, 0xff] } else { &[] };
                seq(&[&tlv(6, oid), mark, &tlv(4, value)])
            })
            .collect();
        let extensions = if extensions.is_empty() { extensions } else { tlv(0xa3, &tlv(0x30, &extensions)) };
        let content = seq(&[
            &self.version,
            &self.serial,
            &self.inner_algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.key,
            &extensions,
            &self.end_of_content,
        ]);
        let signature = tlv(3, &[&[0], sign(&content).as_slice()].concat());
        seq(&[&content, &self.outer_algorithm, &signature])
    }
}

/// A certificate and its key.
pub(crate) struct Made {
    pub(crate) der: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: KeyPair,
}

impl Made {
    pub(crate) fn read(&self) -> Result<Certificate, CertificateError> {
        Certificate::from_der(&self.der)
    }

    pub(crate) fn certificate(&self) -> Certificate {
        self.read().unwrap()
    }
}

/// Makes a certificate of what `draft` says, signed by `by` or by itself.
pub(crate) fn make(draft: impl FnOnce(&KeyPair) -> Draft, by: Option<&Made>) -> Made {
    let key = KeyPair::generate().unwrap();
    make_with(draft, key, by)
}

pub(crate) fn make_with(draft: impl FnOnce(&KeyPair) -> Draft, key: KeyPair, by: Option<&Made>) -> Made {
    let mut draft = draft(&key);
    if draft.issuer.is_empty() {
        draft.issuer = by.map_or(&draft.subject, |b| &b.subject).clone();
    }
    let signer = by.map_or(&key, |b| &b.key);
    let der = draft.der_signed(|content| signer.sign(content).unwrap());
    Made { der, subject: draft.subject, key }
}

pub(crate) fn judge(chain: &[&Made], roots: &[&Made], host: &str) -> Verification {
    let chain: Vec<Certificate> = chain.iter().map(|m| m.certificate()).collect();
    let roots: Vec<Certificate> = roots.iter().map(|m| m.certificate()).collect();
    let host = Host::parse(host).unwrap();
    verify(&Request { chain: &chain, store: &TrustStore::of(&roots), now: NOW, host: Some(&host) })
}

/// Whether a leaf made so verifies below a sound CA.
pub(crate) fn leaf_holds(draft: impl FnOnce(&KeyPair) -> Draft) -> bool {
    let root = make(|k| Draft::ca("Root", k), None);
    judge(&[&make(draft, Some(&root))], &[&root], HOST).is_verified()
}

/// Whether a leaf verifies below an intermediate made so.
pub(crate) fn middle_holds(draft: impl FnOnce(&KeyPair) -> Draft) -> bool {
    let root = make(|k| Draft::ca("Root", k), None);
    let middle = make(draft, Some(&root));
    let leaf = make(Draft::leaf, Some(&middle));
    judge(&[&leaf, &middle], &[&root], HOST).is_verified()
}

/// Whether a leaf verifies below a root made so.
pub(crate) fn root_holds(draft: impl FnOnce(&KeyPair) -> Draft) -> bool {
    let root = make(draft, None);
    judge(&[&make(Draft::leaf, Some(&root))], &[&root], HOST).is_verified()
}
