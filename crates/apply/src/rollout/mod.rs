//! Waiting for roll-outs: the controller and its pods are watched, and the controller itself says when it is over.

mod before;
mod decide;
mod renew;
mod scene;

use std::time::Duration;

use tokio::time::Instant;
use trustwalk_collect::kube_api::{
    Controller, KubeApi, LivePod, RESTARTED_AT, Waits, WorkloadRef, controller, resource,
};
use trustwalk_core::plan::Action;

use crate::error::ApplyError;
use crate::progress::{Progress, RolloutView, Still};
use decide::{Verdict, decide};
use scene::{Ears, Scene};

#[cfg(test)]
mod tests;

pub(crate) use before::{Before, before};
pub(crate) use renew::renew;

/// After so long without a step forward the view says since when, and what the pods wait for.
const QUIET: Duration = Duration::from_secs(30);

/// A new pod that ends so often has a fault that waiting does not cure. Its own controller would wait until the
/// progress deadline, ten minutes where nobody set it (Kubernetes documentation, "Deployments", failed deployment).
const HOPELESS: i64 = 3;

/// Why a new pod is not waited for any longer; `None` where it is.
fn hopeless(live: &LivePod) -> Option<String> {
    let fails = !live.pod.ready && live.pod.restarts >= HOPELESS;
    let waits = live.waits.as_ref().filter(|waits| fails && matches!(waits, Waits::Crash(..)))?;
    let LivePod { pod, .. } = live;
    Some(format!("{} was restarted {} times and does not become ready: {}", pod.name, pod.restarts, waits.words()))
}

/// What is rolled out, and how long it is waited for.
pub(super) struct Rolling<'a> {
    kube: &'a KubeApi,
    target: WorkloadRef,
    /// As it was right before.
    first: Controller,
    until: Option<(Instant, Duration)>,
}

impl<'a> Rolling<'a> {
    async fn of(kube: &'a KubeApi, action: &Action, bound: Option<Duration>) -> Result<Option<Self>, ApplyError> {
        let (Action::Restart { resource: kind, namespace, name }
        | Action::Renew { resource: kind, namespace, name, .. }) = action
        else {
            return Ok(None);
        };
        let Some(resource) = resource(kind).filter(|r| r.kind != "Pod") else { return Ok(None) };
        let target = WorkloadRef { resource, namespace: namespace.clone(), name: name.clone() };
        let object = kube.object(&target).await;
        let Some(object) = object.known() else {
            let step = format!("roll-out of {kind} {namespace}/{name}");
            return Err(ApplyError::Step { step, reason: object.gap().unwrap_or_default() });
        };
        let first = controller(resource.kind, object);
        let until = bound.map(|bound| (Instant::now() + bound, bound));
        Ok(Some(Self { kube, target, first, until }))
    }

    fn name(&self) -> String {
        format!("{} {}/{}", self.target.resource.kind, self.target.namespace, self.target.name)
    }

    fn failed(&self, reason: String) -> ApplyError {
        ApplyError::Step { step: format!("roll-out of {}", self.name()), reason }
    }

    /// The time that was given is over.
    fn unfinished(&self, says: &str, scene: &Scene) -> ApplyError {
        let bound = self.until.map_or(0, |(_, bound)| bound.as_secs());
        ApplyError::Unfinished { what: self.name(), told: format!("{says} after {bound} s; {}", scene.waits()) }
    }

    /// How long is waited, in words.
    fn patience(&self) -> String {
        let deadline = match self.first.deadline {
            Some(seconds) => format!("its progress deadline is {seconds} s"),
            None => "it has no progress deadline".to_owned(),
        };
        match self.until {
            Some((_, bound)) => format!("{deadline}; --timeout ends the wait after {} s", bound.as_secs()),
            None if self.first.deadline.is_some() => deadline,
            None => format!("{deadline}, so it is waited for until it is done; --timeout bounds the wait"),
        }
    }

    /// How long a deployment may go without a step forward, as it says itself.
    fn deadline(&self) -> Option<Duration> {
        self.first.deadline.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs)
    }

    /// Waits until the given time is over; for ever where none was given.
    async fn time_over(&self) {
        moment(self.until.map(|(until, _)| until)).await;
    }
}

/// Waits until then; for ever where there is no end.
async fn moment(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// What moved last, and when.
struct Pulse<P> {
    last: Option<P>,
    at: Instant,
    since: i64,
    told: bool,
}

impl<P: PartialEq> Pulse<P> {
    fn new() -> Self {
        Self { last: None, at: Instant::now(), since: jiff::Timestamp::now().as_second(), told: false }
    }

    /// Takes note of a state.
    fn beat(&mut self, state: P) {
        if self.last.as_ref() != Some(&state) {
            *self = Self { last: Some(state), ..Self::new() };
        }
    }

    /// What is to be told of a stand-still.
    fn still(&self, waits: impl FnOnce() -> String) -> Option<Still> {
        self.told.then(|| Still { since: self.since, waits: waits() })
    }

    /// When nothing will have moved for so long.
    fn end(&self, deadline: Duration) -> Instant {
        self.at + deadline
    }

    /// Waits until nothing has moved for long, and takes note of that.
    async fn stands(&mut self) {
        if self.told {
            return std::future::pending().await;
        }
        tokio::time::sleep_until(self.at + QUIET).await;
        self.told = true;
    }
}

/// Waits until the controller says that the roll-out is over. A newer one, which somebody else began meanwhile, is
/// waited for in its place.
pub(crate) async fn wait(
    kube: &KubeApi,
    action: &Action,
    bound: Option<Duration>,
    progress: &mut impl Progress,
) -> Result<(), ApplyError> {
    let Some(rolling) = Rolling::of(kube, action, bound).await? else { return Ok(()) };
    progress.waits(&rolling.patience());
    let mut ears = Ears::open(rolling.kube, &rolling.target, &rolling.first.selector, false);
    let (mut scene, mut pulse) = (Scene::default(), Pulse::new());
    let mut last: Option<RolloutView> = None;
    let mut says = "the controller has not answered yet".to_owned();
    loop {
        tokio::select! {
            heard = ears.hear(&mut scene) => heard.map_err(|why| rolling.failed(why))?,
            () = pulse.stands() => {}
            () = rolling.time_over() => return Err(rolling.unfinished(&says, &scene)),
        }
        if let Some(words) = scene.unwatched() {
            progress.waits(&words);
        }
        if scene.gone {
            return Err(rolling.failed("it was deleted meanwhile".to_owned()));
        }
        let (Some(c), true) = (&scene.controller, scene.pods.is_some()) else { continue };
        let verdict = decide(c);
        says = match &verdict {
            Verdict::Moves(words) => words.clone(),
            Verdict::Done | Verdict::Stuck(_) | Verdict::Paused | Verdict::ByHand => String::new(),
        };
        let new = |p: &LivePod| p.pod.spec.annotations.get(RESTARTED_AT) == c.restarted_at.as_ref();
        let renewed = scene.living().filter(|p| p.pod.ready && new(p)).count();
        let renewed = i64::try_from(renewed).unwrap_or(i64::MAX);
        // Controller and pods are told of separately. What the controller counts at the end is so, whether or not the
        // pods' own last change was heard yet.
        let counted = if verdict == Verdict::Done { c.updated.min(c.ready).min(c.desired) } else { 0 };
        let renewed = renewed.max(counted);
        pulse.beat((c.updated, c.available, c.ready, c.replicas, renewed));
        let view = scene.view((c.desired, renewed), says.clone(), pulse.still(|| scene.waits()), &new);
        if last.as_ref() != Some(&view) {
            progress.rollout(&view);
            last = Some(view);
        }
        match verdict {
            Verdict::Moves(_) => {
                let fails = scene.living().filter(|p| new(p)).find_map(hopeless);
                if let Some(why) = fails {
                    return Err(ApplyError::Failing { what: rolling.name(), why });
                }
            }
            Verdict::Done => return Ok(()),
            Verdict::Stuck(why) => {
                return Err(ApplyError::Stuck { what: rolling.name(), why: format!("{why} {}", scene.waits()) });
            }
            Verdict::Paused => return Err(before::paused(&rolling.target)),
            Verdict::ByHand => return Err(before::by_hand(&rolling.target)),
        }
    }
}
