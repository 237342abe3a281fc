//! Whom the chains of a fleet are judged by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_core::evidence::Roots;
use trustwalk_x509::{Judge, TrustStore};

/// Roots and the time. Trusts nobody by default.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    public: TrustStore,
    own: TrustStore,
    now: i64,
}

impl Trust {
    /// The roots that evidence is judged by, at a time in Unix seconds. What cannot be read is nobody's root.
    pub fn new(roots: &Roots, now: i64) -> Self {
        let fill = |all: &[String]| {
            let ders: Vec<Vec<u8>> = all.iter().filter_map(|c| STANDARD.decode(c).ok()).collect();
            let mut store = TrustStore::new();
            store.add_ders(ders.iter().map(Vec::as_slice));
            store
        };
        Self { public: fill(&roots.library), own: fill(&roots.user), now }
    }

    /// As the judgement of one chain takes it.
    pub fn judge(&self) -> Judge<'_> {
        Judge { public: &self.public, own: &self.own, now: self.now }
    }
}
