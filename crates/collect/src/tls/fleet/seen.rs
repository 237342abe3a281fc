//! Certificates of authorities already read in this run: hosts by the thousand have the same few.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use trustwalk_foreign::visible;
use trustwalk_x509::{Certificate, CertificateError, Thumbprint};

/// Certificates kept. Public issuing CAs are some hundreds; strangers may send any number.
const MAX_KEPT: usize = 1024;
/// Largest certificate kept, so that all of them together take a few megabytes.
const MAX_KEPT_BYTES: usize = 4 << 10;
/// Bytes of the end that a certificate is looked up by: the end is its signature.
const TAIL: usize = 32;

#[derive(Serialize)]
struct One<'a> {
    subject: String,
    not_after: i64,
    sha1: &'a Thumbprint,
    sha256: &'a Thumbprint,
}

/// Foreign text on its way out. The escapes of JSON cover what ASCII has to hide, but for one character.
pub(super) fn shown(text: String) -> String {
    if text.bytes().all(|b| (b' '..0x7f).contains(&b)) { text } else { visible::line(&text).into_owned() }
}

/// A certificate, and what is printed of it.
#[derive(Clone)]
pub(super) struct Printed {
    pub(super) certificate: Certificate,
    pub(super) json: Arc<str>,
}

impl Printed {
    /// Reads a certificate.
    pub(super) fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate = Certificate::from_der(der)?;
        let one = One {
            subject: shown(certificate.subject().to_string()),
            not_after: certificate.not_after(),
            sha1: certificate.sha1(),
            sha256: certificate.sha256(),
        };
        let json = serde_json::to_string(&one).unwrap_or_default().into();
        Ok(Self { certificate, json })
    }
}

/// What was read before.
#[derive(Default)]
pub(super) struct Seen {
    by_end: HashMap<[u8; TAIL], Printed>,
}

impl Seen {
    /// Reads a certificate, or finds the very same bytes.
    pub(super) fn read(&mut self, der: &[u8]) -> Result<Printed, CertificateError> {
        let Some(end) = der.last_chunk::<TAIL>().filter(|_| der.len() <= MAX_KEPT_BYTES) else {
            return Printed::read(der);
        };
        if let Some(known) = self.by_end.get(end)
            && known.certificate.der() == der
        {
            return Ok(known.clone());
        }
        let fresh = Printed::read(der)?;
        if self.by_end.len() >= MAX_KEPT {
            // Whoever is common comes back soon.
            self.by_end.clear();
        }
        self.by_end.insert(*end, fresh.clone());
        Ok(fresh)
    }
}
