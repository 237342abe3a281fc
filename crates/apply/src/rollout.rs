//! Waiting for a roll-out, with a view of the pods whenever something about them changes.

use std::time::Duration;

use trustwalk_collect::World;
use trustwalk_collect::kube_api::{WorkloadRef, resource};
use trustwalk_core::evidence::{Pod, Workload};

use crate::error::ApplyError;
use crate::progress::{PodView, Progress, RolloutView};

/// How long a roll-out may go without any change before it is called stuck.
const STALL: Duration = Duration::from_secs(30);
/// How often the pods are looked at.
const PERIOD: Duration = Duration::from_millis(100);

/// Waits until every pod is new and ready.
pub(crate) async fn wait(
    world: &World,
    kind: &str,
    namespace: &str,
    name: &str,
    progress: &mut impl Progress,
) -> Result<(), ApplyError> {
    let kube = world.kube.as_ref().map_err(|why| ApplyError::NoCluster(why.clone()))?;
    let failed = |reason: String| ApplyError::Step { step: format!("roll-out of {kind} {namespace}/{name}"), reason };
    let Some(resource) = resource(kind) else { return Err(failed(format!("`{kind}` has no roll-out"))) };
    if resource.kind == "Pod" {
        return Ok(());
    }
    let target = WorkloadRef { resource, namespace: namespace.to_owned(), name: name.to_owned() };
    let mut last: Option<RolloutView> = None;
    let mut changed = tokio::time::Instant::now();
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tick.tick().await;
        let workload = kube.workload(&target).await;
        let Some(workload) = workload.known() else { return Err(failed(workload.gap().unwrap_or_default())) };
        let pods = kube.pods_of(workload).await;
        let Some(pods) = pods.known() else { return Err(failed(pods.gap().unwrap_or_default())) };
        let view = view(workload, pods);
        if last.as_ref() != Some(&view) {
            // A pod that restarts over and over changes all the time and gets nowhere.
            let got_on = last.as_ref().is_none_or(|l| l.renewed != view.renewed || l.pods.len() != view.pods.len());
            if got_on {
                changed = tokio::time::Instant::now();
            }
            progress.rollout(&view);
            last = Some(view.clone());
        }
        let whole = view.renewed >= view.desired && i64::try_from(view.pods.len()) == Ok(view.desired);
        if whole {
            return Ok(());
        }
        if changed.elapsed() > STALL {
            return Err(ApplyError::Stuck {
                what: format!("{kind} {namespace}/{name}"),
                why: format!(
                    "{} of {} pods renewed and ready, and nothing changed for {} s",
                    view.renewed,
                    view.desired,
                    STALL.as_secs()
                ),
            });
        }
    }
}

fn view(workload: &Workload, pods: &[Pod]) -> RolloutView {
    let stamp =
        |spec: &trustwalk_core::evidence::PodSpec| spec.annotations.get("kubectl.kubernetes.io/restartedAt").cloned();
    let wanted = stamp(&workload.template);
    let renewed = pods.iter().filter(|p| p.ready && stamp(&p.spec) == wanted).count();
    let mut pods: Vec<PodView> = pods
        .iter()
        .filter(|p| !p.ended())
        .map(|p| PodView {
            name: p.name.clone(),
            ready: p.ready,
            containers: p.containers_ready(),
            status: p.reason.clone().unwrap_or_else(|| p.phase.clone()),
            restarts: p.restarts,
        })
        .collect();
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    RolloutView { desired: workload.desired, renewed: i64::try_from(renewed).unwrap_or(i64::MAX), pods }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_that_ended_for_good_hold_no_roll_out_up() {
        let pod = |phase: &str, ready| Pod { phase: phase.to_owned(), ready, ..Pod::default() };
        let workload = Workload { desired: 1, ..Workload::default() };
        let seen = view(&workload, &[pod("Running", true), pod("Failed", false), pod("Succeeded", false)]);
        assert_eq!((seen.renewed, seen.pods.len()), (1, 1));
        let seen = view(&workload, &[pod("Running", false), pod("Running", true)]);
        assert_eq!(seen.pods.len(), 2, "a pod that is going is still there");
    }
}
