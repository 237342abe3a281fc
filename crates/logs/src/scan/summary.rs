//! What a scan found: one entry for each distinct cause.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::neighbours::{MAX_SUCCESSES, Moment, Neighbours, SeenSuccess, Starts, first_and_last};
use trustwalk_symptoms::{Failure, Mention, Region, Stamp, Subject, Success, Symptom, TrailRecord};

/// Distinct causes kept; a log with more names everything it meets (a role per line, say), and
/// later ones are only counted.
pub const MAX_CAUSES: usize = 4096;
/// Request ids kept for each cause: enough for a support case.
pub const MAX_REQUEST_IDS: usize = 8;
/// Distinct lines kept that were not understood; later ones are only counted.
pub const MAX_UNCLEAR: usize = 64;
/// Kinds of mentions kept: of each failure, one for each thing that it may stand in.
pub const MAX_MENTIONS: usize = 64;
/// Records of `CloudTrail` kept; later ones are only counted.
pub const MAX_TRAIL: usize = 1024;

/// One distinct failure and how often it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cause {
    /// Events of this failure.
    pub count: u64,
    /// First time, UTC in ISO 8601.
    pub first: Option<String>,
    /// Last time, UTC in ISO 8601.
    pub last: Option<String>,
    /// The words of its first event, redacted.
    pub sample: String,
    /// AWS's request ids of the first events, at most [`MAX_REQUEST_IDS`].
    pub request_ids: Vec<String>,
    /// What it means, as the first event tells it.
    pub failure: Failure,
    /// What stands around it in the log.
    #[serde(default)]
    pub neighbours: Neighbours,
}

/// Words about AWS's credentials, tokens or STS that tell of trouble and that no wording matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unclear {
    /// How often words came that differ only in numbers.
    pub count: u64,
    /// The time of the first.
    pub first: Option<String>,
    /// The time of the last.
    pub last: Option<String>,
    /// The first of them, redacted.
    pub sample: String,
}

/// Words of a failure that are only quoted, and how often they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Mentioned {
    /// How often.
    pub count: u64,
    /// The first of them.
    pub mention: Mention,
}

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Summary {
    /// Distinct failures in the order they were met.
    pub causes: Vec<Cause>,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Failures not entered because [`MAX_CAUSES`] was reached.
    pub overflow: u64,
    /// The time of the log's first line that has one, if it is near the beginning.
    #[serde(default)]
    pub first_line_at: Option<String>,
    /// Distinct successes in the order they were met, at most [`MAX_SUCCESSES`].
    #[serde(default)]
    pub successes: Vec<SeenSuccess>,
    /// All successes, those beyond the bound included.
    #[serde(default)]
    pub success_count: u64,
    /// Starts of the program.
    #[serde(default)]
    pub starts: Starts,
    /// Lines that were not understood, at most [`MAX_UNCLEAR`].
    #[serde(default)]
    pub unclear: Vec<Unclear>,
    /// Failures of which the log only quotes the words, at most [`MAX_MENTIONS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentioned: Vec<Mentioned>,
    /// Lines not understood that were not entered.
    #[serde(default)]
    pub unclear_overflow: u64,
    /// Records of `CloudTrail` about web identity, at most [`MAX_TRAIL`], in their order.
    #[serde(default)]
    pub trail: Vec<TrailRecord>,
    /// Records of `CloudTrail` not entered, or too long to be read.
    #[serde(default)]
    pub trail_overflow: u64,
    /// Whether a file of `CloudTrail`'s ended inside a document: what followed is missing.
    #[serde(default)]
    pub cut: bool,
}

impl Summary {
    /// All failures, those beyond the bound included.
    pub fn failures(&self) -> u64 {
        self.causes.iter().map(|c| c.count).sum::<u64>() + self.overflow
    }

    /// Takes in what another log holds: its neighbours are its own.
    pub fn merge(&mut self, other: Self) {
        self.join(other, Join::Beside);
    }

    /// Takes in what a later part of the same log holds.
    pub(crate) fn append(&mut self, later: Self) {
        self.join(later, Join::After);
    }

    /// Takes in what the next run of the same program wrote: between the two it was started, whether it says so or not.
    pub fn follow(&mut self, mut later: Self) {
        if later.starts.count == 0 {
            let began = Moment { at: later.first_line_at.clone() };
            for cause in &mut later.causes {
                cause.neighbours.started.get_or_insert_with(|| began.clone());
            }
            later.starts.saw(&began);
        }
        self.join(later, Join::After);
    }

    fn join(&mut self, mut later: Self, how: Join) {
        if how == Join::After {
            self.foretell(&mut later);
        }
        if self.bytes == 0 {
            self.first_line_at = later.first_line_at.take();
        }
        self.bytes += later.bytes;
        self.overflow += later.overflow;
        let mut index: HashMap<Key, usize> =
            self.causes.iter().enumerate().map(|(i, c)| (key(&c.failure), i)).collect();
        for cause in later.causes {
            let at = index.get(&key(&cause.failure)).copied();
            if let Some(same) = at.and_then(|i| self.causes.get_mut(i)) {
                same.join(cause, how);
            } else if self.causes.len() < MAX_CAUSES {
                index.insert(key(&cause.failure), self.causes.len());
                self.causes.push(cause);
            } else {
                self.overflow += cause.count;
            }
        }
        for mut seen in later.successes {
            seen.order += self.success_count;
            self.entered(seen);
        }
        self.success_count += later.success_count;
        self.starts.append(later.starts);
        self.unclear_overflow += later.unclear_overflow;
        for unclear in later.unclear {
            self.not_understood(unclear);
        }
        for Mentioned { count, mention } in later.mentioned {
            self.mentions(mention, count);
        }
        let room = MAX_TRAIL - self.trail.len().min(MAX_TRAIL);
        self.cut |= later.cut;
        self.trail_overflow += later.trail_overflow + later.trail.len().saturating_sub(room) as u64;
        self.trail.extend(later.trail.into_iter().take(room));
    }

    /// Tells the failures that are in one of two parts what the other part holds beside them.
    fn foretell(&mut self, later: &mut Self) {
        let keys = |all: &[Cause]| all.iter().map(|c| key(&c.failure)).collect::<HashSet<Key>>();
        let (ours, theirs) = (keys(&self.causes), keys(&later.causes));
        for cause in self.causes.iter_mut().filter(|c| !theirs.contains(&key(&c.failure))) {
            let near = &mut cause.neighbours;
            if near.recovered.is_none() {
                near.recovered = first_and_last(&later.successes, &cause.failure).0;
            }
            if near.restarted.is_none() {
                near.restarted.clone_from(&later.starts.first);
            }
        }
        for cause in later.causes.iter_mut().filter(|c| !ours.contains(&key(&c.failure))) {
            let near = &mut cause.neighbours;
            let (first, last) = first_and_last(&self.successes, &cause.failure);
            near.succeeded_before = near.succeeded_before.take().or(last);
            near.lead = first.or(near.lead.take());
            near.started = near.started.take().or_else(|| self.starts.last.clone());
        }
    }

    /// Enters a success, or counts it with its like.
    pub(super) fn entered(&mut self, seen: SeenSuccess) {
        let like = |s: &SeenSuccess| {
            let (a, b) = (&s.success, &seen.success);
            let who = |s: &Success| (s.subject.clone(), s.audience.clone(), s.region.clone());
            a.kind == b.kind && a.role_arn == b.role_arn && a.principal_arn == b.principal_arn && who(a) == who(b)
        };
        if let Some(same) = self.successes.iter_mut().find(|s| like(s)) {
            same.count += seen.count;
            same.last = seen.last;
            same.order = seen.order;
        } else if self.successes.len() < MAX_SUCCESSES {
            self.successes.push(seen);
        }
    }

    /// Enters a line that was not understood, or counts it with its like; gives its place.
    pub(super) fn not_understood(&mut self, unclear: Unclear) -> Option<usize> {
        let wanted = without_numbers(&unclear.sample);
        if let Some(at) = self.unclear.iter().position(|u| without_numbers(&u.sample) == wanted) {
            if let Some(same) = self.unclear.get_mut(at) {
                same.count += unclear.count;
                widen(&mut same.first, &mut same.last, unclear.first.as_ref());
                widen(&mut same.first, &mut same.last, unclear.last.as_ref());
            }
            return Some(at);
        }
        if self.unclear.len() >= MAX_UNCLEAR {
            self.unclear_overflow += unclear.count;
            return None;
        }
        self.unclear.push(unclear);
        Some(self.unclear.len() - 1)
    }

    /// Enters words that are only quoted, or counts them with their like; gives their place.
    pub(super) fn mentions(&mut self, mention: Mention, count: u64) -> Option<usize> {
        let like = |m: &Mentioned| m.mention.symptom == mention.symptom && m.mention.dress == mention.dress;
        if let Some(at) = self.mentioned.iter().position(like) {
            if let Some(same) = self.mentioned.get_mut(at) {
                same.count += count;
            }
            return Some(at);
        }
        if self.mentioned.len() >= MAX_MENTIONS {
            return None;
        }
        self.mentioned.push(Mentioned { count, mention });
        Some(self.mentioned.len() - 1)
    }

    /// Says how long after the start each failure came, once the log is whole.
    pub(crate) fn settle(&mut self) {
        let millis = |text: &String| Stamp::find(text).map(Stamp::millis);
        for cause in &mut self.causes {
            let started = cause.neighbours.started.as_ref().and_then(|m| m.at.as_ref());
            let from = started.or(self.first_line_at.as_ref()).and_then(millis);
            let to = cause.first.as_ref().and_then(millis);
            cause.neighbours.after_start_seconds =
                to.zip(from).map(|(to, from)| (to - from) / 1000).filter(|s| *s >= 0);
        }
    }
}

/// How a second summary lies to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    /// It is of a later part of the same log.
    After,
    /// It is of another log.
    Beside,
}

/// What makes two failures the same.
pub(crate) type Key = (
    Symptom,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Subject>,
    Option<String>,
    Option<Region>,
);

/// The last three are those of records of `CloudTrail`, which tell who asked, and where. A line names a region only
/// where it matters.
pub(crate) fn key(f: &Failure) -> Key {
    let record = f.subject.is_some();
    (
        f.symptom,
        f.role_arn.clone(),
        f.issuer.clone(),
        f.denied_action.clone(),
        f.detail.clone(),
        f.subject.clone(),
        f.audience.clone().filter(|_| record),
        f.region.clone().filter(|_| record),
    )
}

/// Whether two failures are counted as one.
pub fn same_failure(a: &Failure, b: &Failure) -> bool {
    key(a) == key(b)
}

impl Cause {
    pub(crate) fn new(failure: Failure) -> Self {
        let mut cause = Self {
            count: 0,
            first: None,
            last: None,
            sample: failure.message.clone(),
            request_ids: Vec::new(),
            failure,
            neighbours: Neighbours::default(),
        };
        cause.failure.ts = None;
        cause.failure.request_id = None;
        cause
    }

    fn join(&mut self, other: Self, how: Join) {
        self.count += other.count;
        self.saw(other.first.as_ref());
        self.saw(other.last.as_ref());
        for id in other.request_ids {
            self.request(Some(&id));
        }
        match how {
            Join::After => self.neighbours.append(other.neighbours),
            Join::Beside => self.neighbours.beside(other.neighbours),
        }
    }

    /// Counts an occurrence.
    pub(crate) fn occurred(&mut self, ts: Option<&String>) {
        self.count += 1;
        self.saw(ts);
        let near = &mut self.neighbours;
        // Records stand in any order: a success that is later than this occurrence is still the later one.
        let record = self.failure.subject.is_some();
        let later = |m: &Moment| record && m.at.as_ref().zip(ts).is_some_and(|(at, ts)| at > ts);
        if let Some(success) = near.recovered.take_if(|m| !later(m)) {
            near.again_after = Some(success);
        }
        near.restarted = None;
    }

    /// A success that would cure it was seen; whether it does: records stand in any order, and what came before the
    /// last occurrence cures nothing.
    pub(crate) fn cured(&mut self, moment: &Moment) -> bool {
        let record = self.failure.subject.is_some();
        let earlier = record && moment.at.as_ref().zip(self.last.as_ref()).is_some_and(|(at, last)| at < last);
        if earlier {
            self.neighbours.succeeded_before.get_or_insert_with(|| moment.clone());
        } else {
            self.neighbours.recovered.get_or_insert_with(|| moment.clone());
        }
        !earlier
    }

    /// Widens the span of time.
    pub(crate) fn saw(&mut self, ts: Option<&String>) {
        widen(&mut self.first, &mut self.last, ts);
    }

    pub(crate) fn request(&mut self, id: Option<&String>) {
        if let Some(id) = id
            && self.request_ids.len() < MAX_REQUEST_IDS
            && !self.request_ids.contains(id)
        {
            self.request_ids.push(id.clone());
        }
    }
}

/// Widens a span of time. The texts order as the times do: one form, UTC.
fn widen(first: &mut Option<String>, last: &mut Option<String>, ts: Option<&String>) {
    let Some(ts) = ts else { return };
    if first.as_ref().is_none_or(|f| ts < f) {
        *first = Some(ts.clone());
    }
    if last.as_ref().is_none_or(|l| ts > l) {
        *last = Some(ts.clone());
    }
}

/// The words with each number as `0`: lines that differ in nothing else are alike.
fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('0') {
            out.push('0');
        }
    }
    out
}
