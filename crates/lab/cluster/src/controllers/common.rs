//! What the workload controllers share: owned pods, creation, hashes, conditions.

use std::sync::Arc;

use serde_json::{Value, json};

use super::events;
pub(crate) use crate::objects::pod::{condition, is_active, is_ready, owner_uid};
use crate::{
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json as j,
        names::stamp,
    },
    rbac::User,
    store::{Seen, Store},
    writes::{
        pipeline::{Pipeline, Writer},
        warnings::Warnings,
    },
};

/// The field manager of everything controllers create.
pub(super) const MANAGER: &str = "kube-controller-manager";
/// FNV-1a, 32 bits: the hash Kubernetes names revisions by.
const FNV_OFFSET: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;
/// Letters of encoded hashes (Kubernetes: no vowels, nothing that looks alike).
const SAFE_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The store and the way into it.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) pipeline: Pipeline,
}

/// Objects of a kind that a controller owns, as they are held.
pub(crate) fn seen(store: &Store, gvr: &Gvr, owner: &Value) -> Vec<Seen> {
    let mut found = store.seen(gvr, Some(j::namespace(owner)));
    found.retain(|object| object.owner() == j::uid(owner));
    found
}

/// Objects of a kind that a controller owns.
pub(crate) fn owned(store: &Store, gvr: &Gvr, owner: &Value) -> Vec<Arc<Value>> {
    seen(store, gvr, owner).iter().map(Seen::whole).collect()
}

/// The reference that makes `owner` an object's controller.
pub(crate) fn owner_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": j::text(owner, "/apiVersion"), "kind": j::text(owner, "/kind"),
        "name": j::name(owner), "uid": j::uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// The value with all objects' members sorted: equal values, equal text.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// A short name for a pod template's content.
pub(crate) fn template_hash(template: &Value) -> String {
    let hash = sorted(template)
        .to_string()
        .bytes()
        .fold(FNV_OFFSET, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(FNV_PRIME));
    hash.to_string()
        .bytes()
        .filter_map(|digit| SAFE_LETTERS.get(usize::from(digit) % SAFE_LETTERS.len()))
        .map(|letter| char::from(*letter))
        .collect()
}

/// The identity of a controller, such as `daemon-set-controller`.
pub(crate) fn identity(controller: &str) -> User {
    User::service_account("kube-system", controller, "")
}

/// A number, or a percentage of `total`, of a rolling-update setting.
pub(crate) fn share(setting: &Value, total: i64, round_up: bool) -> i64 {
    if let Some(number) = setting.as_i64() {
        return number;
    }
    let percent: i64 = setting.as_str().and_then(|text| text.trim_end_matches('%').parse().ok()).unwrap_or(0);
    (total * percent + if round_up { 99 } else { 0 }) / 100
}

/// A condition entry that keeps its transition time while the status stays.
pub(crate) fn with_condition(
    object: &Value,
    kind: &str,
    status: bool,
    reason: &str,
    message: &str,
    store: &Store,
) -> Value {
    let status = if status { "True" } else { "False" };
    let now = stamp(store.now());
    let old = j::items(object, "/status/conditions").iter().find(|c| j::text(c, "/type") == kind);
    let same = old.is_some_and(|c| j::text(c, "/status") == status);
    let kept = |member: &str, keep: bool| match old {
        Some(old) if keep => j::text(old, member).to_owned(),
        _ => now.clone(),
    };
    let unchanged = same && old.is_some_and(|c| j::text(c, "/reason") == reason && j::text(c, "/message") == message);
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": kept("/lastTransitionTime", same),
        "lastUpdateTime": kept("/lastUpdateTime", unchanged),
    })
}

impl Context {
    /// A pod from a template: labels, annotations and spec, owned by `owner`.
    pub(crate) fn pod_from(owner: &Value) -> Value {
        let template = j::at(owner, "/spec/template");
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "generateName": format!("{}-", j::name(owner)),
                "namespace": j::namespace(owner),
                "ownerReferences": [owner_reference(owner)],
            },
            "spec": j::at(template, "/spec"),
        });
        for part in ["labels", "annotations"] {
            let value = j::at(template, &format!("/metadata/{part}"));
            if !value.is_null() {
                j::put(&mut pod, &format!("/metadata/{part}"), value.clone());
            }
        }
        pod
    }

    /// Creates an object as a controller, through admission.
    pub(crate) async fn create(&self, gvr: &Gvr, object: Value, controller: &str) -> Result<Arc<Value>, ApiError> {
        let user = identity(controller);
        let writer = Writer { user: &user, manager: MANAGER, dry_run: false, warnings: Warnings::default() };
        self.pipeline.create_as(gvr, object, &writer).await
    }

    /// Creates a pod and says so in an event, or says why not.
    pub(crate) async fn create_pod(&self, owner: &Value, pod: Value, controller: &str) -> Result<Arc<Value>, ApiError> {
        let made = self.create(&Gvr::core("pods"), pod, controller).await;
        match &made {
            Ok(pod) => {
                let message = format!("Created pod: {}", j::name(pod));
                self.say(owner, controller, "Normal", "SuccessfulCreate", &message);
            }
            Err(error) => {
                let message = format!("Error creating: {error}");
                self.say(owner, controller, "Warning", "FailedCreate", &message);
            }
        }
        made
    }

    /// Deletes a pod and says so.
    pub(crate) fn delete_pod(&self, owner: &Value, pod: &Value, controller: &str) {
        if self.store.delete(&Key::of(&Gvr::core("pods"), pod)).is_ok() {
            let message = format!("Deleted pod: {}", j::name(pod));
            self.say(owner, controller, "Normal", "SuccessfulDelete", &message);
        }
    }

    fn say(&self, owner: &Value, controller: &str, kind: &str, reason: &str, message: &str) {
        // Events name the component without the service account's dashes.
        let component = controller.replace("daemon-set", "daemonset").replace("-controller", "");
        let component = format!("{}-controller", component.replace("replica-set", "replicaset"));
        events::write(&self.store, owner, &component, kind, reason, message);
    }

    /// Writes a status, keeping members it does not mention.
    pub(crate) fn set_status(&self, gvr: &Gvr, object: &Value, status: &Value) {
        let generation = j::at(object, "/metadata/generation").clone();
        // The object may be gone by now: then there is no status to keep.
        let _ = self.store.update(&Key::of(gvr, object), |object| {
            for (name, value) in status.as_object().into_iter().flatten() {
                let pointer = format!("/status/{name}");
                if value.is_null() {
                    j::remove(object, &pointer);
                } else {
                    j::put(object, &pointer, value.clone());
                }
            }
            if !generation.is_null() {
                j::put(object, "/status/observedGeneration", generation);
            }
        });
    }
}

/// A number for a status, left out when zero as the API does.
pub(crate) fn unless_zero(number: usize) -> Value {
    if number == 0 { Value::Null } else { number.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_templates_have_equal_hashes() {
        let one = json!({"a": 1, "b": {"c": 2, "d": 3}});
        let other = json!({"b": {"d": 3, "c": 2}, "a": 1});
        assert_eq!(template_hash(&one), template_hash(&other));
        assert_ne!(template_hash(&one), template_hash(&json!({"a": 2})));
    }

    #[test]
    fn shares_round_as_documented() {
        assert_eq!(share(&json!("25%"), 3, true), 1);
        assert_eq!(share(&json!("25%"), 3, false), 0);
        assert_eq!(share(&json!(2), 3, false), 2);
    }
}
