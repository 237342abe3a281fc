//! Walking the chain: which facts to gather for a target, and which of them at the same time.

mod account;
mod cache;
mod everything;
mod nearest;
mod options;
mod targets;
mod workload;
mod world;

pub use options::WalkOptions;
pub use targets::{Ask, parse_target};
pub use world::World;

use trustwalk_core::evidence::Evidence;

use crate::error::CollectError;

/// What a walk brought back.
#[derive(Debug, Default)]
pub struct Collected {
    /// One entry per identity.
    pub evidence: Vec<Evidence>,
    /// Kinds of workload that could not be listed, each with the reason: there may be more identities.
    pub missed: Vec<String>,
}

/// Gathers the evidence for what was asked.
pub async fn collect(world: &World, ask: &Ask) -> Result<Collected, CollectError> {
    let one = match ask {
        Ask::Everything { namespace } => return everything::everything(world, namespace.as_deref()).await,
        Ask::Workload(target) => Box::pin(workload::walk(world, target)).await,
        Ask::Role { arn, subject } => Box::pin(account::walk_role(world, arn, subject.as_deref())).await,
        Ask::Issuer(url) => Box::pin(account::walk_issuer(world, url)).await,
        Ask::Job(dir) => Box::pin(account::walk_job(world, dir)).await?,
        Ask::Logs => account::walk_logs(world),
    };
    Ok(Collected { evidence: vec![one], missed: Vec::new() })
}
