//! What is taken of quotas (Kubernetes documentation, "Resource Quotas").

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    objects::{
        address::{Gvr, Key},
        json as j,
    },
    store::Store,
    writes::limits,
};

/// Brings the status of every quota of a namespace up to date.
pub(super) fn reconcile_all(store: &Store, namespace: &str) {
    for quota in limits::quotas(store, namespace) {
        let all: BTreeMap<String, i128> = limits::used(store, &quota);
        let used: Map<String, Value> =
            all.iter().map(|(member, nano)| (member.clone(), limits::told(member, *nano).into())).collect();
        let used = Value::Object(used);
        let hard = j::at(&quota, "/spec/hard").clone();
        if j::at(&quota, "/status/used") == &used && j::at(&quota, "/status/hard") == &hard {
            continue;
        }
        // It may be gone by now: then there is no status to keep.
        let _ = store.update(&Key::of(&Gvr::core("resourcequotas"), &quota), |quota| {
            j::put(quota, "/status/hard", hard);
            j::put(quota, "/status/used", used);
        });
    }
}
