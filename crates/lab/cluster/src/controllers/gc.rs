//! Garbage collection: dependents go with their last owner, contents with their namespace, custom objects with their
//! definition (Kubernetes docs, "Garbage Collection", "Owners and Dependents").

use serde_json::{Value, json};

use crate::{
    objects::{address::Key, json as j, pod::is_owned_by},
    store::{Event, EventKind, Store, definitions},
};

/// The finalizer of an owner that waits for its dependents.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// Follows one change: what it leaves behind, or what was waited for.
pub(crate) fn collect(store: &Store, event: &Event) {
    let object = &event.object;
    let going = !j::at(object, "/metadata/deletionTimestamp").is_null();
    match event.kind {
        EventKind::Deleted => {
            bereave(store, object);
            if event.key.gvr == definitions() {
                remove_customs(store, object);
            }
            for owner in j::items(object, "/metadata/ownerReferences") {
                if let Some(key) = store.owner(owner, j::namespace(object)) {
                    finish(store, &key);
                }
            }
            if let Some(namespace) = &event.key.namespace {
                empty(store, namespace);
            }
        }
        EventKind::Added => {
            let owners = j::items(object, "/metadata/ownerReferences");
            if !owners.is_empty() && !owners.iter().any(|owner| lives(store, owner, j::namespace(object))) {
                let _ = store.delete(&event.key);
            }
        }
        EventKind::Modified if going && event.key.gvr.resource == "namespaces" => empty(store, &event.key.name),
        EventKind::Modified if going => finish(store, &event.key),
        EventKind::Modified => {}
    }
}

/// Whether an owner is still there, as the same object.
fn lives(store: &Store, owner: &Value, namespace: &str) -> bool {
    let Some(key) = store.owner(owner, namespace) else {
        // Of a kind that is not served nobody knows.
        return true;
    };
    store.get(&key).is_some_and(|found| j::uid(&found) == j::text(owner, "/uid"))
}

/// Takes an owner from its dependents; those without another go.
fn bereave(store: &Store, owner: &Value) {
    let uid = j::uid(owner);
    for key in store.owned_by(uid) {
        let Some(object) = store.get(&key).filter(|object| is_owned_by(object, uid)) else { continue };
        let others = j::items(&object, "/metadata/ownerReferences").iter().filter(|o| j::text(o, "/uid") != uid);
        let kept = others.into_iter().any(|other| lives(store, other, j::namespace(&object)));
        // Somebody else may have been faster.
        let _ = if kept { disown(store, &key, uid) } else { store.delete(&key) };
    }
}

fn disown(store: &Store, key: &Key, uid: &str) -> Result<std::sync::Arc<Value>, crate::objects::errors::ApiError> {
    store.update(key, |object| {
        let owners = object.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut);
        if let Some(owners) = owners {
            owners.retain(|owner| j::text(owner, "/uid") != uid);
        }
    })
}

/// Goes on with an owner that waits for its dependents: they are deleted, and it goes once none of those is left that
/// block it.
fn finish(store: &Store, key: &Key) {
    let waits = |object: &Value| j::items(object, "/metadata/finalizers").iter().any(|name| name == FOREGROUND);
    let Some(owner) =
        store.get(key).filter(|owner| waits(owner) && !j::at(owner, "/metadata/deletionTimestamp").is_null())
    else {
        return;
    };
    let uid = j::uid(&owner);
    let mut blocked = false;
    for dependent in store.owned_by(uid) {
        let Some(object) = store.get(&dependent).filter(|object| is_owned_by(object, uid)) else { continue };
        let _ = store.delete(&dependent);
        let blocks = j::items(&object, "/metadata/ownerReferences")
            .iter()
            .any(|o| j::text(o, "/uid") == uid && j::at(o, "/blockOwnerDeletion") == true);
        blocked |= blocks && store.get(&dependent).is_some();
    }
    if !blocked {
        let _ = store.update(key, |object| {
            let names = object.pointer_mut("/metadata/finalizers").and_then(Value::as_array_mut);
            if let Some(names) = names {
                names.retain(|name| name != FOREGROUND);
            }
        });
    }
}

/// Takes a namespace that is being deleted on its way: its contents go, then it does.
fn empty(store: &Store, name: &str) {
    let key = Key::new(crate::objects::address::Gvr::core("namespaces"), None, name);
    let Some(namespace) = store.get(&key).filter(|n| !j::at(n, "/metadata/deletionTimestamp").is_null()) else {
        return;
    };
    let mut left = false;
    for inside in store.inside(name) {
        let _ = store.delete(&inside);
        left |= store.get(&inside).is_some();
    }
    if !left && !j::items(&namespace, "/spec/finalizers").is_empty() {
        let _ = store.update(&key, |namespace| j::put(namespace, "/spec/finalizers", json!([])));
    }
}

/// Custom objects go with the definition of their kind.
fn remove_customs(store: &Store, definition: &Value) {
    let gvr = crate::objects::address::Gvr::new(
        j::text(definition, "/spec/group"),
        "",
        j::text(definition, "/spec/names/plural"),
    );
    for object in store.list(&gvr, None).1 {
        let key = Key::of(&gvr, &object);
        let _ = store.update(&key, |object| drop(j::remove(object, "/metadata/finalizers")));
        let _ = store.delete(&key);
    }
}

/// Removes an owner's references so that its dependents outlive it.
pub(crate) fn orphan_dependents(store: &Store, uid: &str) {
    for key in store.owned_by(uid) {
        // Gone meanwhile is as good.
        let _ = disown(store, &key, uid);
    }
}
