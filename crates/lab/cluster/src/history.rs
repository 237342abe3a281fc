//! What has changed in the store of late, for watches: kept once for all of them, bounded in number and in bytes.

use std::collections::VecDeque;

use serde_json::Value;
use tokio::sync::watch;

use crate::{
    errors::ApiError,
    store::{Event, Store},
};

/// Past events kept so that a watch can resume; etcd keeps five minutes' worth, which the lab, broken, fills with
/// about as many.
const MOST_EVENTS: usize = 4096;
/// Bytes of JSON they hold together; in memory it is some four times as much.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Deepest nesting of an object. What walks through objects does so by recursion, and parsing alone bounds only what
/// arrives at once (`serde_json` stops at 128, too).
pub(crate) const DEEPEST: usize = 128;
/// Largest object, as etcd has it (`--max-request-bytes`, 1.5 MiB).
const LARGEST_OBJECT: usize = 1536 * 1024;

/// Bytes an object takes as JSON, about. Refused when it is deeper or larger than a store takes.
pub(crate) fn weigh(object: &Value) -> Result<usize, ApiError> {
    let mut bytes = 0;
    if !within(object, DEEPEST, &mut bytes) {
        return Err(ApiError::bad_request(format!("the object is nested more than {DEEPEST} deep")));
    }
    if bytes > LARGEST_OBJECT {
        return Err(ApiError::internal("etcdserver: request is too large"));
    }
    Ok(bytes)
}

/// Whether a value is at most `depth` deep; adds up what it takes on the way.
pub(crate) fn within(value: &Value, depth: usize, bytes: &mut usize) -> bool {
    /// Quotes and a separator, or a number.
    const AROUND: usize = 8;
    *bytes += AROUND;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => {
            *bytes += text.len();
            true
        }
        Value::Array(items) => depth > 0 && items.iter().all(|item| within(item, depth - 1, bytes)),
        Value::Object(map) => {
            depth > 0
                && map.iter().all(|(name, item)| {
                    *bytes += name.len();
                    within(item, depth - 1, bytes)
                })
        }
    }
}

/// The last changes.
#[derive(Default)]
pub(crate) struct History {
    events: VecDeque<(Event, usize)>,
    bytes: usize,
    forgotten: u64,
}

/// What comes after a version.
pub(crate) enum Next {
    /// This change.
    Change(Event),
    /// None yet.
    Nothing,
    /// Changes that are no longer known.
    Forgotten(u64),
}

impl History {
    /// Adds a change of an object of so many bytes; the oldest give way.
    pub(crate) fn push(&mut self, event: Event, bytes: usize) {
        self.bytes += bytes;
        self.events.push_back((event, bytes));
        while self.events.len() > MOST_EVENTS || self.bytes > MOST_BYTES {
            let Some((lost, bytes)) = self.events.pop_front() else { break };
            self.bytes -= bytes;
            self.forgotten = lost.version;
        }
    }

    /// The first change after `version`.
    pub(crate) fn after(&self, version: u64) -> Next {
        if version < self.forgotten {
            return Next::Forgotten(self.forgotten);
        }
        let index = self.events.partition_point(|(event, _)| event.version <= version);
        self.events.get(index).map_or(Next::Nothing, |(event, _)| Next::Change(event.clone()))
    }
}

/// A subscription to changes, in order and without gaps from its start. It holds no changes of its own.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    seen: u64,
    changes: watch::Receiver<u64>,
}

impl Watch {
    pub(crate) fn new(store: Store, seen: u64, changes: watch::Receiver<u64>) -> Self {
        Self { store, seen, changes }
    }

    /// The next change. `None` when this reader fell so far behind that changes were lost: list again and
    /// subscribe anew.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.store.after(self.seen) {
                Next::Change(event) => {
                    self.seen = event.version;
                    return Some(event);
                }
                Next::Forgotten(_) => return None,
                Next::Nothing => self.changes.changed().await.ok()?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::store::{EventKind, Gvr, Key};

    fn change(version: u64) -> Event {
        let object = Arc::new(json!({}));
        let key = Key::new(Gvr::core("configmaps"), Some("a"), "b");
        Event { kind: EventKind::Modified, key, object, previous: None, version }
    }

    #[test]
    fn few_large_changes_push_out_as_many_small_ones() {
        let mut history = History::default();
        for version in 1..=100 {
            history.push(change(version), 10);
        }
        assert!(matches!(history.after(0), Next::Change(event) if event.version == 1));
        for version in 101..=140 {
            history.push(change(version), MOST_BYTES / 20);
        }
        assert!(history.bytes <= MOST_BYTES && history.events.len() == 20, "{}", history.events.len());
        assert!(matches!(history.after(100), Next::Forgotten(120)));
        assert!(matches!(history.after(120), Next::Change(event) if event.version == 121));
        assert!(matches!(history.after(140), Next::Nothing));
    }

    #[test]
    fn objects_too_deep_or_too_large_are_refused() {
        let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(weigh(&nested(DEEPEST)).is_ok());
        assert_eq!(weigh(&nested(DEEPEST + 1)).unwrap_err().code, 400);
        assert_eq!(weigh(&json!("x".repeat(LARGEST_OBJECT))).unwrap_err().code, 500);
    }
}
