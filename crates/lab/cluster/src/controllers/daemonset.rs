//! Daemon sets: one pod on every node that fits, replaced node by node on change.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    common::{Context, is_active, is_ready, owned, share, unless_zero},
    revisions::{self, HASH_LABEL},
    scheduler,
};
use crate::objects::{address::Gvr, errors::ApiError, json as j};

const CONTROLLER: &str = "daemon-set-controller";

/// The node a daemon pod is for, also before it is bound.
fn node_of(pod: &Value) -> &str {
    match j::text(pod, "/spec/nodeName") {
        "" => j::text(
            pod,
            "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields\
             /0/values/0",
        ),
        node => node,
    }
}

/// One step towards what is wanted.
pub(crate) async fn reconcile(ctx: &Context, set: &Arc<Value>) -> Result<(), ApiError> {
    let hash = revisions::current(ctx, set, CONTROLLER).await;
    let nodes: Vec<Arc<Value>> = ctx
        .store
        .list(&Gvr::core("nodes"), None)
        .1
        .into_iter()
        .filter(|node| scheduler::fits(j::at(set, "/spec/template/spec"), node, true))
        .collect();
    let mut failure = None;
    for node in &nodes {
        let pods = pods_on(ctx, set, j::name(node));
        for pod in pods.iter().filter(|pod| !is_active(pod)) {
            ctx.delete_pod(set, pod, CONTROLLER);
        }
        let mut live = pods.iter().filter(|pod| is_active(pod));
        if live.next().is_none() {
            let pod = daemon_pod(set, j::name(node), &hash);
            if let Err(error) = ctx.create_pod(set, pod, CONTROLLER).await {
                failure = Some(error);
            }
        }
        for extra in live {
            ctx.delete_pod(set, extra, CONTROLLER);
        }
    }
    let here = |pod: &Value| nodes.iter().any(|node| j::name(node) == node_of(pod));
    let all = owned(&ctx.store, &Gvr::core("pods"), set);
    for stray in all.iter().filter(|pod| !here(pod)) {
        ctx.delete_pod(set, stray, CONTROLLER);
    }
    roll(ctx, set, &hash, nodes.len()).await?;
    status(ctx, set, &hash, nodes.len());
    failure.map_or(Ok(()), Err)
}

fn pods_on(ctx: &Context, set: &Value, node: &str) -> Vec<Arc<Value>> {
    let mut pods = owned(&ctx.store, &Gvr::core("pods"), set);
    pods.retain(|pod| node_of(pod) == node);
    pods
}

fn is_current(pod: &Value, hash: &str) -> bool {
    j::text(pod, &format!("/metadata/labels/{HASH_LABEL}")) == hash
}

fn daemon_pod(set: &Value, node: &str, hash: &str) -> Value {
    let mut pod = Context::pod_from(set);
    j::put(&mut pod, &format!("/metadata/labels/{HASH_LABEL}"), hash.into());
    let generation = j::int(set, "/metadata/generation").unwrap_or(1).to_string();
    j::put(&mut pod, "/metadata/labels/pod-template-generation", generation.into());
    j::put(
        &mut pod,
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution",
        json!({"nodeSelectorTerms": [{"matchFields": [
            {"key": "metadata.name", "operator": "In", "values": [node]},
        ]}]}),
    );
    // What every daemon pod tolerates (Kubernetes docs, "DaemonSet").
    let mut tolerations = j::items(&pod, "/spec/tolerations").to_vec();
    for (key, effect) in [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ] {
        tolerations.push(json!({
            "key": format!("node.kubernetes.io/{key}"), "operator": "Exists", "effect": effect,
        }));
    }
    j::put(&mut pod, "/spec/tolerations", Value::Array(tolerations));
    pod
}

/// Replaces outdated pods, never more at once than the strategy allows.
async fn roll(ctx: &Context, set: &Arc<Value>, hash: &str, desired: usize) -> Result<(), ApiError> {
    if j::text(set, "/spec/updateStrategy/type") != "RollingUpdate" {
        return Ok(());
    }
    let pods = owned(&ctx.store, &Gvr::core("pods"), set);
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let total = i64::try_from(desired).unwrap_or(i64::MAX);
    let setting = j::at(set, "/spec/updateStrategy/rollingUpdate/maxUnavailable");
    let allowed = usize::try_from(share(setting, total, true).max(1)).unwrap_or(1);
    let mut budget = allowed.saturating_sub(desired.saturating_sub(ready));
    for pod in pods.iter().filter(|pod| !is_current(pod, hash)) {
        if is_ready(pod) {
            if budget == 0 {
                continue;
            }
            budget -= 1;
        }
        ctx.delete_pod(set, pod, CONTROLLER);
        let next = daemon_pod(set, node_of(pod), hash);
        ctx.create_pod(set, next, CONTROLLER).await?;
    }
    Ok(())
}

fn status(ctx: &Context, set: &Value, hash: &str, desired: usize) {
    let pods = owned(&ctx.store, &Gvr::core("pods"), set);
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    let updated = pods.iter().filter(|pod| is_current(pod, hash)).count();
    let status = json!({
        "desiredNumberScheduled": desired,
        "currentNumberScheduled": pods.len(),
        "numberMisscheduled": 0,
        "numberReady": ready,
        "updatedNumberScheduled": unless_zero(updated),
        "numberAvailable": unless_zero(ready),
        "numberUnavailable": unless_zero(desired.saturating_sub(ready)),
    });
    ctx.set_status(&Gvr::apps("daemonsets"), set, &status);
}
