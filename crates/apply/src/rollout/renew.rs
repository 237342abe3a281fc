//! Evicting pods: the first alone, and once what took its place is ready, as many at the same time as the workload can
//! spare.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;
use trustwalk_collect::kube_api::{Controller, Evicted, KubeApi, LivePod};
use trustwalk_core::plan::{Action, OnePod};

use super::scene::{Ears, Scene};
use super::{Pulse, Rolling, hopeless, moment};
use crate::error::ApplyError;
use crate::progress::{Progress, RolloutView};

/// The pause before a pod that may not go now is asked to again, as `kubectl drain` makes it; what changes sooner is
/// seen sooner.
const AGAIN: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// Most pods that are away at the same time, whatever the workload can spare: nobody looks at more of them, and each
/// new one asks the scheduler, the registry of images and STS.
const MOST_AT_ONCE: i64 = 10;

/// What is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    /// These pods are asked to go.
    Evict(Vec<OnePod>),
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

    /// What is done next. Pods that fail go first: nobody misses them. The first one goes alone, as nobody knows yet
    /// whether a new one becomes ready. Of a stateful set that with the lowest number goes first: the place of another
    /// one stays empty while one before it is not ready (Kubernetes documentation, "`StatefulSets`", "Deployment and
    /// Scaling Guarantees").
    fn next(&self, c: &Controller, scene: &Scene) -> Next {
        let new = || scene.living().filter(|p| self.is_new(p));
        if let Some(why) = new().find_map(hopeless) {
            return Next::Failed(why);
        }
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let going = || self.left(scene).filter(|(_, live)| live.leaving);
        let unmade = unmade(c, scene);
        // A pod that goes is missing already: it is not counted twice.
        let away = unmade.max(count(going().count())) + count(new().filter(|p| !p.pod.ready).count());
        let width = if new().any(|p| p.pod.ready) { c.may_lack.clamp(1, MOST_AT_ONCE) } else { 1 };
        let room = width.saturating_sub(away).max(0);
        if room == 0 {
            return Next::Wait(match (going().next(), new().find(|p| !p.pod.ready)) {
                (Some((_, going)), _) => format!("{} goes", going.pod.name),
                (None, _) if unmade > 0 => "a new pod is to be made".to_owned(),
                (None, Some(pod)) => format!("{} is to become ready", pod.pod.name),
                (None, None) => "new pods are to become ready".to_owned(),
            });
        }
        let ready = count(scene.living().filter(|p| p.pod.ready).count());
        let spare = c.may_lack.saturating_sub(c.desired.saturating_sub(ready).max(0)).max(0);
        let size = |n: i64| usize::try_from(n).unwrap_or(0);
        let staying = || self.left(scene).filter(|(_, live)| !live.leaving);
        let mut failing: Vec<(&OnePod, &LivePod)> = staying().filter(|(_, live)| !live.pod.ready).collect();
        if c.kind == "StatefulSet" {
            failing.sort_by_key(|(one, _)| ordinal(&one.name));
        }
        let serving = staying().filter(|(_, live)| live.pod.ready).take(size(spare));
        let chosen: Vec<OnePod> =
            failing.into_iter().chain(serving).take(size(room)).map(|(one, _)| one.clone()).collect();
        if !chosen.is_empty() {
            return Next::Evict(chosen);
        }
        if staying().next().is_some() {
            return Next::Wait(format!("{ready} of {} pods are ready, and no other one can be spared", c.desired));
        }
        if away > 0 { Next::Wait("the last new pods are to become ready".to_owned()) } else { Next::Done }
    }
}

/// How many pods the controller has to make yet. A stateful set that goes in order makes none behind one that is not
/// ready: those come once that one is renewed (recorded from kube-controller-manager 1.36.2).
fn unmade(c: &Controller, scene: &Scene) -> i64 {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let missing = c.desired.saturating_sub(count(scene.living().count())).max(0);
    let unready = scene.living().filter(|p| !p.pod.ready).map(|p| ordinal(&p.pod.name)).min();
    match (c.in_order_from, unready) {
        (Some(first), Some(unready)) => {
            let before = scene.living().filter(|p| ordinal(&p.pod.name) < unready).count();
            let places = i64::try_from(unready.saturating_sub(first)).unwrap_or(i64::MAX);
            missing.min(places.saturating_sub(count(before)).max(0))
        }
        (None, _) | (_, None) => missing,
    }
}

/// The number of a stateful set's pod, which its name ends with (Kubernetes documentation, "`StatefulSets`", "Ordinal
/// index").
fn ordinal(name: &str) -> u64 {
    name.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(u64::MAX)
}

/// What an eviction that did not happen waits for.
struct Held {
    why: String,
    until: Instant,
    pause: Duration,
    /// What was heard of budgets, and how many pods there were and were ready, when it was refused; `None` where the
    /// time alone counts.
    seen: Option<(u64, i64, i64)>,
}

impl Held {
    /// Whether it is not to be tried again yet.
    fn holds(&self, seen: (u64, i64, i64)) -> bool {
        Instant::now() < self.until && self.seen.is_none_or(|before| before == seen)
    }
}

/// Evicts the pods of a step. What is gone already is passed over, so that an interrupted run goes on where it ended.
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
    let (mut listed, mut at_once, mut last): (bool, bool, Option<RolloutView>) = (false, false, None);
    // While new pods are to come up: its own controller bounds a roll-out so, and not what takes the place of pods that
    // were evicted. What a budget holds back waits for others, who are not in a hurry.
    let mut coming = false;
    loop {
        let end = rolling.deadline().filter(|_| coming).map(|deadline| pulse.end(deadline));
        // What was just refused is shown at once.
        if !std::mem::take(&mut at_once) {
            tokio::select! {
                heard = ears.hear(&mut scene) => heard.map_err(|why| rolling.failed(why))?,
                () = pulse.stands() => {}
                () = moment(held.as_ref().map(|held| held.until)) => {}
                () = rolling.time_over() => return Err(rolling.halted(&says, held.as_ref())),
                () = moment(end) => return Err(rolling.stands(&scene)),
            }
        }
        if let Some(words) = scene.unwatched() {
            progress.waits(&words);
        }
        if scene.gone {
            return Err(rolling.failed("it was deleted meanwhile".to_owned()));
        }
        let (Some(c), Some(all)) = (scene.controller.clone(), &scene.pods) else { continue };
        if !listed {
            listed = true;
            queue.old = before(pods, all);
        }
        let seen = (scene.budgets, c.ready, c.replicas);
        let next = queue.next(&c, &scene);
        let left = i64::try_from(queue.left(&scene).count()).unwrap_or(i64::MAX);
        let of = i64::try_from(pods.len()).unwrap_or(i64::MAX);
        says = match (&next, &held) {
            (Next::Wait(words), _) => words.clone(),
            (Next::Evict(_), Some(held)) => held.why.clone(),
            (Next::Evict(these), None) => asked(these),
            (Next::Failed(_) | Next::Done, _) => String::new(),
        };
        pulse.beat((left, c.ready, c.replicas));
        let view = scene
            .view((of, of - left), says.clone(), pulse.still(|| said(held.as_ref(), &scene)), &|p| queue.is_new(p));
        if last.as_ref() != Some(&view) {
            progress.rollout(&view);
            last = Some(view);
        }
        coming = matches!(next, Next::Wait(_));
        match next {
            Next::Wait(_) => held = None,
            Next::Done => return Ok(()),
            Next::Failed(why) => return Err(ApplyError::Stuck { what: rolling.name(), why }),
            Next::Evict(_) if held.as_ref().is_some_and(|held| held.holds(seen)) => {}
            Next::Evict(these) => {
                held = rolling.ask_to_go(&mut scene, namespace, &these, held).await?;
                if let Some(held) = &mut held {
                    held.seen = held.seen.map(|_| seen);
                    at_once = true;
                }
            }
        }
    }
}

/// The UIDs of the pods from before the first eviction. Where pods of the step are gone, as after a run that was
/// interrupted, as many of the youngest others stand in their places: those are new, and have to become ready.
fn before(step: &[OnePod], all: &BTreeMap<String, LivePod>) -> BTreeSet<String> {
    let is_there = |one: &&OnePod| all.get(&one.name).is_some_and(|live| live.pod.uid == one.uid);
    let gone = step.len() - step.iter().filter(is_there).count();
    let other = |live: &&LivePod| !live.leaving && !live.pod.ended() && step.iter().all(|one| one.uid != live.pod.uid);
    let mut others: Vec<&LivePod> = all.values().filter(other).collect();
    others.sort_by_key(|live| std::cmp::Reverse(live.pod.created));
    let new: BTreeSet<&str> = others.iter().take(gone).map(|live| live.pod.uid.as_str()).collect();
    all.values().map(|live| live.pod.uid.clone()).filter(|uid| !new.contains(uid.as_str())).collect()
}

fn asked(these: &[OnePod]) -> String {
    let names: Vec<&str> = these.iter().map(|one| one.name.as_str()).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb} asked to go", names.join(", "))
}

/// What a stand-still is put down to.
fn said(held: Option<&Held>, scene: &Scene) -> String {
    held.map_or_else(|| scene.waits(), |held| held.why.clone())
}

/// Waits longer than before, until something changes or for as long as the server asks.
fn again(before: Option<&Held>, why: String, told: Option<Duration>, seen: Option<(u64, i64, i64)>) -> Held {
    let pause = before.map_or(AGAIN, |held| held.pause.saturating_mul(2)).min(LONGEST);
    Held { why, until: Instant::now() + told.unwrap_or(pause).min(LONGEST), pause, seen }
}

impl Rolling<'_> {
    /// The time that was given is over: nobody else evicts what is left.
    fn halted(&self, says: &str, held: Option<&Held>) -> ApplyError {
        let bound = self.until.map_or(0, |(_, bound)| bound.as_secs());
        let why = held.map_or(says, |held| held.why.as_str());
        ApplyError::Halted { what: self.name(), told: format!("after {bound} s, {why}") }
    }

    /// Nothing has moved for as long as the deployment itself allows.
    fn stands(&self, scene: &Scene) -> ApplyError {
        let seconds = self.deadline().map_or(0, |deadline| deadline.as_secs());
        let why = format!("nothing has moved for {seconds} s, its progress deadline: {}", scene.waits());
        ApplyError::Stuck { what: self.name(), why }
    }

    /// Asks pods to go, until one may not; what that waits for.
    async fn ask_to_go(
        &self,
        scene: &mut Scene,
        namespace: &str,
        these: &[OnePod],
        before: Option<Held>,
    ) -> Result<Option<Held>, ApplyError> {
        for one in these {
            let before = before.as_ref();
            match self.kube.evict(namespace, &one.name, &one.uid).await {
                // Its end may be heard of later than the answer: nobody else goes in its place meanwhile.
                Evicted::Goes => scene.leaves(one),
                Evicted::Gone => scene.went(one),
                // The budget is watched, and so is what it counts.
                Evicted::Budget { why, told } => {
                    let seen = (scene.budgets, 0, 0);
                    let why = format!("a disruption budget stands in the way: {why}");
                    return Ok(Some(again(before, why, told, Some(seen))));
                }
                Evicted::Busy { why, told } => {
                    let why = format!("the API server does not do it yet: {why}");
                    return Ok(Some(again(before, why, told, None)));
                }
                // Asked again it goes, or is gone: it is known by its UID.
                Evicted::Lost(why) => return Ok(Some(again(before, why, None, None))),
                Evicted::Refused(reason) => {
                    return Err(ApplyError::Refused { step: format!("eviction of {namespace}/{}", one.name), reason });
                }
            }
        }
        Ok(None)
    }

    /// How long is waited, in words: no controller bounds evictions, so its deadline is kept here.
    fn patience_of_evictions(&self) -> String {
        let width = "one pod, then as many at once as may be away and disruption budgets allow";
        let deadline = self.deadline().map(|d| format!("; its progress deadline is {} s", d.as_secs()));
        let bound = match self.until {
            Some((_, bound)) => format!("; --timeout ends the wait after {} s", bound.as_secs()),
            None => "; --timeout bounds the wait".to_owned(),
        };
        [width, deadline.as_deref().unwrap_or_default(), &bound].concat()
    }
}

#[cfg(test)]
mod tests {
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
        let evict = |name: &str, uid: &str| Next::Evict(vec![OnePod { name: name.to_owned(), uid: uid.to_owned() }]);
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
    fn of_a_stateful_set_s_failing_pods_the_lowest_number_goes_first() {
        let one = |n: usize| OnePod { name: format!("db-{n}"), uid: n.to_string() };
        // As a list has them: by name.
        let order = [1, 10, 11, 2, 3];
        let q = Queue { pods: order.map(one).into(), old: order.map(|n| n.to_string()).into() };
        let all = order.map(|n| pod(&format!("db-{n}"), &n.to_string(), false)).into_iter();
        let of = |kind: &str, all: Vec<LivePod>| {
            let c = Controller { kind: kind.to_owned(), ..set(5, 1) };
            match q.next(&c, &scene(all)) {
                Next::Evict(these) => these.into_iter().map(|one| one.name).collect::<Vec<_>>(),
                Next::Wait(_) | Next::Failed(_) | Next::Done => Vec::new(),
            }
        };
        assert_eq!(of("StatefulSet", all.clone().collect()), ["db-1"]);
        let mut second: Vec<LivePod> = all.collect();
        second[0] = pod("db-1", "new", true);
        assert_eq!(of("StatefulSet", second.clone()), ["db-2"]);
        assert_eq!(of("Deployment", second), ["db-10"], "where numbers mean nothing");
    }

    #[test]
    fn what_took_the_place_of_a_pod_in_a_run_before_has_to_become_ready() {
        let at = |name: &str, uid: &str, ready: bool, created: i64| {
            let mut live = pod(name, uid, ready);
            live.pod.created = created;
            live
        };
        let step = vec![OnePod { name: "a".to_owned(), uid: "1".to_owned() }];
        let next = |all: Vec<LivePod>| {
            let scene = scene(all);
            let old = before(&step, scene.pods.as_ref().unwrap());
            Queue { pods: step.clone(), old }.next(&set(2, 1), &scene)
        };
        // Of another name, as a Deployment's, or of the same one, as a stateful set's.
        for name in ["x", "a"] {
            let failing = next(vec![at("b", "2", true, 10), at(name, "9", false, 20)]);
            assert!(matches!(&failing, Next::Wait(_)), "{name}: {failing:?}");
            assert_eq!(next(vec![at("b", "2", true, 10), at(name, "9", true, 20)]), Next::Done);
        }
        // Nothing is gone: one that fails beside them is none of the step's.
        let all = || vec![at("a", "1", true, 10), at("b", "2", true, 20)];
        assert_eq!(next(all()), Next::Evict(step.clone()));
        let scene = scene(all());
        assert_eq!(before(&step, scene.pods.as_ref().unwrap()), ["1", "2"].map(str::to_owned).into());
    }

    #[test]
    fn pods_that_wait_behind_one_that_fails_are_not_waited_for() {
        // As kube-controller-manager 1.36.2 left a set of three whose first pod fails.
        let one = OnePod { name: "db-0".to_owned(), uid: "1".to_owned() };
        let q = Queue { pods: vec![one.clone()], old: ["1".to_owned()].into() };
        let c = Controller { kind: "StatefulSet".to_owned(), in_order_from: Some(0), ..set(3, 1) };
        assert_eq!(q.next(&c, &scene(vec![pod("db-0", "1", false)])), Next::Evict(vec![one]));
        assert!(matches!(q.next(&c, &scene(Vec::new())), Next::Wait(w) if w.contains("to be made")));
        assert!(matches!(q.next(&c, &scene(vec![pod("db-0", "2", false)])), Next::Wait(w) if w.contains("ready")));
        assert!(matches!(q.next(&c, &scene(vec![pod("db-0", "2", true)])), Next::Wait(w) if w.contains("to be made")));
        let all = vec![pod("db-0", "2", true), pod("db-1", "3", true), pod("db-2", "4", true)];
        assert_eq!(q.next(&c, &scene(all)), Next::Done);
        // One before it is made first, also where numbers do not begin with 0.
        let gap = scene(vec![pod("db-4", "3", true), pod("db-6", "4", false)]);
        let from = |first| unmade(&Controller { in_order_from: Some(first), ..set(3, 1) }, &gap);
        assert_eq!((from(4), from(5), from(6)), (1, 0, 0));
        assert_eq!(unmade(&set(3, 1), &gap), 1, "where pods are made all at once");
    }

    #[test]
    fn no_pod_that_serves_goes_while_another_is_missing_and_a_namesake_is_left_alone() {
        let q = queue();
        let short = scene(vec![pod("a", "1", true), pod("c", "3", false), pod("d", "4", true)]);
        assert!(matches!(q.next(&set(3, 1), &short), Next::Wait(w) if w.contains("2 of 3 pods are ready")));
        assert!(matches!(q.next(&set(3, 2), &short), Next::Evict(these) if these[0].name == "a"));
        // As a stateful set's: the same names, other pods.
        let namesakes = scene(vec![pod("a", "8", true), pod("b", "9", true), pod("c", "3", true)]);
        assert_eq!(q.next(&set(3, 1), &namesakes), Next::Done);
    }

    #[test]
    fn the_first_goes_alone_and_then_as_many_as_may_be_away() {
        let one = |n: usize| OnePod { name: format!("p-{n:02}"), uid: n.to_string() };
        let q = Queue { pods: (0..30).map(one).collect(), old: (0..30).map(|n| n.to_string()).collect() };
        let old = |of: std::ops::Range<usize>| of.map(|n| pod(&format!("p-{n:02}"), &n.to_string(), true));
        let count = |c: &Controller, all: Vec<LivePod>| match q.next(c, &scene(all)) {
            Next::Evict(these) => these.len(),
            Next::Wait(_) | Next::Failed(_) | Next::Done => 0,
        };
        let with = |new: usize, ready: bool| {
            (0..new).map(move |n| pod(&format!("new-{n}"), &format!("new-{n}"), ready)).chain(old(new..30)).collect()
        };
        for (may_lack, width) in [(1, 1), (3, 3), (8, 8), (30, 10)] {
            assert_eq!(
                count(&set(30, may_lack), with(0, true)),
                1,
                "{may_lack}: nobody knows yet whether one comes up"
            );
            assert_eq!(count(&set(30, may_lack), with(1, true)), width, "{may_lack}");
        }
        // One of three is away: two more may go. One that fails besides is one that nobody can spare.
        let mut away: Vec<LivePod> = with(2, true);
        away[1] = pod("new-1", "new-1", false);
        assert_eq!(count(&set(30, 3), away.clone()), 2);
        away[29] = pod("other", "other-1", false);
        assert_eq!(count(&set(30, 3), away), 1);
        let failing: Vec<LivePod> = (0..30).map(|n| pod(&format!("p-{n:02}"), &n.to_string(), false)).collect();
        assert_eq!(count(&set(30, 3), failing), 1, "of those that fail as well, the first alone");
    }

    #[test]
    fn what_a_budget_holds_is_asked_for_when_something_changes_and_what_a_busy_server_holds_is_not() {
        let budget = again(None, String::new(), None, Some((1, 2, 2)));
        assert!(budget.holds((1, 2, 2)) && !budget.holds((2, 2, 2)) && !budget.holds((1, 3, 2)));
        let busy = again(Some(&budget), String::new(), None, None);
        assert!(busy.holds((2, 3, 4)) && busy.pause == AGAIN * 2);
        assert!(!again(None, String::new(), Some(Duration::ZERO), None).holds((0, 0, 0)));
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
