//! Judges events, remembering the verdicts: a log repeats its failures, and two events that
//! differ only in times and ids mean the same.

use std::collections::HashMap;

use super::summary::{Cause, Key, MAX_CAUSES, Summary, key};
use trustwalk_symptoms::{Stamp, classify_all, written};

/// Texts remembered. A log with more distinct texts is judged anew from an empty memory.
const MAX_REMEMBERED: usize = 1024;
/// Longer texts are not remembered, so that the memory stays below a few mebibytes.
const MAX_REMEMBERED_BYTES: usize = 4096;
/// A UUID's length.
const UUID: usize = 36;

#[derive(Debug, Default)]
pub(super) struct Memory {
    causes: Vec<Cause>,
    index: HashMap<Key, usize>,
    seen: HashMap<Vec<u8>, Vec<usize>>,
    masked: Vec<u8>,
    overflow: u64,
}

impl Memory {
    /// Counts the failures of one event.
    pub(super) fn event(&mut self, raw: &[u8]) {
        mask(raw, &mut self.masked);
        if let Some(known) = self.seen.get(&self.masked)
            && known.iter().all(|i| self.causes.get(*i).is_some_and(|c| c.request_ids.len() >= super::MAX_REQUEST_IDS))
        {
            let ts = stamp(raw);
            for i in known {
                if let Some(cause) = self.causes.get_mut(*i) {
                    cause.count += 1;
                    cause.saw(ts.as_ref());
                }
            }
            return;
        }
        self.judge(raw);
    }

    fn judge(&mut self, raw: &[u8]) {
        let text = String::from_utf8_lossy(raw);
        let mut found = Vec::new();
        let mut complete = true;
        for mut failure in classify_all(&text) {
            let (ts, id) = (failure.ts.take(), failure.request_id.take());
            let key = key(&failure);
            let at = match self.index.get(&key) {
                Some(at) => *at,
                None if self.causes.len() < MAX_CAUSES => {
                    self.index.insert(key, self.causes.len());
                    self.causes.push(Cause::new(failure));
                    self.causes.len() - 1
                }
                None => {
                    self.overflow += 1;
                    complete = false;
                    continue;
                }
            };
            found.push(at);
            if let Some(cause) = self.causes.get_mut(at) {
                cause.count += 1;
                cause.saw(ts.as_ref());
                cause.request(id.as_ref());
            }
        }
        // Remembered only when the short way gives the same time as the long one.
        if complete && self.masked.len() <= MAX_REMEMBERED_BYTES && same_stamp(raw, &text) {
            if self.seen.len() >= MAX_REMEMBERED {
                self.seen.clear();
            }
            self.seen.insert(self.masked.clone(), found);
        }
    }

    pub(super) fn finish(self, bytes: u64) -> Summary {
        Summary { causes: self.causes, bytes, overflow: self.overflow }
    }
}

fn stamp(raw: &[u8]) -> Option<String> {
    let head = raw.get(..raw.len().min(160)).unwrap_or_default();
    Stamp::find(&String::from_utf8_lossy(head)).map(|s| s.to_string())
}

fn same_stamp(raw: &[u8], text: &str) -> bool {
    written(text).map(|s| s.to_string()) == stamp(raw)
}

/// The event with its UUIDs and its leading time blanked.
fn mask(raw: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(raw);
    let mut next = 0;
    for at in memchr::memchr_iter(b'-', raw) {
        if at < next {
            continue;
        }
        if at >= 8 && is_uuid(raw.get(at - 8..at - 8 + UUID).unwrap_or_default()) {
            blank(out, at - 8, at - 8 + UUID);
            next = at + UUID - 8;
        } else if (4..80).contains(&at)
            && raw.get(at + 3) == Some(&b'-')
            && raw.get(at - 4..at).is_some_and(|y| y.iter().all(u8::is_ascii_digit))
        {
            let from = raw.get(at..).unwrap_or_default();
            let len = from
                .iter()
                .position(|b| !(b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'T' | b'Z' | b',' | b'+')))
                .unwrap_or(from.len());
            blank(out, at - 4, at + len);
            next = at + len;
        }
    }
}

fn blank(out: &mut [u8], from: usize, to: usize) {
    if let Some(part) = out.get_mut(from..to) {
        part.fill(b'#');
    }
}

fn is_uuid(b: &[u8]) -> bool {
    b.len() == UUID
        && b.iter()
            .enumerate()
            .all(|(i, c)| if matches!(i, 8 | 13 | 18 | 23) { *c == b'-' } else { c.is_ascii_hexdigit() })
}
