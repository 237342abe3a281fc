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

use trustwalk_core::evidence::{Evidence, settled};
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
    let mut missed = world.unread_logs();
    let evidence = match ask {
        Ask::Everything { namespace } => {
            let found = everything::everything(world, namespace.as_deref()).await?;
            missed.extend(found.missed);
            if let (Some(name), true, true) = (namespace, found.evidence.is_empty(), missed.is_empty()) {
                world.must_have(name).await?;
            }
            found.evidence
        }
        Ask::Workload(target) => {
            let depth = workload::Depth::full();
            let found = Box::pin(workload::walk(world, target, &depth, listed::Listed::default())).await;
            // A mistyped name would be every gap of the report.
            if found.workload.is_absent() || found.service_account.is_absent() && is_account(target) {
                return Err(gone(world, target).await);
            }
            vec![found]
        }
        Ask::Role { arn, subject } => vec![Box::pin(account::walk_role(world, arn, subject.as_deref())).await],
        Ask::Issuer(url) => vec![Box::pin(account::walk_issuer(world, url)).await],
        Ask::Job { path, subject } => {
            let (found, unread) = Box::pin(account::walk_jobs(world, path, subject.as_deref())).await?;
            missed.extend(unread);
            found
        }
        Ask::Logs => vec![account::walk_logs(world)],
    };
    // What a walk needed on its way and no question asks for goes no further.
    Ok(Collected { evidence: settled(evidence), missed })
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
