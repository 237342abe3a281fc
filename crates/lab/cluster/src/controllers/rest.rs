//! Workloads at rest: their pods are there as they are when all is well, and nothing runs them. So a cluster can have
//! as many as a large one has.

use std::sync::Arc;

use serde_json::Value;

use super::{
    common::{Context, MANAGER, identity, template_hash},
    deployment::new_set,
};
use crate::{
    objects::{address::Gvr, errors::ApiError, json as j},
    store::{Resting, Store, Well},
    user::User,
    writes::{
        pipeline::{Pipeline, Writer},
        warnings::Warnings,
    },
};

const CONTROLLER: &str = "replicaset-controller";

/// Makes a deployment with its set and all its pods, which admission looks at once for all of them: they differ in name
/// and uid alone. `well` writes the status of a pod on a node of this address.
pub(crate) async fn lay(
    (store, pipeline): (&Store, &Pipeline),
    deployment: Value,
    user: &User,
    well: Well,
) -> Result<(), ApiError> {
    let ctx = Context { store: store.clone(), pipeline: pipeline.clone() };
    let deployment = ctx.pipeline.create(&Gvr::apps("deployments"), deployment, user, false).await?;
    let hash = template_hash(j::at(&deployment, "/spec/template"));
    let mut set = new_set(&deployment, &hash, 1);
    let replicas = j::at(&deployment, "/spec/replicas").clone();
    let wanted = replicas.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    j::put(&mut set, "/spec/replicas", replicas);
    let set = ctx.create(&Gvr::apps("replicasets"), set, "deployment-controller").await?;
    let pods = Gvr::core("pods");
    let owner = identity(CONTROLLER);
    let writer = Writer { user: &owner, manager: MANAGER, dry_run: true, warnings: Warnings::default() };
    let admitted = ctx.pipeline.create_as(&pods, Context::pod_from(&set), &writer).await?;
    let nodes = store.list(&Gvr::core("nodes"), None).1;
    let placed = nodes.iter().map(|node| (Arc::from(j::name(node)), address(node).to_owned()));
    let resting = Resting { pod: Value::clone(&admitted), nodes: placed.collect(), since: store.now(), well };
    store.lay(j::name(&set), resting, wanted)
}

/// A node's address inside its cluster.
fn address(node: &Value) -> &str {
    let addresses = j::items(node, "/status/addresses");
    addresses.iter().find(|a| j::text(a, "/type") == "InternalIP").map_or("", |a| j::text(a, "/address"))
}
