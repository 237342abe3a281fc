//! Stateful sets: numbered pods, started in order, replaced from the last down.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    common::{Context, is_active, is_ready, owned, unless_zero},
    revisions::{self, HASH_LABEL},
};
use crate::objects::{
    address::{Gvr, Key},
    errors::ApiError,
    json as j,
};

const CONTROLLER: &str = "statefulset-controller";

/// One step towards what is wanted.
pub(crate) async fn reconcile(ctx: &Context, set: &Arc<Value>) -> Result<(), ApiError> {
    let hash = revisions::current(ctx, set, CONTROLLER).await;
    let wanted = j::int(set, "/spec/replicas").unwrap_or(1);
    let parallel = j::text(set, "/spec/podManagementPolicy") == "Parallel";
    let pods = Gvr::core("pods");
    let mut failure = None;
    // In order, nothing is made or replaced while a pod that comes earlier is missing or not ready, of whatever
    // template that one is.
    let mut held = false;
    for ordinal in 0..wanted {
        let name = format!("{}-{ordinal}", j::name(set));
        let found = ctx.store.get(&Key::new(pods.clone(), Some(j::namespace(set)), &name));
        match found {
            Some(pod) if !is_active(&pod) => {
                ctx.delete_pod(set, &pod, CONTROLLER);
                held = !parallel;
            }
            Some(pod) => held = !parallel && !is_ready(&pod),
            None => {
                let pod = numbered_pod(set, &name, ordinal, &hash);
                failure = ctx.create_pod(set, pod, CONTROLLER).await.err();
                held = !parallel || failure.is_some();
            }
        }
        if held {
            break;
        }
    }
    let mut all = owned(&ctx.store, &pods, set);
    all.sort_by_key(|pod| std::cmp::Reverse(number(pod)));
    for pod in all.iter().filter(|pod| number(pod) >= wanted) {
        ctx.delete_pod(set, pod, CONTROLLER);
    }
    if !held {
        roll(ctx, set, &all, &hash, wanted);
    }
    status(ctx, set, &hash);
    failure.map_or(Ok(()), Err)
}

fn number(pod: &Value) -> i64 {
    let (_, number) = j::name(pod).rsplit_once('-').unwrap_or_default();
    number.parse().unwrap_or(i64::MAX)
}

fn is_current(pod: &Value, hash: &str) -> bool {
    j::text(pod, &format!("/metadata/labels/{HASH_LABEL}")) == hash
}

fn numbered_pod(set: &Value, name: &str, ordinal: i64, hash: &str) -> Value {
    let mut pod = Context::pod_from(set);
    j::remove(&mut pod, "/metadata/generateName");
    j::put(&mut pod, "/metadata/name", name.into());
    let labels = [
        (HASH_LABEL, hash.to_owned()),
        ("statefulset.kubernetes.io~1pod-name", name.to_owned()),
        ("apps.kubernetes.io~1pod-index", ordinal.to_string()),
    ];
    for (label, value) in labels {
        j::put(&mut pod, &format!("/metadata/labels/{label}"), value.into());
    }
    j::put(&mut pod, "/spec/hostname", name.into());
    pod
}

/// Replaces the last outdated pod, once all the others are ready.
fn roll(ctx: &Context, set: &Value, pods: &[Arc<Value>], hash: &str, wanted: i64) {
    if j::text(set, "/spec/updateStrategy/type") != "RollingUpdate" {
        return;
    }
    let partition = j::int(set, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    for pod in pods.iter().filter(|pod| (partition..wanted).contains(&number(pod))) {
        if !is_current(pod, hash) {
            ctx.delete_pod(set, pod, CONTROLLER);
            return;
        }
        if !is_ready(pod) {
            return;
        }
    }
}

fn status(ctx: &Context, set: &Value, hash: &str) {
    let pods = owned(&ctx.store, &Gvr::core("pods"), set);
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let updated = pods.iter().filter(|pod| is_current(pod, hash)).count();
    let revision = format!("{}-{hash}", j::name(set));
    let mut status = json!({
        "replicas": pods.len(),
        "readyReplicas": unless_zero(ready),
        "availableReplicas": ready,
        "updatedReplicas": unless_zero(updated),
        "currentReplicas": unless_zero(updated),
        "updateRevision": revision,
    });
    if updated == pods.len() || j::text(set, "/status/currentRevision").is_empty() {
        j::put(&mut status, "/currentRevision", revision.into());
    }
    ctx.set_status(&Gvr::apps("statefulsets"), set, &status);
}
