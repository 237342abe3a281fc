//! What a scan found: one entry for each distinct cause.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use trustwalk_symptoms::{Failure, Symptom};

/// Distinct causes kept; a log with more names everything it meets (a role per line, say), and
/// later ones are only counted.
pub const MAX_CAUSES: usize = 4096;
/// Request ids kept for each cause: enough for a support case.
pub const MAX_REQUEST_IDS: usize = 8;

/// One distinct failure and how often it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Distinct failures in the order they were met.
    pub causes: Vec<Cause>,
    /// Bytes read, after decompression.
    pub bytes: u64,
    /// Failures not entered because [`MAX_CAUSES`] was reached.
    pub overflow: u64,
}

impl Summary {
    /// All failures, those beyond the bound included.
    pub fn failures(&self) -> u64 {
        self.causes.iter().map(|c| c.count).sum::<u64>() + self.overflow
    }

    /// Takes in what a later part of the same log holds.
    pub fn merge(&mut self, later: Self) {
        self.bytes += later.bytes;
        self.overflow += later.overflow;
        let mut index: HashMap<Key, usize> =
            self.causes.iter().enumerate().map(|(i, c)| (key(&c.failure), i)).collect();
        for cause in later.causes {
            let at = index.get(&key(&cause.failure)).copied();
            if let Some(same) = at.and_then(|i| self.causes.get_mut(i)) {
                same.count += cause.count;
                same.saw(cause.first.as_ref());
                same.saw(cause.last.as_ref());
                for id in cause.request_ids {
                    same.request(Some(&id));
                }
            } else if self.causes.len() < MAX_CAUSES {
                index.insert(key(&cause.failure), self.causes.len());
                self.causes.push(cause);
            } else {
                self.overflow += cause.count;
            }
        }
    }
}

/// What makes two failures the same.
pub(crate) type Key = (Symptom, Option<String>, Option<String>, Option<String>, Option<String>);

pub(crate) fn key(f: &Failure) -> Key {
    (f.symptom, f.role_arn.clone(), f.issuer.clone(), f.denied_action.clone(), f.detail.clone())
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
        };
        cause.failure.ts = None;
        cause.failure.request_id = None;
        cause
    }

    /// Widens the span of time. The texts order as the times do: one form, UTC.
    pub(crate) fn saw(&mut self, ts: Option<&String>) {
        let Some(ts) = ts else { return };
        if self.first.as_ref().is_none_or(|f| ts < f) {
            self.first = Some(ts.clone());
        }
        if self.last.as_ref().is_none_or(|l| ts > l) {
            self.last = Some(ts.clone());
        }
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
