//! Deployments: one replica set per template, rolled from old to new.

use std::sync::Arc;

use serde_json::{Value, json};

use super::progress::{Counters, progressing};
pub(super) use super::progress::{all, until_a_deadline};
use super::{
    common::{Context, owned, owner_reference, share, template_hash, unless_zero, with_condition},
    events,
};
use crate::objects::{
    address::{Gvr, Key},
    errors::ApiError,
    json as j,
};

const CONTROLLER: &str = "deployment-controller";
const HASH_LABEL: &str = "pod-template-hash";
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

fn sets() -> Gvr {
    Gvr::apps("replicasets")
}

fn replicas(set: &Value) -> i64 {
    j::int(set, "/spec/replicas").unwrap_or(0)
}

fn available(set: &Value) -> i64 {
    j::int(set, "/status/availableReplicas").unwrap_or(0)
}

/// One step towards what is wanted.
pub(crate) async fn reconcile(ctx: &Context, deployment: &Arc<Value>) -> Result<(), ApiError> {
    let hash = template_hash(j::at(deployment, "/spec/template"));
    if j::at(deployment, "/spec/paused") == true {
        status(ctx, deployment, &hash);
        return Ok(());
    }
    current_set(ctx, deployment, &hash).await?;
    scale(ctx, deployment, &hash);
    prune(ctx, deployment, &hash);
    status(ctx, deployment, &hash);
    Ok(())
}

fn is_current(set: &Value, hash: &str) -> bool {
    j::text(set, &format!("/metadata/labels/{HASH_LABEL}")) == hash
}

/// Makes sure the template's replica set exists and carries the newest revision.
async fn current_set(ctx: &Context, deployment: &Value, hash: &str) -> Result<(), ApiError> {
    let known = owned(&ctx.store, &sets(), deployment);
    let revision = |set: &Value| j::text(set, REVISION).parse::<i64>().unwrap_or(0);
    let newest = known.iter().map(|set| revision(set)).max().unwrap_or(0);
    let current = known.iter().find(|set| is_current(set, hash));
    let number = match current {
        Some(set) if revision(set) == newest => newest,
        _ => newest + 1,
    };
    if let Some(set) = current {
        let _ = ctx.store.update(&Key::of(&sets(), set), |set| {
            j::put(set, REVISION, number.to_string().into());
        });
    } else {
        let set = new_set(deployment, hash, number);
        ctx.create(&sets(), set, CONTROLLER).await?;
    }
    let _ = ctx.store.update(&Key::of(&Gvr::apps("deployments"), deployment), |deployment| {
        j::put(deployment, REVISION, number.to_string().into());
    });
    Ok(())
}

pub(super) fn new_set(deployment: &Value, hash: &str, revision: i64) -> Value {
    let mut template = j::at(deployment, "/spec/template").clone();
    let label = format!("/metadata/labels/{HASH_LABEL}");
    j::put(&mut template, &label, hash.into());
    let mut selector = j::at(deployment, "/spec/selector").clone();
    j::put(&mut selector, &format!("/matchLabels/{HASH_LABEL}"), hash.into());
    let mut annotations = json!({"deployment.kubernetes.io/revision": revision.to_string()});
    let own = j::at(deployment, "/metadata/annotations").as_object();
    for (name, value) in own.into_iter().flatten() {
        // kubectl's bookkeeping describes the deployment, not the set.
        let skip =
            name.starts_with("kubectl.kubernetes.io/last-applied") || name.starts_with("deployment.kubernetes.io/");
        if !skip {
            j::object(&mut annotations).insert(name.clone(), value.clone());
        }
    }
    json!({
        "metadata": {
            "name": format!("{}-{hash}", j::name(deployment)), "namespace": j::namespace(deployment),
            "labels": j::at(&template, "/metadata/labels"), "annotations": annotations,
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    })
}

/// Moves replicas from old sets to the current one within the strategy's bounds.
fn scale(ctx: &Context, deployment: &Value, hash: &str) {
    let wanted = replicas(deployment);
    let known = owned(&ctx.store, &sets(), deployment);
    let Some(current) = known.iter().find(|set| is_current(set, hash)) else {
        return;
    };
    let old: Vec<&Arc<Value>> = known.iter().filter(|set| !is_current(set, hash)).collect();
    let rolling = j::text(deployment, "/spec/strategy/type") == "RollingUpdate";
    let bound = |name: &str, up| {
        let at = format!("/spec/strategy/rollingUpdate/{name}");
        if rolling { share(j::at(deployment, &at), wanted, up) } else { 0 }
    };
    let surge = bound("maxSurge", true);
    let mut unavailable = if rolling { bound("maxUnavailable", false) } else { wanted };
    if rolling && surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    let old_total: i64 = old.iter().map(|set| replicas(set)).sum();
    let old_pods: i64 = old.iter().map(|s| j::int(s, "/status/replicas").unwrap_or(0)).sum();
    let room = (wanted + surge - old_total - replicas(current)).max(0);
    let target =
        if old_total == 0 || replicas(current) > wanted { wanted } else { (replicas(current) + room).min(wanted) };
    // `Recreate` waits until nothing old runs.
    if rolling || old_pods == 0 {
        set_replicas(ctx, deployment, current, target);
    }
    let living = available(current) + old.iter().map(|set| available(set)).sum::<i64>();
    let mut spare = (living - (wanted - unavailable)).max(0);
    for set in old {
        let broken = (replicas(set) - available(set)).max(0);
        let healthy = (replicas(set) - broken).min(spare);
        spare -= healthy;
        set_replicas(ctx, deployment, set, replicas(set) - broken - healthy);
    }
}

fn set_replicas(ctx: &Context, deployment: &Value, set: &Value, to: i64) {
    let from = replicas(set);
    if from == to {
        return;
    }
    let _ = ctx.store.update(&Key::of(&sets(), set), |set| {
        j::put(set, "/spec/replicas", to.into());
    });
    let direction = if to > from { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {} from {from} to {to}", j::name(set));
    events::write(&ctx.store, deployment, CONTROLLER, "Normal", "ScalingReplicaSet", &message);
}

fn prune(ctx: &Context, deployment: &Value, hash: &str) {
    let limit = j::at(deployment, "/spec/revisionHistoryLimit").as_u64();
    let limit = limit.and_then(|l| usize::try_from(l).ok()).unwrap_or(10);
    let mut old = owned(&ctx.store, &sets(), deployment);
    old.retain(|set| !is_current(set, hash) && replicas(set) == 0 && j::int(set, "/status/replicas").unwrap_or(0) == 0);
    old.sort_by_key(|set| j::text(set, REVISION).parse::<i64>().unwrap_or(0));
    let surplus = old.len().saturating_sub(limit);
    for set in old.into_iter().take(surplus) {
        let _ = ctx.store.delete(&Key::of(&sets(), &set));
    }
}

fn status(ctx: &Context, deployment: &Value, hash: &str) {
    let known = owned(&ctx.store, &sets(), deployment);
    let sum = |member: &str, only_current: bool| -> usize {
        known
            .iter()
            .filter(|set| !only_current || is_current(set, hash))
            .filter_map(|set| usize::try_from(j::int(set, member)?).ok())
            .sum()
    };
    let wanted = usize::try_from(replicas(deployment)).unwrap_or(0);
    let total = sum("/status/replicas", false);
    let updated = sum("/status/replicas", true);
    let ready = sum("/status/availableReplicas", false);
    let minimum = replicas(deployment)
        - share(j::at(deployment, "/spec/strategy/rollingUpdate/maxUnavailable"), replicas(deployment), false);
    let enough = i64::try_from(ready).unwrap_or(i64::MAX) >= minimum;
    let (reason, message) = if enough {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let done = updated == wanted && total == wanted && ready >= wanted;
    let set = format!("{}-{hash}", j::name(deployment));
    let counters = Counters { updated, old: total.saturating_sub(updated), available: ready };
    let status = json!({
        "replicas": unless_zero(total),
        "updatedReplicas": unless_zero(updated),
        "readyReplicas": unless_zero(ready),
        "availableReplicas": unless_zero(ready),
        "unavailableReplicas": unless_zero(wanted.max(total).saturating_sub(ready)),
        "conditions": [
            with_condition(deployment, "Available", enough, reason, message, &ctx.store),
            progressing(deployment, &set, done, &counters, &ctx.store),
        ],
    });
    ctx.set_status(&Gvr::apps("deployments"), deployment, &status);
}
