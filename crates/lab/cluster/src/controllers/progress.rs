//! Whether a deployment gets on: its condition `Progressing` and its deadline (Kubernetes documentation, "Deployments",
//! "Progressing Deployment" and "Failed Deployment").

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::common::with_condition;
use crate::{
    objects::{
        address::{Gvr, Key},
        json as j,
        names::stamp,
    },
    store::Store,
};

const EXCEEDED: &str = "ProgressDeadlineExceeded";
const AVAILABLE: &str = "NewReplicaSetAvailable";
/// A deadline that is none (API reference, `DeploymentSpec`).
const NO_DEADLINE: i64 = i32::MAX as i64;

/// What counts as progress when it changes in the right direction.
pub(super) struct Counters {
    pub(super) updated: usize,
    pub(super) old: usize,
    pub(super) available: usize,
}

fn condition(deployment: &Value) -> Option<&Value> {
    j::items(deployment, "/status/conditions").iter().find(|c| j::text(c, "/type") == "Progressing")
}

/// When its time is over, if nothing happens before.
fn deadline(deployment: &Value) -> Option<Timestamp> {
    let old = condition(deployment)?;
    let seconds = j::int(deployment, "/spec/progressDeadlineSeconds").filter(|s| *s < NO_DEADLINE)?;
    let paused = j::at(deployment, "/spec/paused") == true;
    if paused || matches!(j::text(old, "/reason"), AVAILABLE | EXCEEDED) {
        return None;
    }
    let last: Timestamp = j::text(old, "/lastUpdateTime").parse().ok()?;
    last.checked_add(SignedDuration::from_secs(seconds)).ok()
}

/// The condition as it is now.
pub(super) fn progressing(deployment: &Value, set: &str, done: bool, now: &Counters, store: &Store) -> Value {
    let with =
        |status, reason: &str, told: &str| with_condition(deployment, "Progressing", status, reason, told, store);
    if j::at(deployment, "/spec/paused") == true {
        if let Some(old) = condition(deployment).filter(|c| j::text(c, "/reason") == "DeploymentPaused") {
            return old.clone();
        }
        let mut paused = with(true, "DeploymentPaused", "Deployment is paused");
        j::put(&mut paused, "/status", "Unknown".into());
        return paused;
    }
    if done {
        return with(true, AVAILABLE, &format!("ReplicaSet \"{set}\" has successfully progressed."));
    }
    let before = |member: &str| {
        let number = j::int(deployment, &format!("/status/{member}")).unwrap_or(0);
        usize::try_from(number).unwrap_or(0)
    };
    let old_before = before("replicas").saturating_sub(before("updatedReplicas"));
    let moved =
        now.updated > before("updatedReplicas") || now.old < old_before || now.available > before("availableReplicas");
    let new = j::int(deployment, "/status/observedGeneration") != j::int(deployment, "/metadata/generation");
    let old = condition(deployment);
    if moved || new || old.is_none_or(|c| j::text(c, "/reason") == "DeploymentPaused") {
        let mut updated = with(true, "ReplicaSetUpdated", &format!("ReplicaSet \"{set}\" is progressing."));
        j::put(&mut updated, "/lastUpdateTime", json!(stamp(store.now())));
        return updated;
    }
    if deadline(deployment).is_some_and(|deadline| deadline <= store.now()) {
        return with(false, EXCEEDED, &format!("ReplicaSet \"{set}\" has timed out progressing."));
    }
    old.cloned().unwrap_or_default()
}

/// Every deployment.
pub(crate) fn all(store: &Store) -> Vec<Key> {
    let deployments = Gvr::apps("deployments");
    store.list(&deployments, None).1.iter().map(|object| Key::of(&deployments, object)).collect()
}

/// Waits until the time of the next deployment that stands still is over; for ever where none does.
pub(crate) async fn until_a_deadline(store: &Store) {
    let deployments = store.list(&Gvr::apps("deployments"), None).1;
    let Some(next) = deployments.iter().filter_map(|d| deadline(d)).min() else {
        return std::future::pending().await;
    };
    let left = next.duration_since(store.now()).max(SignedDuration::ZERO);
    // One that is over and stays so, because the clock stands still, is not looked at all the time.
    let left = Duration::try_from(left).unwrap_or_default().max(Duration::from_millis(50));
    tokio::time::sleep(left).await;
}
