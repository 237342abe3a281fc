//! Judges events, remembering the verdicts: a log repeats its failures, and two events that
//! differ only in times and ids mean the same.

use std::collections::HashMap;

use super::neighbours::{Moment, SeenSuccess, cures, first_and_last};
use super::summary::{Cause, Key, MAX_CAUSES, MAX_TRAIL, Summary, Unclear, key};
use trustwalk_symptoms::{Failure, Stamp, Success, Told, TrailRecord, read, written};

/// Texts remembered. A log with more distinct texts is judged anew from an empty memory.
const MAX_REMEMBERED: usize = 1024;
/// Longer texts are not remembered, so that the memory stays below a few mebibytes.
const MAX_REMEMBERED_BYTES: usize = 4096;
/// A UUID's length.
const UUID: usize = 36;

/// What a text like this one tells.
#[derive(Debug, Clone, Default)]
struct Verdict {
    causes: Vec<usize>,
    mentions: Vec<usize>,
    unclear: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    found: Summary,
    index: HashMap<Key, usize>,
    seen: HashMap<Vec<u8>, Verdict>,
    masked: Vec<u8>,
    /// Failures that no later success has cured, and those after which the program has not started again.
    uncured: Vec<usize>,
    running: Vec<usize>,
}

impl Memory {
    /// Takes in what one event tells; `kept` is when a runtime kept it, which counts where it has no time of its own.
    pub(super) fn event(&mut self, raw: &[u8], kept: Option<Stamp>) {
        let kept = kept.map(|at| at.to_string());
        mask(raw, &mut self.masked);
        if let Some(known) = self.seen.get(&self.masked)
            && known
                .causes
                .iter()
                .all(|i| self.found.causes.get(*i).is_some_and(|c| c.request_ids.len() >= super::MAX_REQUEST_IDS))
        {
            let (known, ts) = (known.clone(), stamp(raw).or(kept));
            for i in known.causes {
                self.occurred(i, ts.as_ref());
            }
            for i in known.mentions {
                if let Some(same) = self.found.mentioned.get_mut(i) {
                    same.count += 1;
                }
            }
            if let Some(unclear) = known.unclear.and_then(|i| self.found.unclear.get(i)) {
                let (sample, first) = (unclear.sample.clone(), ts.clone());
                self.found.not_understood(Unclear { count: 1, first, last: ts, sample });
            }
            return;
        }
        let text = String::from_utf8_lossy(raw);
        let mut told = read(&text);
        if let Some(kept) = kept {
            told.at(&kept);
        }
        let memorable = told.trail.is_none() && told.success.is_none() && !told.start;
        let verdict = self.told(told);
        // Remembered only when the short way gives the same time as the long one.
        if let Some(verdict) = verdict.filter(|_| memorable)
            && self.masked.len() <= MAX_REMEMBERED_BYTES
            && same_stamp(raw, &text)
        {
            if self.seen.len() >= MAX_REMEMBERED {
                self.seen.clear();
            }
            self.seen.insert(self.masked.clone(), verdict);
        }
    }

    /// Takes in one record of `CloudTrail`.
    pub(super) fn trail(&mut self, record: &[u8]) {
        if let Some(record) = TrailRecord::read(record) {
            self.told(record.told());
        }
    }

    /// The stream ended inside a document.
    pub(super) fn cut(&mut self) {
        self.found.cut = true;
    }

    /// Records of `CloudTrail` that were too long to be read.
    pub(super) fn trail_dropped(&mut self, records: u64) {
        self.found.trail_overflow += records;
    }

    /// Enters it; gives where, unless a bound kept something out.
    fn told(&mut self, told: Told) -> Option<Verdict> {
        let mut verdict = Verdict::default();
        let mut complete = true;
        for failure in told.failures {
            match self.failed(failure) {
                Some(at) => verdict.causes.push(at),
                None => complete = false,
            }
        }
        for mention in told.mentions {
            match self.found.mentions(mention, 1) {
                Some(at) => verdict.mentions.push(at),
                None => complete = false,
            }
        }
        if let Some(success) = told.success {
            self.succeeded(success);
        }
        if told.start {
            self.started(&Moment { at: told.ts.clone() });
        }
        if let Some(sample) = told.unclear {
            let unclear = Unclear { count: 1, first: told.ts.clone(), last: told.ts, sample };
            verdict.unclear = self.found.not_understood(unclear);
            complete &= verdict.unclear.is_some();
        }
        if let Some(record) = told.trail {
            if self.found.trail.len() < MAX_TRAIL {
                self.found.trail.push(record);
            } else {
                self.found.trail_overflow += 1;
            }
        }
        complete.then_some(verdict)
    }

    fn failed(&mut self, mut failure: Failure) -> Option<usize> {
        let (ts, id) = (failure.ts.take(), failure.request_id.take());
        let key = key(&failure);
        let at = match self.index.get(&key) {
            Some(at) => *at,
            None if self.found.causes.len() < MAX_CAUSES => {
                let at = self.found.causes.len();
                self.index.insert(key, at);
                let mut cause = Cause::new(failure);
                let near = &mut cause.neighbours;
                (near.lead, near.succeeded_before) = first_and_last(&self.found.successes, &cause.failure);
                let record = cause.failure.subject.is_some();
                let later = |m: &mut Moment| record && m.at.as_ref().zip(ts.as_ref()).is_some_and(|(at, ts)| at > ts);
                near.recovered = near.succeeded_before.take_if(later);
                near.started.clone_from(&self.found.starts.last);
                self.found.causes.push(cause);
                at
            }
            None => {
                self.found.overflow += 1;
                return None;
            }
        };
        self.occurred(at, ts.as_ref());
        if let Some(cause) = self.found.causes.get_mut(at) {
            cause.request(id.as_ref());
        }
        Some(at)
    }

    fn occurred(&mut self, at: usize, ts: Option<&String>) {
        let Some(cause) = self.found.causes.get_mut(at) else { return };
        // It is on both lists already unless it is new, was cured, or the program started again.
        let near = &cause.neighbours;
        if cause.count == 0 || near.recovered.is_some() {
            self.uncured.push(at);
        }
        if cause.count == 0 || near.restarted.is_some() {
            self.running.push(at);
        }
        cause.occurred(ts);
    }

    fn succeeded(&mut self, success: Success) {
        let moment = Moment::of(success.ts.as_ref());
        let causes = &mut self.found.causes;
        self.uncured.retain(|at| {
            let cause = causes.get_mut(*at).filter(|cause| cures(&success, &cause.failure));
            !cause.is_some_and(|cause| cause.cured(&moment))
        });
        self.found.success_count += 1;
        let order = self.found.success_count;
        self.found.entered(SeenSuccess { count: 1, first: moment.clone(), last: moment, success, order });
    }

    fn started(&mut self, moment: &Moment) {
        self.found.starts.saw(moment);
        for at in self.running.drain(..) {
            if let Some(cause) = self.found.causes.get_mut(at) {
                cause.neighbours.restarted.get_or_insert_with(|| moment.clone());
            }
        }
    }

    pub(super) fn finish(self, bytes: u64, first_line_at: Option<String>) -> Summary {
        Summary { bytes, first_line_at, ..self.found }
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
