//! The tokens that this API server has handed out.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use crate::contract::VerifiedToken;

/// Tokens handed out by this API server, kept as digests only.
#[derive(Default)]
pub(crate) struct Issued(Mutex<BTreeMap<Vec<u8>, (VerifiedToken, Timestamp)>>);

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issued")
    }
}

impl Issued {
    fn digest(token: &str) -> Vec<u8> {
        digest(&SHA256, token.as_bytes()).as_ref().to_vec()
    }

    /// Remembers a token, for as long as it lives or until there are too many.
    pub(crate) fn remember(&self, token: &str, owner: VerifiedToken, expires: Timestamp, now: Timestamp) {
        /// Tokens at a time: each pod has one or two. The one that would end first gives way.
        const MOST: usize = 5000;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (_, end)| *end > now);
        }
        if known.len() >= MOST
            && let Some(first) = known.iter().min_by_key(|(_, (_, end))| *end).map(|(digest, _)| digest.clone())
        {
            known.remove(&first);
        }
        known.insert(Self::digest(token), (owner, expires));
    }

    /// Whose token this is, if it was handed out here and lives.
    pub(crate) fn find(&self, token: &str, now: Timestamp) -> Option<VerifiedToken> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (owner, expires) = known.get(&Self::digest(token))?;
        (now < *expires).then(|| owner.clone())
    }
}
