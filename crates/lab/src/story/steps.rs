//! The steps of the story, each with the wait that shows it happened.

use std::time::Duration;

use crate::{
    Lab, LabError,
    faults::Target,
    world::{ALL, AWS_NODE, World},
};

/// The fault of the story.
const FAULT: &str = "thumbprint-mismatch";
/// Longest wait for the cluster to settle; it needs about a second.
const SETTLED: Duration = Duration::from_secs(30);

/// Waits until every pod of every workload is Ready.
pub async fn healthy(lab: &Lab) -> Result<(), LabError> {
    lab.all_ready(&ALL, SETTLED).await
}

/// The world of before the change: the CNI uses its node's role and is well.
pub async fn before(lab: &Lab) -> Result<(), LabError> {
    lab.all_ready(&[AWS_NODE], SETTLED).await
}

/// The change: the add-on gets a role, the service account its annotation, the
/// `DaemonSet` new pods, and every one of them fails.
pub async fn let_it_break(lab: &Lab) -> Result<(), LabError> {
    lab.inner.account.update_addon(lab.inner.clock.now());
    lab.rebase(World::healthy(), Some(FAULT)).await?;
    broken(lab).await
}

/// Waits until the CNI's pods say what the story's said.
pub async fn broken(lab: &Lab) -> Result<(), LabError> {
    lab.logged(Target::Workload(AWS_NODE), "doesn't match configured thumbprint", SETTLED).await
}
