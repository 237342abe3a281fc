//! Roots that are trusted.

use std::collections::{BTreeMap, BTreeSet};

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

/// A set of roots, found by name.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    by_subject: BTreeMap<Vec<u8>, Vec<Anchor>>,
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
            self.insert(Anchor {
                subject: certificate.subject().clone(),
                key: certificate.public_key().clone(),
                constraints: certificate.extensions().name_constraints.clone(),
                certificate: Some(certificate),
            });
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
        self.by_subject.entry(key(&anchor.subject)).or_default().push(anchor);
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
                .any(|a| a.certificate.is_none() && a.key == *certificate.public_key())
    }

    /// Roots of this name.
    pub fn named(&self, name: &Name) -> &[Anchor] {
        self.by_subject.get(&key(name)).map_or(&[], Vec::as_slice)
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
