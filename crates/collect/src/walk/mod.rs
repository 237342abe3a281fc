//! Walking the chain: which facts to gather for a target, and which of them at the same time.

mod account;
mod cache;
mod everything;
mod listed;
mod nearest;
mod options;
mod pod_identity;
mod targets;
mod trail;
mod workload;
mod world;

pub use options::WalkOptions;
pub use targets::{Ask, parse_target};
pub use world::World;

use trustwalk_core::evidence::{Evidence, settled};

use crate::error::CollectError;

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
            found.evidence
        }
        Ask::Workload(target) => {
            vec![Box::pin(workload::walk(world, target, &workload::Depth::full(), listed::Listed::default())).await]
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
