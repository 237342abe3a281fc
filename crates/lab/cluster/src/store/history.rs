//! What has changed in the store of late, for watches: kept once for all of them, bounded in number and in bytes.

use std::{collections::VecDeque, sync::Arc};

use serde_json::Value;
use tokio::sync::watch;

use super::Store;
use crate::objects::address::Key;

/// Past events kept so that a watch can resume; etcd keeps five minutes' worth, which the lab, broken, fills with
/// about as many.
const MOST_EVENTS: usize = 4096;
/// Bytes of JSON they hold together; in memory it is some four times as much.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// It came to be.
    Added,
    /// It changed.
    Modified,
    /// It is gone; the event carries its last state.
    Deleted,
}

/// One change in the store.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To which object.
    pub key: Key,
    /// The object after the change, or its last state.
    pub object: Arc<Value>,
    /// The object before a modification.
    pub previous: Option<Arc<Value>>,
    /// The store's version at the change.
    pub version: u64,
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
    /// One that begins after a version: what was before is not known.
    pub(crate) fn from(version: u64) -> Self {
        Self { forgotten: version, ..Self::default() }
    }

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
    use crate::{
        objects::address::{Gvr, Key},
        store::EventKind,
    };

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
}
