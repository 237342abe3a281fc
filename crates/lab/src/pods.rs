//! Looking at and handling the cluster's objects in process: apply, annotate, roll
//! out, wait.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};
use trustwalk_lab_cluster::{ApiError, Gvr, Key, Store, json as j, matches_label_selector};

use crate::{
    LabError,
    world::{Workload, WorkloadId, labels},
};

/// Annotation that `kubectl rollout restart` sets.
const RESTARTED: &str = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";

/// How long the cluster's service accounts have been there: far longer than any cache lags.
const ACCOUNT_AGE: SignedDuration = SignedDuration::from_hours(24 * 200);

fn refused(error: &ApiError) -> LabError {
    LabError::Cluster(error.message.clone())
}

/// Store key of a workload.
pub(crate) fn key(id: WorkloadId) -> Key {
    Key::new(Gvr::apps(id.resource), Some(id.namespace), id.name)
}

fn account_key(namespace: &str, name: &str) -> Key {
    Key::new(Gvr::core("serviceaccounts"), Some(namespace), name)
}

/// Makes a namespace unless it is there.
pub(crate) fn namespace(store: &Store, name: &str) -> Result<(), LabError> {
    let gvr = Gvr::core("namespaces");
    if store.get(&Key::new(gvr.clone(), None, name)).is_some() {
        return Ok(());
    }
    store.create(&gvr, json!({"metadata": {"name": name}})).map(drop).map_err(|e| refused(&e))
}

/// Makes a service account with exactly these annotations, or changes one to them. One
/// that is made here has been there for long, as in a cluster that has been in use.
pub(crate) fn annotate(
    store: &Store,
    namespace: &str,
    name: &str,
    annotations: &BTreeMap<String, String>,
) -> Result<(), LabError> {
    let key = account_key(namespace, name);
    if store.get(&key).is_none() {
        let born = store.now().saturating_sub(ACCOUNT_AGE).unwrap_or_else(|_| store.now());
        return account(store, &key, annotations, born);
    }
    let written = managed(annotations, store.now());
    let set = |object: &mut Value| {
        if j::at(object, "/metadata/annotations") == &json!(annotations) {
            return;
        }
        if annotations.is_empty() {
            j::remove(object, "/metadata/annotations");
            j::remove(object, "/metadata/managedFields");
        } else {
            j::put(object, "/metadata/annotations", json!(annotations));
            j::put(object, "/metadata/managedFields", written);
        }
    };
    store.update(&key, set).map(drop).map_err(|e| refused(&e))
}

/// Removes a service account, if it is there, and makes it anew, born now.
pub(crate) fn recreate(
    store: &Store,
    namespace: &str,
    name: &str,
    annotations: &BTreeMap<String, String>,
) -> Result<(), LabError> {
    let key = account_key(namespace, name);
    // One that is gone already needs no deleting.
    let _gone = store.delete(&key);
    account(store, &key, annotations, store.now())
}

fn account(store: &Store, key: &Key, annotations: &BTreeMap<String, String>, born: Timestamp) -> Result<(), LabError> {
    let mut object = json!({"metadata": {"name": key.name, "namespace": key.namespace, "annotations": annotations}});
    if !annotations.is_empty() {
        j::put(&mut object, "/metadata/managedFields", managed(annotations, born));
    }
    store.create_at(&key.gvr, object, born).map(drop).map_err(|e| refused(&e))
}

/// Who owns a service account's annotations, and since when: `metadata.managedFields` as
/// the Kubernetes API reference describes it, in whole seconds.
fn managed(annotations: &BTreeMap<String, String>, at: Timestamp) -> Value {
    let fields: Map<String, Value> = annotations.keys().map(|name| (format!("f:{name}"), json!({}))).collect();
    json!([{
        "manager": "kubectl-annotate", "operation": "Update", "apiVersion": "v1",
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:annotations": fields}},
    }])
}

/// Creates a workload, or gives an existing one this specification; a rolled-out
/// restart is kept.
pub(crate) fn apply(store: &Store, id: WorkloadId, workload: &Workload) -> Result<(), LabError> {
    let key = key(id);
    let manifest = workload.manifest(id);
    if store.get(&key).is_none() {
        return store.create(&key.gvr, manifest).map(drop).map_err(|e| refused(&e));
    }
    let set = |object: &mut Value| {
        let restarted = j::text(object, RESTARTED).to_owned();
        for pointer in ["/spec/template/metadata", "/spec/template/spec"] {
            j::put(object, pointer, j::at(&manifest, pointer).clone());
        }
        if !restarted.is_empty() {
            j::put(object, RESTARTED, restarted.into());
        }
    };
    store.update(&key, set).map(drop).map_err(|e| refused(&e))
}

/// Replaces every pod: `kubectl rollout restart`, and for a `DaemonSet` all its pods
/// at once, as when nodes are replaced (a rolling update would stop at the first pod
/// that fails). The stamp has to differ from the last one, so it carries fractions
/// of a second.
pub(crate) fn restart(store: &Store, id: WorkloadId) -> Result<(), LabError> {
    let stamp = store.now().to_string();
    store.update(&key(id), |object| j::put(object, RESTARTED, stamp.into())).map_err(|e| refused(&e))?;
    if id.resource == "daemonsets" {
        for pod in of(store, id) {
            // One that is gone already needs no deleting.
            let _gone = store.delete(&Key::of(&Gvr::core("pods"), &pod));
        }
    }
    Ok(())
}

/// Whether every pod of a workload was made after its last restart, and there are
/// as many as wanted.
pub(crate) fn replaced(store: &Store, id: WorkloadId) -> Result<(), String> {
    let owner = store.get(&key(id)).ok_or_else(|| format!("{id} does not exist"))?;
    let stamp = j::text(&owner, RESTARTED);
    let wanted = if id.resource == "daemonsets" {
        store.list(&Gvr::core("nodes"), None).1.len()
    } else {
        usize::try_from(j::int(&owner, "/spec/replicas").unwrap_or(1)).unwrap_or(1)
    };
    let pods = of(store, id);
    let fresh = pods
        .iter()
        .filter(|pod| j::text(pod, "/metadata/annotations/kubectl.kubernetes.io~1restartedAt") == stamp)
        .count();
    if fresh == wanted && pods.len() == wanted {
        Ok(())
    } else {
        Err(format!("{fresh} new of {} pods, {wanted} wanted", pods.len()))
    }
}

/// Makes or removes an object so that it is as given.
pub(crate) fn put(
    store: &Store,
    gvr: &Gvr,
    namespace: Option<&str>,
    name: &str,
    object: Option<&Value>,
) -> Result<(), LabError> {
    let key = Key::new(gvr.clone(), namespace, name);
    let there = store.get(&key).is_some();
    match object {
        None if there => store.delete(&key).map(drop).map_err(|e| refused(&e)),
        None => Ok(()),
        Some(object) if there => store
            .update(&key, |old| {
                for member in ["/spec", "/webhooks"] {
                    let new = j::at(object, member);
                    if !new.is_null() {
                        j::put(old, member, new.clone());
                    }
                }
            })
            .map(drop)
            .map_err(|e| refused(&e)),
        Some(object) => store.create(gvr, object.clone()).map(drop).map_err(|e| refused(&e)),
    }
}

/// The pods of a workload that are not being deleted.
pub(crate) fn of(store: &Store, id: WorkloadId) -> Vec<std::sync::Arc<Value>> {
    let selector = json!({"matchLabels": labels(id)});
    let (_, pods) = store.list(&Gvr::core("pods"), Some(id.namespace));
    pods.into_iter()
        .filter(|pod| {
            j::text(pod, "/metadata/deletionTimestamp").is_empty()
                && matches_label_selector(&selector, j::at(pod, "/metadata/labels"))
        })
        .collect()
}

/// Whether a pod is Ready.
pub(crate) fn is_ready(pod: &Value) -> bool {
    j::items(pod, "/status/conditions")
        .iter()
        .any(|c| j::text(c, "/type") == "Ready" && j::text(c, "/status") == "True")
}

/// Waits until `check` is true of the store, looking again at every change and at
/// short intervals (logs change without an event).
pub(crate) async fn wait(
    store: &Store,
    what: &str,
    limit: Duration,
    mut check: impl FnMut() -> Result<(), String>,
) -> Result<(), LabError> {
    /// Looks between events: logs grow without any.
    const LOOK: Duration = Duration::from_millis(40);
    let deadline = Instant::now() + limit;
    let mut watch = store.watch();
    loop {
        let last = match check() {
            Ok(()) => return Ok(()),
            Err(state) => state,
        };
        if Instant::now() >= deadline {
            return Err(LabError::Deadline { what: what.to_owned(), seconds: limit.as_secs(), last });
        }
        let next = (Instant::now() + LOOK).min(deadline);
        // Change or interval: either way the condition is looked at again.
        if let Ok(None) = timeout_at(next, watch.next()).await {
            watch = store.watch();
        }
    }
}
