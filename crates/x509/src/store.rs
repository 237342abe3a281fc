//! Roots that are trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::certificate::Certificate;
use crate::der::{DerError, Reader, SEQUENCE};
use crate::extensions::{NameConstraints, name_constraints};
use crate::key::PublicKey;
use crate::name::Name;
use crate::thumbprint::Thumbprint;

/// A root: a certificate, or only the name and key of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub(crate) subject: Name,
    pub(crate) key: PublicKey,
    pub(crate) constraints: Option<NameConstraints>,
    pub(crate) certificate: Option<Certificate>,
}

impl Anchor {
    fn of(certificate: Certificate) -> Self {
        Self {
            subject: certificate.subject().clone(),
            key: certificate.public_key().clone(),
            constraints: certificate.extensions().name_constraints.clone(),
            certificate: Some(certificate),
        }
    }

    /// Its name.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// Its key.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The certificate, when the store was given one.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }
}

/// Roots of one name: those that were read, and encodings that are read once somebody asks for the name.
#[derive(Debug, Clone, Default)]
struct Roots {
    read: Vec<Anchor>,
    unread: Vec<Box<[u8]>>,
    all: OnceLock<Vec<Anchor>>,
}

impl Roots {
    fn anchors(&self) -> &[Anchor] {
        if self.unread.is_empty() {
            return &self.read;
        }
        self.all.get_or_init(|| {
            let mut all = self.read.clone();
            for root in self.unread.iter().filter_map(|der| Certificate::from_der(der).ok()) {
                if !all.iter().any(|a| a.certificate.as_ref() == Some(&root)) {
                    all.push(Anchor::of(root));
                }
            }
            all
        })
    }
}

/// A set of roots, found by name.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    by_subject: BTreeMap<Vec<u8>, Roots>,
    certificates: BTreeSet<Thumbprint>,
    len: usize,
}

fn key(name: &Name) -> Vec<u8> {
    name.keys().concat()
}

impl TrustStore {
    /// Trusts nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these.
    pub fn of<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let mut store = Self::new();
        for certificate in certificates {
            store.add(certificate.clone());
        }
        store
    }

    /// Adds a root; one already there is not added again.
    pub fn add(&mut self, certificate: Certificate) {
        if self.certificates.insert(certificate.sha256().clone()) {
            self.insert(Anchor::of(certificate));
        }
    }

    /// Adds every root of a list of encodings and says how many could not be read.
    pub fn add_ders<'a>(&mut self, ders: impl IntoIterator<Item = &'a [u8]>) -> usize {
        let mut unreadable = 0;
        for der in ders {
            match Certificate::from_der(der) {
                Ok(certificate) => self.add(certificate),
                Err(_) => unreadable += 1,
            }
        }
        unreadable
    }

    /// Adds a root's encoding, of which no more than the name is read until a chain leads to that name: of the hundred
    /// and more of a system, one chain needs a few. What has no name that can be read is nobody's root.
    pub fn add_unread(&mut self, der: &[u8]) {
        let Some(name) = Certificate::subject_of(der) else { return };
        let roots = self.by_subject.entry(key(&name)).or_default();
        if roots.unread.iter().any(|known| **known == *der) {
            return;
        }
        roots.unread.push(der.into());
        roots.all = OnceLock::new();
        self.len += 1;
    }

    /// Adds a root known by name and key only, as `webpki-roots` lists them: contents of the
    /// subject's, key's and name constraints' SEQUENCE.
    pub fn add_parts(&mut self, subject: &[u8], key: &[u8], constraints: Option<&[u8]>) -> Result<(), DerError> {
        let constraints = constraints.map(|c| name_constraints(Reader::new(c))).transpose()?;
        let anchor = Anchor {
            subject: Name::parse(subject, &wrap(subject))?,
            key: PublicKey::parse(key, &wrap(key))?,
            constraints,
            certificate: None,
        };
        self.insert(anchor);
        Ok(())
    }

    fn insert(&mut self, anchor: Anchor) {
        self.len += 1;
        let roots = self.by_subject.entry(key(&anchor.subject)).or_default();
        roots.read.push(anchor);
        roots.all = OnceLock::new();
    }

    /// How many roots.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Trusts nobody.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether this very certificate is trusted, or a root known by this name and key.
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.certificates.contains(certificate.sha256())
            || self
                .named(certificate.subject())
                .iter()
                .any(|a| a.certificate.as_ref().map_or(a.key == *certificate.public_key(), |root| root == certificate))
    }

    /// Roots of this name.
    pub fn named(&self, name: &Name) -> &[Anchor] {
        self.by_subject.get(&key(name)).map_or(&[], Roots::anchors)
    }
}

fn wrap(content: &[u8]) -> Vec<u8> {
    let mut der = vec![SEQUENCE];
    if content.len() < 0x80 {
        der.extend(u8::try_from(content.len()));
    } else {
        let digits = content.len().to_be_bytes();
        let digits = digits.iter().position(|b| *b != 0).and_then(|at| digits.get(at..)).unwrap_or_default();
        der.extend(u8::try_from(0x80 | digits.len()));
        der.extend(digits);
    }
    der.extend(content);
    der
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

    use super::*;

    fn root(name: &str) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn roots_that_are_read_late_are_the_same() {
        let ders: Vec<Vec<u8>> = ["one", "two", "two"].into_iter().map(root).collect();
        let (mut early, mut late) = (TrustStore::new(), TrustStore::new());
        assert_eq!(early.add_ders(ders.iter().map(Vec::as_slice)), 0);
        for der in ders.iter().chain(&ders) {
            late.add_unread(der);
        }
        late.add_unread(b"no certificate");
        assert_eq!((early.len(), late.len()), (3, 3));
        for der in &ders {
            let certificate = Certificate::from_der(der).unwrap();
            assert!(early.contains(&certificate) && late.contains(&certificate));
            assert_eq!(early.named(certificate.subject()), late.named(certificate.subject()));
        }
        let stranger = Certificate::from_der(&root("two")).unwrap();
        assert!(!early.contains(&stranger) && !late.contains(&stranger));
        assert_eq!(late.named(stranger.subject()).len(), 2);
    }
}
