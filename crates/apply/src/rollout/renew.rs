//! Evicting pods one after another: each only while the workload can spare it, and the next one only when what took
//! its place is ready.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;
use trustwalk_collect::kube_api::{Controller, Evicted, KubeApi, LivePod, Waits};
use trustwalk_core::plan::{Action, OnePod};

use super::scene::{Ears, Scene};
use super::{Pulse, Rolling};
use crate::error::ApplyError;
use crate::progress::{Progress, RolloutView};

/// The pause before a pod that may not go now is asked to again, as `kubectl drain` makes it; what changes sooner is
/// seen sooner.
const AGAIN: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// A new pod that ends so often has a fault that no eviction cures.
const HOPELESS: i64 = 3;

/// What is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    /// This pod is asked to go.
    Evict(OnePod),
    /// Something has to come about first.
    Wait(String),
    /// A new pod fails; why.
    Failed(String),
    /// All of them are renewed.
    Done,
}

/// The pods of a step, and what is known of them.
struct Queue {
    pods: Vec<OnePod>,
    /// The UIDs of all pods before the first eviction: others are new.
    old: BTreeSet<String>,
}

impl Queue {
    fn is_new(&self, pod: &LivePod) -> bool {
        !self.old.contains(&pod.pod.uid)
    }

    /// Those that are still there.
    fn left<'s>(&'s self, scene: &'s Scene) -> impl Iterator<Item = (&'s OnePod, &'s LivePod)> {
        self.pods.iter().filter_map(|one| {
            let live = scene.pods.as_ref()?.get(&one.name)?;
            (live.pod.uid == one.uid && !live.pod.ended()).then_some((one, live))
        })
    }

    /// What is done next. Pods that fail go first: nobody misses them.
    fn next(&self, c: &Controller, scene: &Scene) -> Next {
        let new = || scene.living().filter(|p| self.is_new(p));
        for pod in new().filter(|p| !p.pod.ready) {
            if let Some(waits @ Waits::Crash(..)) = pod.waits.as_ref().filter(|_| pod.pod.restarts >= HOPELESS) {
                return Next::Failed(format!("the new pod {} does not become ready: {}", pod.pod.name, waits.words()));
            }
        }
        if let Some((_, going)) = self.left(scene).find(|(_, live)| live.leaving) {
            return Next::Wait(format!("{} goes", going.pod.name));
        }
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        if count(scene.living().count()) < c.desired {
            return Next::Wait("a new pod is to be made".to_owned());
        }
        if let Some(pod) = new().find(|p| !p.pod.ready) {
            return Next::Wait(format!("{} is to become ready", pod.pod.name));
        }
        let failing = self.left(scene).find(|(_, live)| !live.pod.ready);
        let Some((one, live)) = failing.or_else(|| self.left(scene).next()) else { return Next::Done };
        let ready = count(scene.living().filter(|p| p.pod.ready).count());
        if live.pod.ready && c.desired.saturating_sub(ready) >= c.may_lack {
            return Next::Wait(format!("{ready} of {} pods are ready, and no other one can be spared", c.desired));
        }
        Next::Evict(one.clone())
    }
}

/// What an eviction that did not happen waits for.
struct Held {
    why: String,
    until: Instant,
    pause: Duration,
}

/// Evicts the pods of a step, one after another. What is gone already is passed over, so that an interrupted run goes
/// on where it ended.
pub(crate) async fn renew(
    kube: &KubeApi,
    action: &Action,
    bound: Option<Duration>,
    progress: &mut impl Progress,
) -> Result<(), ApplyError> {
    let Action::Renew { pods, namespace, .. } = action else { return Ok(()) };
    let Some(rolling) = Rolling::of(kube, action, bound).await? else { return Ok(()) };
    progress.waits(&rolling.patience_of_evictions());
    let mut ears = Ears::open(rolling.kube, &rolling.target, &rolling.first.selector, true);
    let (mut scene, mut pulse) = (Scene::default(), Pulse::new());
    let mut queue = Queue { pods: pods.clone(), old: BTreeSet::new() };
    let (mut held, mut says): (Option<Held>, String) = (None, "nothing was heard yet".to_owned());
    let (mut listed, mut last): (bool, Option<RolloutView>) = (false, None);
    loop {
        tokio::select! {
            heard = ears.hear(&mut scene) => heard.map_err(|why| rolling.failed(why))?,
            () = pulse.stands() => {}
            () = held_until(held.as_ref()) => {}
            () = rolling.time_over() => return Err(rolling.unfinished(&says, &scene)),
        }
        if scene.gone {
            return Err(rolling.failed("it was deleted meanwhile".to_owned()));
        }
        let (Some(c), Some(all)) = (&scene.controller, &scene.pods) else { continue };
        if !listed {
            listed = true;
            // A pod that took another's place in a run that was interrupted is judged as one of these.
            queue.old = all.values().map(|p| p.pod.uid.clone()).collect();
        }
        let next = queue.next(c, &scene);
        let left = i64::try_from(queue.left(&scene).count()).unwrap_or(i64::MAX);
        let of = i64::try_from(pods.len()).unwrap_or(i64::MAX);
        says = match (&next, &held) {
            (Next::Wait(words), _) => words.clone(),
            (Next::Evict(_), Some(held)) => held.why.clone(),
            (Next::Evict(one), None) => format!("{} is asked to go", one.name),
            (Next::Failed(_) | Next::Done, _) => String::new(),
        };
        pulse.beat((left, c.ready, c.replicas));
        let view = scene
            .view((of, of - left), says.clone(), pulse.still(|| said(held.as_ref(), &scene)), &|p| queue.is_new(p));
        if last.as_ref() != Some(&view) {
            progress.rollout(&view);
            last = Some(view);
        }
        match next {
            Next::Wait(_) => held = None,
            Next::Done => return Ok(()),
            Next::Failed(why) => return Err(ApplyError::Stuck { what: rolling.name(), why }),
            Next::Evict(one) => {
                held = match rolling.kube.evict(namespace, &one.name, &one.uid).await {
                    Evicted::Goes | Evicted::Gone => None,
                    Evicted::NotNow { why, told } => Some(again(held, why, told)),
                    // Asked again it goes, or is gone: it is known by its UID.
                    Evicted::Lost(why) => Some(again(held, why, None)),
                    Evicted::Refused(reason) => {
                        return Err(ApplyError::Refused {
                            step: format!("eviction of {namespace}/{}", one.name),
                            reason,
                        });
                    }
                };
                if let Some(held) = &held {
                    says.clone_from(&held.why);
                }
            }
        }
    }
}

/// What a stand-still is put down to.
fn said(held: Option<&Held>, scene: &Scene) -> String {
    held.map_or_else(|| scene.waits(), |held| held.why.clone())
}

fn again(before: Option<Held>, why: String, told: Option<Duration>) -> Held {
    let pause = before.map_or(AGAIN, |held| held.pause.saturating_mul(2)).min(LONGEST);
    Held { why, until: Instant::now() + told.unwrap_or(pause).min(LONGEST), pause }
}

async fn held_until(held: Option<&Held>) {
    match held {
        Some(held) => tokio::time::sleep_until(held.until).await,
        None => std::future::pending().await,
    }
}

impl Rolling<'_> {
    /// How long is waited, in words: no controller bounds evictions.
    fn patience_of_evictions(&self) -> String {
        match self.until {
            Some((_, bound)) => format!("one pod after another; --timeout ends the wait after {} s", bound.as_secs()),
            None => "one pod after another, each as disruption budgets allow; --timeout bounds the wait".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use serde_json::json;
    use trustwalk_collect::kube_api::live_pod;

    fn pod(name: &str, uid: &str, ready: bool) -> LivePod {
        let status = if ready { "True" } else { "False" };
        live_pod(&json!({"metadata": {"name": name, "uid": uid}, "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": status}]}}))
    }

    fn scene(pods: Vec<LivePod>) -> Scene {
        let pods: BTreeMap<String, LivePod> = pods.into_iter().map(|p| (p.pod.name.clone(), p)).collect();
        Scene { pods: Some(pods), ..Scene::default() }
    }

    fn queue() -> Queue {
        let one = |name: &str, uid: &str| OnePod { name: name.to_owned(), uid: uid.to_owned() };
        let old = ["1", "2", "3"].map(str::to_owned).into();
        Queue { pods: vec![one("a", "1"), one("b", "2")], old }
    }

    fn set(desired: i64, may_lack: i64) -> Controller {
        Controller { desired, may_lack, ..Controller::default() }
    }

    #[test]
    fn one_goes_after_another_and_those_that_fail_first() {
        let q = queue();
        let evict = |name: &str, uid: &str| Next::Evict(OnePod { name: name.to_owned(), uid: uid.to_owned() });
        let all = scene(vec![pod("a", "1", true), pod("b", "2", false), pod("c", "3", true)]);
        assert_eq!(q.next(&set(3, 1), &all), evict("b", "2"));
        let mut going = pod("b", "2", false);
        going.leaving = true;
        let goes = scene(vec![pod("a", "1", true), going, pod("c", "3", true)]);
        assert!(matches!(q.next(&set(3, 1), &goes), Next::Wait(w) if w == "b goes"));
        let unmade = scene(vec![pod("a", "1", true), pod("c", "3", true)]);
        assert!(matches!(q.next(&set(3, 1), &unmade), Next::Wait(w) if w.contains("to be made")));
        let unready = scene(vec![pod("a", "1", true), pod("d", "4", false), pod("c", "3", true)]);
        assert!(matches!(q.next(&set(3, 1), &unready), Next::Wait(w) if w.starts_with("d is to become")));
        let ready = scene(vec![pod("a", "1", true), pod("d", "4", true), pod("c", "3", true)]);
        assert_eq!(q.next(&set(3, 1), &ready), evict("a", "1"));
        let over = scene(vec![pod("e", "5", true), pod("d", "4", true), pod("c", "3", true)]);
        assert_eq!(q.next(&set(3, 1), &over), Next::Done);
    }

    #[test]
    fn no_pod_that_serves_goes_while_another_is_missing_and_a_namesake_is_left_alone() {
        let q = queue();
        let short = scene(vec![pod("a", "1", true), pod("c", "3", false), pod("d", "4", true)]);
        assert!(matches!(q.next(&set(3, 1), &short), Next::Wait(w) if w.contains("2 of 3 pods are ready")));
        assert!(matches!(q.next(&set(3, 2), &short), Next::Evict(one) if one.name == "a"));
        // As a stateful set's: the same names, other pods.
        let namesakes = scene(vec![pod("a", "8", true), pod("b", "9", true), pod("c", "3", true)]);
        assert_eq!(q.next(&set(3, 1), &namesakes), Next::Done);
    }

    #[test]
    fn the_first_new_pod_that_fails_is_the_last_one() {
        let failing = live_pod(&json!({"metadata": {"name": "d", "uid": "4"}, "status": {"phase": "Running",
            "containerStatuses": [{"name": "m", "ready": false, "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"reason": "Error", "exitCode": 7}}}]}}));
        let all = scene(vec![pod("a", "1", true), failing, pod("c", "3", true)]);
        assert!(matches!(queue().next(&set(3, 1), &all), Next::Failed(w) if w.contains("exit code 7")));
    }
}
