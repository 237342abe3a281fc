//! Whom the chains of a fleet are judged by.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trustwalk_core::evidence::Roots;
use trustwalk_x509::{Assessment, Certificate, Host, Judge, SignatureMemo, TrustStore, Verdict, assess_with};

use crate::roots::{self, Encoded};

/// Roots and the time. Trusts nobody by default.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    public: TrustStore,
    own: TrustStore,
    now: i64,
    /// The system's roots, with those that it has besides `public`.
    whole: Option<OnceLock<TrustStore>>,
}

/// A store of encodings, each of which is read once a chain leads to its name.
fn store<'a>(ders: impl IntoIterator<Item = &'a [u8]>) -> TrustStore {
    let mut store = TrustStore::new();
    ders.into_iter().for_each(|der| store.add_unread(der));
    store
}

impl Trust {
    /// The roots that evidence is judged by, at a time in Unix seconds. What cannot be read is nobody's root.
    pub fn new(roots: &Roots, now: i64) -> Self {
        let ders = |all: &[String]| all.iter().filter_map(|c| STANDARD.decode(c).ok()).collect();
        Self::of(&Encoded { library: ders(&roots.library), user: ders(&roots.user), more: false }, now)
    }

    /// The same of encodings.
    pub fn of(roots: &Encoded, now: i64) -> Self {
        let fill = |all: &[Vec<u8>]| store(all.iter().map(Vec::as_slice));
        let whole = roots.more.then(OnceLock::new);
        Self { public: fill(&roots.library), own: fill(&roots.user), now, whole }
    }

    /// As the judgement of one chain takes it.
    pub fn judge(&self) -> Judge<'_> {
        Judge { public: &self.public, own: &self.own, now: self.now }
    }

    /// Judges a chain. Roots that take long to read are asked where the others do not do: more of them take away no
    /// path that holds.
    pub(super) fn assess(&self, chain: &[Certificate], host: Option<&Host>, memo: &mut SignatureMemo) -> Assessment {
        let first = assess_with(chain, host, &self.judge(), memo);
        match &self.whole {
            Some(whole) if first.verdict != Verdict::Verified => {
                let public = whole.get_or_init(|| store(roots::system().iter().map(AsRef::as_ref)));
                assess_with(chain, host, &Judge { public, ..self.judge() }, memo)
            }
            Some(_) | None => first,
        }
    }
}
