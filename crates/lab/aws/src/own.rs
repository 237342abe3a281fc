//! What is one account's alone: its state, under a lock whose release has every change kept and sent on its way.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use jiff::Timestamp;
use serde::Serialize;
use trustwalk_lab_keep::{Batch, Journal};

use crate::lag::{Lags, Propagation, Touched, View};
use crate::state::State;
use crate::table::Table;
use crate::throttle::Buckets;

/// Who hears of a cluster's associations: namespace and service account of each.
pub type Follower = Arc<dyn Fn(&BTreeSet<(String, String)>) + Send + Sync>;

/// What is one account's alone.
pub(crate) struct Own {
    pub(crate) id: String,
    inside: Mutex<Inside>,
    /// One for all accounts behind the endpoint: it is STS that has words.
    pub(crate) refuses_audiences_briefly: Arc<AtomicBool>,
    /// By cluster.
    pub(crate) followers: Mutex<BTreeMap<String, Follower>>,
    pub(crate) journal: Mutex<Option<Arc<Journal>>>,
    pub(crate) buckets: Buckets,
}

/// What there is, and what is seen of it late.
struct Inside {
    state: State,
    lags: Lags,
}

/// The state while it is held.
pub(crate) struct Held<'a> {
    own: &'a Own,
    inside: MutexGuard<'a, Inside>,
    view: View,
    now: Timestamp,
}

impl Own {
    /// An account's own with a state, kept nowhere.
    pub(crate) fn new(id: &str, state: State, words: Arc<AtomicBool>) -> Self {
        Self {
            id: id.to_owned(),
            inside: Mutex::new(Inside { state, lags: Lags::default() }),
            refuses_audiences_briefly: words,
            followers: Mutex::default(),
            journal: Mutex::new(None),
            buckets: Buckets::default(),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how late changes are seen from now on.
    pub(crate) fn set_lags(&self, propagation: Propagation) {
        let Inside { state, lags } = &mut *self.inside();
        lags.set(state, propagation);
    }

    /// The state as somebody sees it. A panic elsewhere leaves it as it was: every change is one assignment.
    pub(crate) fn hold(&self, view: View, now: Timestamp) -> Held<'_> {
        let mut inside = self.inside();
        let Inside { state, lags } = &mut *inside;
        lags.exchange(state, view, now);
        Held { own: self, inside, view, now }
    }

    /// Keeps what was changed.
    fn settle(&self, Inside { state, lags }: &mut Inside, now: Timestamp) {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut batch = journal.as_ref().map(|_| Batch::default());
        let late = Touched {
            roles: changed(&self.id, "roles", &mut state.roles, &mut batch),
            kept: changed(&self.id, "kept", &mut state.kept, &mut batch),
            policies: changed(&self.id, "policies", &mut state.policies, &mut batch),
            providers: changed(&self.id, "providers", &mut state.providers, &mut batch),
            profiles: changed(&self.id, "profiles", &mut state.profiles, &mut batch),
        };
        changed(&self.id, "keys", &mut state.keys, &mut batch);
        changed(&self.id, "clusters", &mut state.clusters, &mut batch);
        changed(&self.id, "beside", &mut state.beside, &mut batch);
        changed(&self.id, "eks-tags", &mut state.eks_tags, &mut batch);
        let (added, lost) = state.events.take_changes();
        if let Some(batch) = &mut batch {
            let name = table_name(&self.id, "trail");
            for (number, event) in state.events.numbered().take(added) {
                batch.put(&name, &key_of(number), event);
            }
            for number in lost {
                batch.remove(&name, &key_of(number));
            }
        }
        if lags.is_late() {
            lags.send(state, &late, now);
        }
        if let (Some(journal), Some(batch)) = (journal, batch) {
            journal.keep(batch);
        }
    }
}

/// Name of a table of an account where it is kept.
pub(crate) fn table_name(account: &str, table: &str) -> String {
    format!("account/{account}/{table}")
}

/// Key of an event: numbers in their order.
pub(crate) fn key_of(number: u64) -> String {
    format!("{number:020}")
}

/// Adds the changed entries of a table to what is kept; their names.
fn changed<V: Serialize>(account: &str, name: &str, table: &mut Table<V>, batch: &mut Option<Batch>) -> Vec<String> {
    let touched = table.take_touched();
    if let Some(batch) = batch.as_mut().filter(|_| !touched.is_empty()) {
        let name = table_name(account, name);
        for key in &touched {
            match table.get(key) {
                Some(value) => batch.put(&name, key, value),
                None => batch.remove(&name, key),
            }
        }
    }
    touched.into_iter().collect()
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.inside.state
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.inside.state
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let Inside { state, lags } = &mut *self.inside;
        lags.exchange(state, self.view, self.now);
        self.own.settle(&mut self.inside, self.now);
    }
}
