//! Garbage collection: dependents go with their last owner, contents with their
//! namespace (Kubernetes docs, "Garbage Collection").

use serde_json::Value;

use crate::{
    objects::{address::Key, json as j, kinds::KINDS},
    store::{Event, EventKind, Store},
};

fn owned_by(object: &Value, uid: &str) -> bool {
    j::items(object, "/metadata/ownerReferences").iter().any(|owner| j::text(owner, "/uid") == uid)
}

fn everything(store: &Store) -> Vec<Key> {
    let kinds = KINDS.iter().filter(|k| !k.virtual_only && k.group != "events.k8s.io");
    kinds
        .flat_map(|kind| {
            let gvr = kind.gvr();
            let objects = store.list(&gvr, None).1;
            objects.into_iter().map(move |object| Key::of(&gvr, &object)).collect::<Vec<_>>()
        })
        .collect()
}

/// Deletes what a deleted object leaves behind.
pub(crate) fn collect(store: &Store, event: &Event) {
    if event.kind != EventKind::Deleted {
        return;
    }
    let uid = j::uid(&event.object);
    let namespace = (event.key.gvr.resource == "namespaces").then_some(event.key.name.as_str());
    for key in everything(store) {
        let Some(object) = store.get(&key) else {
            continue;
        };
        let inside = namespace.is_some() && key.namespace.as_deref() == namespace;
        if inside || owned_by(&object, uid) {
            // Somebody else may have been faster.
            let _ = store.delete(&key);
        }
    }
}

/// Removes an owner's references so that its dependents outlive it.
pub(crate) fn orphan_dependents(store: &Store, uid: &str) {
    for key in everything(store) {
        if store.get(&key).is_some_and(|object| owned_by(&object, uid)) {
            let _ = store.update(&key, |object| {
                let owners = object.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut);
                if let Some(owners) = owners {
                    owners.retain(|owner| j::text(owner, "/uid") != uid);
                }
            });
        }
    }
}
