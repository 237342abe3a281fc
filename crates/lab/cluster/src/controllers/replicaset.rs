//! Replica sets: as many pods as asked for.

use std::{cmp::Ordering, sync::Arc};

use serde_json::{Value, json};

use super::common::{Context, is_ready, seen, unless_zero};
use crate::{
    objects::{address::Gvr, errors::ApiError, json as j},
    store::Seen,
};

const CONTROLLER: &str = "replicaset-controller";

/// One step towards what is wanted.
pub(crate) async fn reconcile(ctx: &Context, set: &Arc<Value>) -> Result<(), ApiError> {
    let wanted = j::int(set, "/spec/replicas").unwrap_or(1);
    let wanted = usize::try_from(wanted).unwrap_or(0);
    let mut pods = active(ctx, set);
    let mut failure = None;
    for _ in pods.len()..wanted {
        if let Err(error) = ctx.create_pod(set, Context::pod_from(set), CONTROLLER).await {
            failure = Some(error);
            break;
        }
    }
    if pods.len() > wanted {
        let mut whole: Vec<Arc<Value>> = pods.iter().map(Seen::whole).collect();
        whole.sort_by(|a, b| keep_first(a, b));
        for pod in whole.iter().skip(wanted) {
            ctx.delete_pod(set, pod, CONTROLLER);
        }
    }
    if pods.len() != wanted {
        pods = active(ctx, set);
    }
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    let status = json!({
        "replicas": pods.len(),
        "fullyLabeledReplicas": unless_zero(pods.len()),
        "readyReplicas": unless_zero(ready),
        "availableReplicas": unless_zero(ready),
    });
    ctx.set_status(&Gvr::apps("replicasets"), set, &status);
    failure.map_or(Ok(()), Err)
}

fn active(ctx: &Context, set: &Value) -> Vec<Seen> {
    let mut pods = seen(&ctx.store, &Gvr::core("pods"), set);
    pods.retain(Seen::is_active);
    pods
}

/// Ready pods before others, old before young.
fn keep_first(a: &Value, b: &Value) -> Ordering {
    let born = |pod: &Value| j::text(pod, "/metadata/creationTimestamp").to_owned();
    is_ready(b).cmp(&is_ready(a)).then_with(|| born(a).cmp(&born(b)))
}
