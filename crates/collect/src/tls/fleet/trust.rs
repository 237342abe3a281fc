//! Whom the chains of a fleet are judged by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_core::evidence::Roots;
use trustwalk_x509::{Judge, TrustStore};

use crate::roots::Encoded;

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
        let ders = |all: &[String]| all.iter().filter_map(|c| STANDARD.decode(c).ok()).collect();
        Self::of(&Encoded { library: ders(&roots.library), user: ders(&roots.user) }, now)
    }

    /// The same of encodings, each of which is read once a chain leads to its name.
    pub fn of(roots: &Encoded, now: i64) -> Self {
        let fill = |all: &[Vec<u8>]| {
            let mut store = TrustStore::new();
            all.iter().for_each(|der| store.add_unread(der));
            store
        };
        Self { public: fill(&roots.library), own: fill(&roots.user), now }
    }

    /// As the judgement of one chain takes it.
    pub fn judge(&self) -> Judge<'_> {
        Judge { public: &self.public, own: &self.own, now: self.now }
    }
}
