//! Endpoints that several inputs share: fetched once, remembered for a while, bounded.

use std::collections::{HashMap, VecDeque};

use super::answer::Answer;
use super::input::Endpoint;

/// Answers remembered. An answer is about 1.5 kB, so that they take 1.5 MB, which a core's cache holds.
const MAX_REMEMBERED: usize = 1024;

enum Entry {
    /// Being fetched; these inputs wait for it.
    Waiting(Vec<String>),
    Known(Answer),
}

/// What is known about an endpoint that an input names.
pub(super) enum Look {
    /// Nobody asked yet: fetch it.
    Fetch,
    /// It is being fetched, and the input waits.
    Waits,
    /// It is known.
    Known(Answer),
}

#[derive(Default)]
pub(super) struct Shared {
    entries: HashMap<Endpoint, Entry>,
    order: VecDeque<Endpoint>,
    waiting: usize,
}

impl Shared {
    /// Inputs that wait for somebody else's fetch.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(super) fn look(&mut self, endpoint: &Endpoint, input: &str) -> Look {
        match self.entries.get_mut(endpoint) {
            Some(Entry::Known(answer)) => Look::Known(answer.clone()),
            Some(Entry::Waiting(inputs)) => {
                inputs.push(input.to_owned());
                self.waiting += 1;
                Look::Waits
            }
            None => {
                self.entries.insert(endpoint.clone(), Entry::Waiting(Vec::new()));
                Look::Fetch
            }
        }
    }

    /// Remembers an answer and gives back the inputs that waited for it.
    pub(super) fn answered(&mut self, endpoint: Endpoint, answer: Answer) -> Vec<String> {
        let waited = match self.entries.insert(endpoint.clone(), Entry::Known(answer)) {
            Some(Entry::Waiting(inputs)) => inputs,
            Some(Entry::Known(_)) | None => Vec::new(),
        };
        self.waiting = self.waiting.saturating_sub(waited.len());
        self.order.push_back(endpoint);
        if self.order.len() > MAX_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        waited
    }
}
