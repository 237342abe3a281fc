//! Workloads at rest: their pods are there as they are when all is well, and nothing runs them. So a cluster can have
//! as many as a large one has.

use std::sync::Arc;

use serde_json::Value;

use super::{
    common::{Context, MANAGER, identity, template_hash},
    deployment::new_set,
};
use crate::{
    objects::{
        address::Gvr,
        errors::ApiError,
        json as j,
        names::{new_suffix, new_uid},
    },
    store::Store,
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
    well: impl Fn(&mut Value, &str, jiff::Timestamp),
) -> Result<(), ApiError> {
    let ctx = Context { store: store.clone(), pipeline: pipeline.clone() };
    let deployment = ctx.pipeline.create(&Gvr::apps("deployments"), deployment, user, false).await?;
    let hash = template_hash(j::at(&deployment, "/spec/template"));
    let mut set = new_set(&deployment, &hash, 1);
    let replicas = j::at(&deployment, "/spec/replicas").clone();
    let wanted = replicas.as_u64().unwrap_or(0);
    j::put(&mut set, "/spec/replicas", replicas);
    let set = ctx.create(&Gvr::apps("replicasets"), set, "deployment-controller").await?;
    let pods = Gvr::core("pods");
    let owner = identity(CONTROLLER);
    let writer = Writer { user: &owner, manager: MANAGER, dry_run: true, warnings: Warnings::default() };
    let admitted = ctx.pipeline.create_as(&pods, Context::pod_from(&set), &writer).await?;
    let nodes = store.list(&Gvr::core("nodes"), None).1;
    let now = store.now();
    let mut turns = nodes.iter().cycle();
    let all = (0..wanted).map(|_| pod(&admitted, &set, turns.next(), now, &well));
    store.lay(&pods, all)
}

fn pod(
    admitted: &Value,
    set: &Value,
    node: Option<&Arc<Value>>,
    now: jiff::Timestamp,
    well: &impl Fn(&mut Value, &str, jiff::Timestamp),
) -> Value {
    let mut pod = admitted.clone();
    j::put(&mut pod, "/metadata/name", format!("{}-{}", j::name(set), new_suffix()).into());
    j::put(&mut pod, "/metadata/uid", new_uid().into());
    if let Some(node) = node {
        j::put(&mut pod, "/spec/nodeName", j::name(node).into());
        let addresses = j::items(node, "/status/addresses");
        let own = addresses.iter().find(|a| j::text(a, "/type") == "InternalIP");
        well(&mut pod, own.map_or("", |a| j::text(a, "/address")), now);
    }
    pod
}
