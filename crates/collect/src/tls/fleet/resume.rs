//! What an earlier output already holds, so that a run cut short goes on where it stopped.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    input: std::borrow::Cow<'a, str>,
}

/// Inputs done, eight bytes each: a million of them take 16 MB. Two of a million share a hash once in
/// about 30 million runs.
#[derive(Default)]
pub(super) struct Done {
    hasher: RandomState,
    seen: HashSet<u64>,
}

impl Done {
    /// Reads an earlier output. A last line cut short does not count, nor does anything that is no answer.
    pub(super) async fn read<R: AsyncBufRead + Unpin + ?Sized>(earlier: &mut R) -> std::io::Result<Self> {
        let mut done = Self::default();
        let mut line = Vec::new();
        while earlier.read_until(b'\n', &mut line).await? > 0 {
            if line.ends_with(b"\n")
                && let Ok(found) = serde_json::from_slice::<Line<'_>>(&line)
            {
                let hash = done.hasher.hash_one(&*found.input);
                done.seen.insert(hash);
            }
            line.clear();
        }
        Ok(done)
    }

    pub(super) fn holds(&self, input: &str) -> bool {
        !self.seen.is_empty() && self.seen.contains(&self.hasher.hash_one(input))
    }
}
