//! The steps of the story, each with the wait that shows it happened.

use std::time::Duration;

use trustwalk_lab_cluster::json as j;

use crate::{
    Lab, LabError, pods,
    world::{ALL, AWS_NODE, World},
};

/// The fault of the story.
const FAULT: &str = "thumbprint-mismatch";
/// Longest wait for the cluster to settle; it needs about a second.
const SETTLED: Duration = Duration::from_secs(30);

/// Waits until every pod of every workload is Ready, the webhook's among them.
pub async fn healthy(lab: &Lab) -> Result<(), LabError> {
    lab.all_ready(&ALL, SETTLED).await?;
    lab.deployments_ready(SETTLED).await
}

/// The world of before the change: the CNI uses its node's role, and all is well.
pub async fn before(lab: &Lab) -> Result<(), LabError> {
    healthy(lab).await
}

/// The change: the add-on gets a role, the service account its annotation, the
/// `DaemonSet` new pods. What becomes of them is the trust model's to say.
pub async fn change(lab: &Lab) -> Result<(), LabError> {
    lab.inner.story.account.tell_change(lab.inner.clock.now());
    lab.rebase(World::healthy(), Some(FAULT)).await?;
    lab.inner.story.replaced(AWS_NODE, SETTLED).await
}

/// The change, and every one of the new pods fails.
pub async fn let_it_break(lab: &Lab) -> Result<(), LabError> {
    change(lab).await?;
    broken(lab).await
}

/// Waits until every one of the CNI's pods says what the story's said.
pub async fn broken(lab: &Lab) -> Result<(), LabError> {
    lab.inner.story.replaced(AWS_NODE, SETTLED).await?;
    let store = lab.store();
    pods::wait(&store, "every pod of the CNI failing", SETTLED, || {
        for pod in pods::of(&store, AWS_NODE) {
            let log = lab.log(&pod, AWS_NODE.name);
            if pods::is_ready(&pod) || !log.contains("doesn't match configured thumbprint") {
                return Err(format!("{} says: {}", j::name(&pod), log.lines().last().unwrap_or("nothing")));
            }
        }
        Ok(())
    })
    .await
}
