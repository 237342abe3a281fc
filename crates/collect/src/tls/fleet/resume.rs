//! What an earlier output already holds, so that a run cut short goes on where it stopped.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use trustwalk_x509::Verdict;

/// Longest line of an earlier output that is read: one answer has some KiB for each certificate of a chain.
const MAX_LINE: u64 = 4 << 20;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    input: std::borrow::Cow<'a, str>,
    /// An answer without one is from before there was one, and is asked anew.
    verdict: Verdict,
}

/// Inputs done and their verdicts, sixteen bytes each: a million of them take some 32 MB. Two of a million share a hash
/// once in about 30 million runs.
#[derive(Default)]
pub(super) struct Done {
    hasher: RandomState,
    seen: HashMap<u64, Verdict>,
}

impl Done {
    /// Reads an earlier output. A last line cut short does not count, nor does anything that is no answer.
    pub(super) async fn read<R: AsyncBufRead + Unpin + ?Sized>(earlier: &mut R) -> std::io::Result<Self> {
        let mut done = Self::default();
        let mut line = Vec::new();
        // A line cut where it is too long is no answer, nor is its rest.
        while (&mut *earlier).take(MAX_LINE).read_until(b'\n', &mut line).await? > 0 {
            if line.ends_with(b"\n")
                && let Ok(found) = serde_json::from_slice::<Line<'_>>(&line)
            {
                let hash = done.hasher.hash_one(&*found.input);
                done.seen.insert(hash, found.verdict);
            }
            line.clear();
        }
        Ok(done)
    }

    /// What was said of an input.
    pub(super) fn verdict(&self, input: &str) -> Option<Verdict> {
        if self.seen.is_empty() { None } else { self.seen.get(&self.hasher.hash_one(input)).copied() }
    }
}
