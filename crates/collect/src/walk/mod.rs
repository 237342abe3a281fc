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
pub use targets::{Ask, Choice, Words, parse_target, parse_targets};
pub use world::World;

use trustwalk_core::evidence::{Evidence, Settler};

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
    if let Some(name) = &world.options.cluster
        && let Some(gone) = Box::pin(nearest::cluster(world, name)).await
    {
        return Err(gone);
    }
    match ask {
        Ask::Everything { namespace, kinds } => {
            let walked = Box::pin(everything::everything(world, namespace.as_deref(), kinds, &mut give)).await?;
            missed.extend(walked.1);
            if let (Some(name), 0, true) = (namespace, walked.0, missed.is_empty()) {
                missed.extend(Box::pin(world.must_have(name)).await?);
            }
        }
        Ask::Workload(target) => {
            world.cluster_to_ask()?;
            let depth = workload::Depth::full();
            let found = Box::pin(workload::walk(world, target, &depth, listed::Listed::default())).await;
            // A mistyped name would be every gap of the report.
            if everything::is_gone(&found, target) {
                return Err(Box::pin(nearest::object(world, target)).await);
            }
            give(found);
        }
        Ask::Several(targets) => Box::pin(everything::several(world, targets)).await?.into_iter().for_each(give),
        Ask::Chosen(choice) => {
            let (targets, unlisted) = Box::pin(everything::chosen(world, choice)).await?;
            missed.extend(unlisted);
            Box::pin(everything::several(world, &targets)).await?.into_iter().for_each(give);
        }
        Ask::Role { arn, subject } => {
            let found = Box::pin(account::walk_role(world, arn, subject.as_deref())).await;
            if found.role.is_absent()
                && world.options.logs.is_empty()
                && let Some(gone) = Box::pin(nearest::role(world, arn, found.caller.known())).await
            {
                return Err(gone);
            }
            give(found);
        }
        Ask::Issuer(url) => give(Box::pin(account::walk_issuer(world, url)).await),
        Ask::Job { path, subject } => {
            let (found, unread) = Box::pin(account::walk_jobs(world, path, subject.as_deref())).await?;
            missed.extend(unread);
            found.into_iter().for_each(give);
        }
        Ask::Logs => account::walk_logs(world).by_identity().into_iter().for_each(give),
    }
    Ok(missed)
}
