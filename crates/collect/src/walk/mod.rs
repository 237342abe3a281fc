//! Walking the chain: which facts to gather for a target, and which of them at the same time.

mod account;
mod cache;
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

/// Gathers the evidence for what was asked: one entry per identity.
pub async fn collect(world: &World, ask: &Ask) -> Result<Vec<Evidence>, CollectError> {
    match ask {
        Ask::Everything => workload::everything(world).await,
        Ask::Workload(target) => Ok(vec![Box::pin(workload::walk(world, target)).await]),
        Ask::Role { arn, subject } => Ok(vec![Box::pin(account::walk_role(world, arn, subject.as_deref())).await]),
        Ask::Issuer(url) => Ok(vec![Box::pin(account::walk_issuer(world, url)).await]),
        Ask::Job(dir) => Ok(vec![Box::pin(account::walk_job(world, dir)).await?]),
        Ask::Logs => Ok(vec![account::walk_logs(world)]),
    }
}
