//! Events as the controllers write them; repeats are counted, not multiplied.

use serde_json::{Value, json};

use crate::{
    json as j,
    meta::{random, stamp},
    store::{Gvr, Key, Store},
};

/// Writes an event about an object.
pub(crate) fn write(store: &Store, about: &Value, component: &str, kind: &str, reason: &str, message: &str) {
    let now = stamp(store.now());
    let namespace = match j::namespace(about) {
        "" => "default",
        namespace => namespace,
    };
    let events = Gvr::core("events");
    let same = |event: &Value| {
        j::text(event, "/involvedObject/uid") == j::uid(about)
            && j::text(event, "/reason") == reason
            && j::text(event, "/message") == message
    };
    let known = store.list(&events, Some(namespace)).1.into_iter().find(|e| same(e));
    if let Some(event) = known {
        let count = j::int(&event, "/count").unwrap_or(1) + 1;
        // Gone meanwhile is as good as never repeated.
        let _ = store.update(&Key::of(&events, &event), |event| {
            j::put(event, "/count", count.into());
            j::put(event, "/lastTimestamp", now.into());
        });
        return;
    }
    let suffix = u64::from_be_bytes(random::<8>());
    let event = json!({
        "metadata": {"name": format!("{}.{suffix:016x}", j::name(about)), "namespace": namespace},
        "involvedObject": {
            "apiVersion": j::text(about, "/apiVersion"), "kind": j::text(about, "/kind"),
            "name": j::name(about), "namespace": j::namespace(about), "uid": j::uid(about),
            "resourceVersion": j::text(about, "/metadata/resourceVersion"),
        },
        "type": kind, "reason": reason, "message": message,
        "source": {"component": component},
        "reportingComponent": component, "reportingInstance": "",
        "firstTimestamp": now, "lastTimestamp": now, "eventTime": null, "count": 1,
    });
    // Names are random; a collision loses one event.
    let _ = store.create(&events, event);
}
