//! What outlives the cluster: each object as it is stored, and the version of the last change.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use trustwalk_lab_keep::{Batch, Journal, KeepError, Restored, Snapshot};

use super::{Held, History, State, Store};
use crate::{
    contract::Clock,
    objects::{
        address::{Gvr, Key},
        size::weigh,
    },
};

/// Keeps what changes in a store.
pub(super) struct Keeper {
    journal: Arc<Journal>,
    names: Names,
}

/// Where the parts of a cluster are kept.
struct Names {
    objects: String,
    own: String,
}

/// The entry of the last version.
const VERSION: &str = "version";

impl Names {
    fn of(cluster: &str) -> Self {
        Self { objects: format!("cluster/{cluster}/objects"), own: format!("cluster/{cluster}/own") }
    }
}

/// How an object is called where it is kept. No part has a slash in it.
fn name(gvr: &Gvr, namespace: Option<&str>, name: &str) -> String {
    [&gvr.group, &gvr.version, &gvr.resource, namespace.unwrap_or_default(), name].join("/")
}

/// The kind and the place of an object by that name.
fn place(name: &str) -> Option<(Gvr, (Option<String>, String))> {
    let parts: Vec<&str> = name.split('/').collect();
    let [group, version, resource, namespace, name] = *parts.as_slice() else { return None };
    let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
    Some((Gvr::new(group, version, resource), (namespace, name.to_owned())))
}

impl Keeper {
    /// Keeps an object as it is now, or that it is gone.
    pub(super) fn keep(&self, key: &Key, object: Option<&Arc<Value>>, version: u64) {
        let mut batch = Batch::default();
        let name = name(&key.gvr, key.namespace.as_deref(), &key.name);
        match object {
            Some(object) => batch.put(&self.names.objects, &name, object.as_ref()),
            None => batch.remove(&self.names.objects, &name),
        }
        batch.put(&self.names.own, VERSION, &version);
        self.journal.keep(batch);
    }
}

impl Store {
    /// The store of a cluster with what was kept of it, if anything was. Watches go on from its last version, and from
    /// none before: those get 410, as after the start of an API server, whose watch cache begins empty.
    pub fn again(clock: Clock, cluster: &str, kept: &mut Restored) -> Result<Option<Self>, KeepError> {
        let names = Names::of(cluster);
        let Some(version) = kept.take_one::<u64>(&names.own, VERSION)? else { return Ok(None) };
        let mut state = State { version, history: History::from(version), ..State::default() };
        let damaged = |name: &str| KeepError::Damaged { path: name.to_owned(), why: "it is no object".to_owned() };
        let mut objects: BTreeMap<Gvr, BTreeMap<_, _>> = BTreeMap::new();
        for (name, object) in kept.take::<Value>(&names.objects)? {
            let (gvr, place) = place(&name).ok_or_else(|| damaged(&name))?;
            let bytes = weigh(&object).map_err(|_| damaged(&name))?;
            state.bytes += bytes;
            objects.entry(gvr).or_default().insert(place, Held::of(Arc::new(object), bytes));
        }
        state.objects = objects;
        Ok(Some(Self::holding(state, clock)))
    }

    /// Has every change kept from now on, before whoever asked for it is answered.
    pub fn keep_in(&self, journal: Arc<Journal>, cluster: &str) {
        // One who keeps them already goes on.
        let _known = self.0.keeper.set(Keeper { journal, names: Names::of(cluster) });
    }

    /// Tells everything that is to be kept.
    pub fn tell(&self, snapshot: &mut Snapshot, cluster: &str) {
        let names = Names::of(cluster);
        // The objects are shared, so that nobody waits for the disk.
        let (version, objects) = {
            let state = self.read();
            (state.version, state.objects.clone())
        };
        for (gvr, all) in &objects {
            for ((namespace, own), object) in all {
                object.tell(snapshot, &names.objects, &name(gvr, namespace.as_deref(), own));
            }
        }
        snapshot.put(&names.own, VERSION, &version);
    }
}
