//! Events as the controllers write them; repeats are counted, not multiplied.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    objects::{
        address::{Gvr, Key},
        json as j,
        names::{random, stamp},
    },
    store::Store,
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

/// How long an event is kept: a `kube-apiserver`'s default (`--event-ttl`).
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// Events at a time: a fault makes some dozens, and each new one is compared with all of its namespace.
const MOST: usize = 2000;

/// Takes away the events that have not been repeated of late, and the oldest when there are too many.
pub(super) fn expire(store: &Store) {
    let events = Gvr::core("events");
    let last = |event: &Value| j::text(event, "/lastTimestamp").parse::<Timestamp>().ok();
    let mut all = store.list(&events, None).1;
    all.sort_by_key(|event| last(event));
    let too_many = all.len().saturating_sub(MOST);
    let old = store.now().checked_sub(KEPT).unwrap_or_default();
    for (index, event) in all.iter().enumerate() {
        if index < too_many || last(event).is_some_and(|at| at < old) {
            // Gone already is as good.
            let _ = store.delete(&Key::of(&events, event));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const NOW: &str = "2026-03-01T12:00:00Z";

    fn events(store: &Store, stamps: impl Iterator<Item = &'static str>) {
        for (number, stamp) in stamps.enumerate() {
            let event = json!({
                "metadata": {"name": format!("{}-{number}", stamp.to_lowercase().replace(':', "-")), "namespace": "a"},
                "involvedObject": {"kind": "Pod", "name": "p", "namespace": "a"}, "lastTimestamp": stamp,
            });
            store.create(&Gvr::core("events"), event).unwrap();
        }
    }

    #[test]
    fn old_events_and_those_too_many_go() {
        let store = Store::new(Arc::new(|| NOW.parse().unwrap()));
        let left = || store.list(&Gvr::core("events"), None).1;
        events(&store, ["2026-03-01T10:59:00Z", "2026-03-01T11:30:00Z", NOW].into_iter());
        expire(&store);
        assert_eq!(left().len(), 2);
        events(&store, std::iter::repeat_n("2026-03-01T11:45:00Z", MOST));
        expire(&store);
        assert_eq!(left().len(), MOST);
        assert!(left().iter().all(|event| j::text(event, "/lastTimestamp") != "2026-03-01T11:30:00Z"));
    }
}
