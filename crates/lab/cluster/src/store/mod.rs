//! The objects and their versions: an in-memory, watchable store with optimistic
//! concurrency, shared by the API, the controllers and the kubelets.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use serde_json::Value;
use tokio::sync::watch;

mod history;
mod keeping;
mod kinds;
mod laying;
mod packed;
mod resting;

pub use history::{Event, EventKind, Watch};
use history::{History, Next};
use keeping::Keeper;
pub(crate) use kinds::definitions;
use packed::Held;
pub use packed::{AT_REST, Seen, is_at_rest};
pub(crate) use resting::Resting;
pub use resting::Well;

use crate::{
    contract::Clock,
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json, meta, names,
        size::weigh,
    },
};

/// Bytes of JSON of all objects together: many times what a lab's story takes (etcd has `--quota-backend-bytes`).
const LARGEST_STORE: usize = 64 * 1024 * 1024;

/// A namespace, if there is one, and a name: what objects of a resource are ordered by.
pub(crate) type Place = (Option<String>, String);

#[derive(Default)]
struct State {
    version: u64,
    objects: BTreeMap<Gvr, BTreeMap<Place, Held>>,
    history: History,
    /// Bytes of all objects.
    bytes: usize,
}

impl State {
    fn find(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(&key.gvr.stored())?.get(&(key.namespace.clone(), key.name.clone())).map(Held::get)
    }

    /// Makes room for an object of `new` bytes in place of one of `old`.
    fn fit(&mut self, old: usize, new: usize) -> Result<(), ApiError> {
        let bytes = self.bytes.saturating_sub(old).saturating_add(new);
        // What gets smaller helps, however full it is.
        if bytes > LARGEST_STORE && new > old {
            return Err(ApiError::internal("etcdserver: mvcc: database space exceeded"));
        }
        self.bytes = bytes;
        Ok(())
    }
}

struct Inner {
    state: RwLock<State>,
    changes: watch::Sender<u64>,
    clock: Clock,
    keeper: OnceLock<Keeper>,
}

/// Whether somebody's finalizer holds an object; a namespace has its own.
fn is_held(object: &Value) -> bool {
    let own = json::text(object, "/kind") == "Namespace" && !json::items(object, "/spec/finalizers").is_empty();
    own || !json::items(object, "/metadata/finalizers").is_empty()
}

/// Whether an object is being deleted and nothing holds it any more.
fn is_finished(object: &Value) -> bool {
    !json::at(object, "/metadata/deletionTimestamp").is_null() && !is_held(object)
}

/// The cluster's objects. Cloning shares them.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("version", &self.read().version).finish_non_exhaustive()
    }
}

impl Store {
    /// An empty store on the given clock.
    pub fn new(clock: Clock) -> Self {
        Self::holding(State::default(), clock)
    }

    fn holding(state: State, clock: Clock) -> Self {
        let changes = watch::Sender::new(state.version);
        Self(Arc::new(Inner { state: RwLock::new(state), changes, clock, keeper: OnceLock::new() }))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current time of the cluster.
    pub fn now(&self) -> jiff::Timestamp {
        (self.0.clock)()
    }

    /// The version of the last change.
    pub fn version(&self) -> u64 {
        self.read().version
    }

    /// One object.
    pub fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.read().find(key)
    }

    /// All objects of a resource, of one namespace or of all, ordered by namespace
    /// and name, with the version the list is valid at.
    pub fn list(&self, gvr: &Gvr, namespace: Option<&str>) -> (u64, Vec<Arc<Value>>) {
        let (version, found) = self.held(gvr, namespace);
        // Nobody waits for what is unpacked.
        (version, found.iter().map(Held::get).collect())
    }

    /// The same objects as they are held: those that are packed stay so.
    pub fn seen(&self, gvr: &Gvr, namespace: Option<&str>) -> Vec<Seen> {
        self.held(gvr, namespace).1.into_iter().map(Seen).collect()
    }

    /// Those that come after a namespace and a name, with the version that this is valid at.
    pub(crate) fn seen_after(&self, gvr: &Gvr, namespace: Option<&str>, after: Option<Place>) -> (u64, Vec<Seen>) {
        let (version, found) = self.held_after(gvr, namespace, after);
        (version, found.into_iter().map(Seen).collect())
    }

    fn held(&self, gvr: &Gvr, namespace: Option<&str>) -> (u64, Vec<Held>) {
        self.held_after(gvr, namespace, None)
    }

    fn held_after(&self, gvr: &Gvr, namespace: Option<&str>, after: Option<Place>) -> (u64, Vec<Held>) {
        let state = self.read();
        let first = (namespace.map(str::to_owned), String::new());
        let first = after.filter(|after| *after >= first).map_or(Bound::Included(first), Bound::Excluded);
        let found = state
            .objects
            .get(&gvr.stored())
            .into_iter()
            .flat_map(|all| all.range((first.as_ref(), Bound::Unbounded)))
            // Those of a namespace stand together.
            .take_while(|((ns, _), _)| namespace.is_none_or(|want| ns.as_deref() == Some(want)))
            .map(|(_, object)| object.clone())
            .collect();
        (state.version, found)
    }

    /// Where those objects are that an object of this uid owns.
    pub(crate) fn owned_by(&self, uid: &str) -> Vec<Key> {
        self.keys(|_, object| object.is_owned_by(uid))
    }

    /// Where everything in a namespace is.
    pub(crate) fn inside(&self, namespace: &str) -> Vec<Key> {
        self.keys(|(own, _), _| own.as_deref() == Some(namespace))
    }

    fn keys(&self, wanted: impl Fn(&Place, &Held) -> bool) -> Vec<Key> {
        let state = self.read();
        let of = |gvr: &Gvr, all: &BTreeMap<Place, Held>| -> Vec<Key> {
            let found = all.iter().filter(|(place, object)| wanted(place, object));
            found.map(|((namespace, name), _)| Key::new(gvr.clone(), namespace.as_deref(), name)).collect()
        };
        state.objects.iter().flat_map(|(gvr, all)| of(gvr, all)).collect()
    }

    /// Adds an object after filling in name (from `generateName`), uid, creation
    /// time, generation, resourceVersion and the kind's documented defaults.
    pub fn create(&self, gvr: &Gvr, object: Value) -> Result<Arc<Value>, ApiError> {
        self.create_at(gvr, object, self.now())
    }

    /// As [`Store::create`], for an object that has been there since `born`.
    pub fn create_at(&self, gvr: &Gvr, mut object: Value, born: jiff::Timestamp) -> Result<Arc<Value>, ApiError> {
        let stored = gvr.stored();
        let kind = self.kind(&gvr.group, &gvr.version, &gvr.resource).ok_or_else(ApiError::no_such_path)?;
        let mut state = self.write();
        meta::prepare_create(kind, &mut object, born)?;
        let key = Key::of(gvr, &object);
        let place = (key.namespace.clone(), key.name.clone());
        let taken = state.objects.get(&stored).is_some_and(|all| all.contains_key(&place));
        if taken {
            return Err(ApiError::already_exists(gvr, &key.name));
        }
        let bytes = weigh(&object)?;
        state.fit(0, bytes)?;
        state.version += 1;
        json::put(&mut object, "/metadata/resourceVersion", state.version.to_string().into());
        let object = Arc::new(object);
        state.objects.entry(stored).or_default().insert(place, Held::of(Arc::clone(&object), bytes));
        self.publish(&mut state, EventKind::Added, key, &object, None, bytes);
        Ok(object)
    }

    /// Changes an object in place. A changed `spec` raises the generation; a change
    /// that changes nothing keeps the resourceVersion, as Kubernetes does.
    pub fn update(&self, key: &Key, change: impl FnOnce(&mut Value)) -> Result<Arc<Value>, ApiError> {
        self.try_update(key, |object| {
            change(object);
            Ok(())
        })
    }

    /// As [`Store::update`], with a change that can refuse.
    pub fn try_update(
        &self,
        key: &Key,
        change: impl FnOnce(&mut Value) -> Result<(), ApiError>,
    ) -> Result<Arc<Value>, ApiError> {
        let stored = key.gvr.stored();
        let place = (key.namespace.clone(), key.name.clone());
        let mut state = self.write();
        let held = state
            .objects
            .get(&stored)
            .and_then(|all| all.get(&place))
            .cloned()
            .ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
        let old = held.get();
        let mut new = Value::clone(&old);
        change(&mut new)?;
        meta::prepare_update(&old, &mut new);
        if new == *old {
            return Ok(old);
        }
        if is_finished(&new) {
            return self.take(&mut state, key, &new);
        }
        let bytes = weigh(&new)?;
        state.fit(held.bytes()?, bytes)?;
        state.version += 1;
        json::put(&mut new, "/metadata/resourceVersion", state.version.to_string().into());
        let new = Arc::new(new);
        state.objects.entry(stored).or_default().insert(place, Held::of(Arc::clone(&new), bytes));
        self.publish(&mut state, EventKind::Modified, key.clone(), &new, Some(old), bytes);
        Ok(new)
    }

    /// Removes an object and returns its last state. One with finalizers is marked instead, and goes when somebody
    /// takes off the last (Kubernetes docs, "Finalizers").
    pub fn delete(&self, key: &Key) -> Result<Arc<Value>, ApiError> {
        let now = names::stamp(self.now());
        let held = self.get(key).is_some_and(|object| is_held(&object));
        if held {
            return self.update(key, |object| {
                json::put_default(object, "/metadata/deletionTimestamp", now.into());
                json::put_default(object, "/metadata/deletionGracePeriodSeconds", 0.into());
                if json::text(object, "/kind") == "Namespace" {
                    json::put(object, "/status/phase", "Terminating".into());
                }
            });
        }
        let mut state = self.write();
        let last = state.find(key).ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
        self.take(&mut state, key, &last)
    }

    /// Takes an object out, whatever holds it.
    fn take(&self, state: &mut State, key: &Key, last: &Value) -> Result<Arc<Value>, ApiError> {
        let place = (key.namespace.clone(), key.name.clone());
        let held = state
            .objects
            .get_mut(&key.gvr.stored())
            .and_then(|all| all.remove(&place))
            .ok_or_else(|| ApiError::not_found(&key.gvr, &key.name))?;
        state.version += 1;
        let mut last = last.clone();
        json::put(&mut last, "/metadata/resourceVersion", state.version.to_string().into());
        let last = Arc::new(last);
        let bytes = held.bytes()?;
        state.fit(bytes, 0)?;
        self.publish(state, EventKind::Deleted, key.clone(), &last, Some(held.get()), bytes);
        Ok(last)
    }

    fn publish(
        &self,
        state: &mut State,
        kind: EventKind,
        mut key: Key,
        object: &Arc<Value>,
        previous: Option<Arc<Value>>,
        bytes: usize,
    ) {
        key.gvr = key.gvr.stored();
        if let Some(keeper) = self.0.keeper.get() {
            keeper.keep(&key, (kind != EventKind::Deleted).then_some(object), state.version);
        }
        let event = Event { kind, key, object: Arc::clone(object), previous, version: state.version };
        state.history.push(event, bytes);
        self.0.changes.send_replace(state.version);
    }

    /// The first change after a version.
    pub(crate) fn after(&self, version: u64) -> Next {
        self.read().history.after(version)
    }

    /// Changes from now on.
    pub fn watch(&self) -> Watch {
        let state = self.read();
        Watch::new(self.clone(), state.version, self.0.changes.subscribe())
    }

    /// Changes after `version`; 410 when they are no longer all known.
    pub fn watch_from(&self, version: u64) -> Result<Watch, ApiError> {
        if let Next::Forgotten(oldest) = self.after(version) {
            return Err(ApiError::expired(format!("too old resource version: {version} ({oldest})")));
        }
        Ok(Watch::new(self.clone(), version, self.0.changes.subscribe()))
    }
}
