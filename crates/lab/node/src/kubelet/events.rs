//! Events about pods, counted instead of repeated as the Kubernetes recorder does.

use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Key, Store, json as j};

/// A time as Kubernetes prints it.
pub(crate) fn stamp(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What an Event says.
pub(crate) struct Note<'a> {
    /// `kubelet`, `default-scheduler`, `aws-node`.
    pub(crate) component: &'a str,
    /// The node, if the component runs on one.
    pub(crate) host: &'a str,
    /// The container concerned, or empty.
    pub(crate) container: &'a str,
    /// `Normal` or `Warning`.
    pub(crate) kind: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

/// A name that is the same for the same note about the same pod.
fn name_of(pod: &Value, note: &Note<'_>) -> String {
    let parts = [j::uid(pod), note.component, note.container, note.reason, note.message];
    let hash = parts
        .iter()
        .flat_map(|part| part.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{}.{hash:016x}", j::name(pod))
}

/// Records a note about a pod.
pub(crate) fn record(store: &Store, pod: &Value, note: &Note<'_>) {
    let now = stamp(store.now());
    let name = name_of(pod, note);
    let gvr = Gvr::core("events");
    let key = Key::new(gvr.clone(), Some(j::namespace(pod)), &name);
    let counted = store.update(&key, |event| {
        let count = j::int(event, "/count").unwrap_or(1) + 1;
        j::put(event, "/count", count.into());
        j::put(event, "/lastTimestamp", now.clone().into());
    });
    if counted.is_ok() {
        return;
    }
    let mut involved = json!({
        "kind": "Pod", "apiVersion": "v1",
        "namespace": j::namespace(pod), "name": j::name(pod), "uid": j::uid(pod),
    });
    if !note.container.is_empty() {
        let path = format!("spec.containers{{{}}}", note.container);
        j::put(&mut involved, "/fieldPath", path.into());
    }
    let mut source = json!({"component": note.component});
    if !note.host.is_empty() {
        j::put(&mut source, "/host", note.host.into());
    }
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": j::namespace(pod)},
        "involvedObject": involved,
        "reason": note.reason, "message": note.message, "type": note.kind,
        "source": source, "count": 1, "firstTimestamp": now, "lastTimestamp": now,
        "eventTime": null,
        "reportingComponent": note.component, "reportingInstance": note.host,
    });
    // Somebody deleting the namespace meanwhile only loses the note.
    let _ = store.create(&gvr, event);
}
