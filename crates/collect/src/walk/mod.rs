//! Walking the chain: which facts to gather for a target, and which of them at the same time.

mod account;
mod bearer;
mod cache;
mod everything;
mod given;
mod kept;
mod listed;
mod nearest;
mod options;
mod pod_identity;
mod targets;
mod trail;
mod workload;
mod world;

pub use given::contradiction;
pub use options::WalkOptions;
pub use targets::{Ask, parse_target};
pub use world::World;

use trustwalk_core::evidence::{Evidence, Settler};
use trustwalk_foreign::shell;

use crate::error::CollectError;
use crate::kube_api::WorkloadRef;

/// What a walk brought back.
#[derive(Debug, Default)]
pub struct Collected {
    /// One entry per identity.
    pub evidence: Vec<Evidence>,
    /// Kinds of workload that could not be listed, logs that could not be read and what GitHub did not tell, each
    /// with the reason.
    pub missed: Vec<String>,
}

/// Gathers the evidence for what was asked.
pub async fn collect(world: &World, ask: &Ask) -> Result<Collected, CollectError> {
    let mut evidence = Vec::new();
    let missed = Box::pin(collect_each(world, ask, &mut |one| evidence.push(one))).await?;
    Ok(Collected { evidence, missed })
}

/// Whoever takes identities as they are walked.
pub type Taker<'a> = &'a mut (dyn FnMut(Evidence) + Send);

/// The same, but gives the evidence of each identity away as soon as it is there, in order, so that that of many is
/// never held at once. Nothing is given when it fails. Tells what was missed.
pub async fn collect_each(world: &World, ask: &Ask, take: Taker<'_>) -> Result<Vec<String>, CollectError> {
    let mut missed = world.unread_logs();
    let mut settler = Settler::default();
    // What a walk needed on its way and no question asks for goes no further.
    let mut give = |one| take(settler.settle(one));
    match ask {
        Ask::Everything { namespace } => {
            let (walked, more) = everything::everything(world, namespace.as_deref(), &mut give).await?;
            missed.extend(more);
            if let (Some(name), 0, true) = (namespace, walked, missed.is_empty()) {
                world.must_have(name).await?;
            }
        }
        Ask::Workload(target) => {
            let depth = workload::Depth::full();
            let found = Box::pin(workload::walk(world, target, &depth, listed::Listed::default())).await;
            // A mistyped name would be every gap of the report.
            if found.workload.is_absent() || found.service_account.is_absent() && is_account(target) {
                return Err(gone(world, target).await);
            }
            give(found);
        }
        Ask::Role { arn, subject } => give(Box::pin(account::walk_role(world, arn, subject.as_deref())).await),
        Ask::Issuer(url) => give(Box::pin(account::walk_issuer(world, url)).await),
        Ask::Job { path, subject } => {
            let (found, unread) = Box::pin(account::walk_jobs(world, path, subject.as_deref())).await?;
            missed.extend(unread);
            found.into_iter().for_each(give);
        }
        Ask::Logs => give(account::walk_logs(world)),
    }
    Ok(missed)
}

fn is_account(target: &WorkloadRef) -> bool {
    target.resource.kind == "ServiceAccount"
}

/// That a target does not exist, and what may have been meant.
async fn gone(world: &World, target: &WorkloadRef) -> CollectError {
    let kind = target.resource.kind.to_ascii_lowercase();
    let near = match &world.kube {
        Ok(kube) => nearest::nearest(kube, target).await,
        Err(_) => Vec::new(),
    };
    let there = if near.is_empty() {
        format!("`{}` lists those that do", shell::line("kubectl get {} -A", &[&kind]))
    } else {
        format!("there is {}", near.join(", "))
    };
    CollectError::Gone { what: format!("{kind}/{}", target.name), in_namespace: target.namespace.clone(), there }
}
