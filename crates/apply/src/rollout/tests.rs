//! Roll-outs of a cluster on loopback, over real sockets, whose pods become ready when a test says so.

mod cluster;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use trustwalk_core::plan::{Action, OnePod};

use super::{renew, wait};
use crate::error::ApplyError;
use crate::progress::{Progress, RolloutView};
use cluster::{Bench, is_stamped};

const DEPLOYMENTS: &str = "deployments";
const SETS: &str = "daemonsets";

fn restart(kind: &str) -> Action {
    Action::Restart { resource: kind.into(), namespace: "default".into(), name: "ledger".into() }
}

fn stamp(at: &str) -> Value {
    json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": at}}}}})
}

/// What was told of a roll-out.
#[derive(Default)]
struct Told {
    views: Vec<RolloutView>,
    waits: Vec<String>,
    /// Who is told of each view at once.
    tell: Option<UnboundedSender<RolloutView>>,
    /// Who is told at once of what is waited for.
    tell_waits: Option<UnboundedSender<String>>,
}

impl Told {
    /// With somebody who is told at once.
    fn at_once() -> (Self, UnboundedReceiver<RolloutView>) {
        let (tell, heard) = unbounded_channel();
        (Self { tell: Some(tell), ..Self::default() }, heard)
    }
}

/// Waits for a view; the runner's own limit ends a wait that never does.
async fn shown(heard: &mut UnboundedReceiver<RolloutView>, wanted: impl Fn(&RolloutView) -> bool) -> RolloutView {
    loop {
        let view = heard.recv().await.unwrap();
        if wanted(&view) {
            return view;
        }
    }
}

impl Progress for Told {
    fn journal(&mut self, _: &std::path::Path) {}
    fn unknown_rights(&mut self, _: &[String]) {}
    fn began(&mut self, _: &str) {}
    fn ended(&mut self, _: &str, _: Option<&str>) {}
    fn waits(&mut self, words: &str) {
        self.waits.push(words.to_owned());
        if let Some(tell) = &self.tell_waits {
            let _ = tell.send(words.to_owned());
        }
    }
    fn rollout(&mut self, view: &RolloutView) {
        self.views.push(view.clone());
        if let Some(tell) = &self.tell {
            let _ = tell.send(view.clone());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_out_is_over_when_its_controller_says_so_and_not_before_its_pods_are_ready() {
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 2, json!({})).await;
    bench.gate(false);
    bench.patch(DEPLOYMENTS, &stamp("2026-03-01T12:00:00Z"));
    let kube = bench.kube().await;
    let (mut told, mut heard) = Told::at_once();
    let waiting = tokio::spawn(async move {
        let outcome = wait(&kube, &restart("Deployment"), None, &mut told).await;
        (outcome, told)
    });
    // A new pod is there, and held: however long that takes, the roll-out is not over.
    shown(&mut heard, |v| v.pods.iter().any(|p| p.new && !p.ready)).await;
    assert!(!waiting.is_finished());
    bench.gate(true);
    let (outcome, told) = waiting.await.unwrap();
    outcome.unwrap();
    // The object, two lists and two watches, whatever happens meanwhile and however long it takes.
    assert!(bench.requests() <= 5, "{} requests", bench.requests());
    assert_eq!(told.waits, ["its progress deadline is 600 s"]);
    let last = told.views.last().unwrap();
    assert_eq!((last.renewed, last.desired), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_past_its_own_deadline_is_stuck() {
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 1, json!({"progressDeadlineSeconds": 1})).await;
    bench.gate(false);
    bench.patch(DEPLOYMENTS, &stamp("2026-03-01T12:00:00Z"));
    let outcome = wait(&bench.kube().await, &restart("Deployment"), None, &mut Told::default()).await;
    let Err(ApplyError::Stuck { why, .. }) = outcome else { panic!("not stuck: {outcome:?}") };
    assert!(why.contains("timed out progressing"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_that_was_given_ends_the_wait_and_not_the_roll_out() {
    let bench = Bench::with(SETS, "DaemonSet", 2, json!({})).await;
    bench.gate(false);
    bench.patch(SETS, &stamp("2026-03-01T12:00:00Z"));
    let mut told = Told::default();
    let bound = Some(Duration::from_millis(300));
    let outcome = wait(&bench.kube().await, &restart("DaemonSet"), bound, &mut told).await;
    let Err(error @ ApplyError::Unfinished { .. }) = outcome else { panic!("not bounded: {outcome:?}") };
    let words = error.to_string();
    assert!(words.contains("goes on in the cluster") && words.contains("stands"), "{words}");
    assert!(told.waits[0].contains("no progress deadline"), "{:?}", told.waits);
    // Somebody who waits again sees its end.
    bench.gate(true);
    wait(&bench.kube().await, &restart("DaemonSet"), None, &mut Told::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_roll_out_is_waited_for_in_the_place_of_ours() {
    let bench = Bench::with(SETS, "DaemonSet", 2, json!({})).await;
    bench.gate(false);
    bench.patch(SETS, &stamp("2026-03-01T12:00:00Z"));
    let kube = bench.kube().await;
    let waiting = tokio::spawn(async move { wait(&kube, &restart("DaemonSet"), None, &mut Told::default()).await });
    bench.until("ours", |b| b.pods().iter().any(|p| is_stamped(p))).await;
    bench.patch(SETS, &stamp("2026-03-01T12:05:00Z"));
    bench.gate(true);
    waiting.await.unwrap().unwrap();
    let stamps: Vec<String> = bench.pods().iter().map(|p| b_stamp(p)).collect();
    assert_eq!(stamps, ["2026-03-01T12:05:00Z", "2026-03-01T12:05:00Z"]);
}

fn b_stamp(pod: &Value) -> String {
    trustwalk_lab_cluster::json::text(pod, "/metadata/annotations/kubectl.kubernetes.io~1restartedAt").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_or_left_to_deletion_by_hand_is_said_to_be() {
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 1, json!({"paused": true})).await;
    bench.patch(DEPLOYMENTS, &stamp("2026-03-01T12:00:00Z"));
    let outcome = wait(&bench.kube().await, &restart("Deployment"), None, &mut Told::default()).await;
    let Err(error @ ApplyError::Paused { .. }) = outcome else { panic!("not paused: {outcome:?}") };
    assert!(error.to_string().contains("kubectl rollout resume -n default deployment/ledger"), "{error}");
    let bench = Bench::with(SETS, "DaemonSet", 1, json!({"updateStrategy": {"type": "OnDelete"}})).await;
    let outcome = wait(&bench.kube().await, &restart("DaemonSet"), None, &mut Told::default()).await;
    assert!(matches!(outcome, Err(ApplyError::Stuck { why, .. }) if why.contains("OnDelete")));
}

fn these(bench: &Bench, kind: &str, count: usize) -> Action {
    let pods = bench.pods();
    let one = |p: &Value| OnePod {
        name: trustwalk_lab_cluster::json::name(p).to_owned(),
        uid: trustwalk_lab_cluster::json::uid(p).to_owned(),
    };
    Action::Renew {
        resource: kind.into(),
        namespace: "default".into(),
        name: "ledger".into(),
        pods: pods.iter().take(count).map(|p| one(p)).collect(),
    }
}

fn uids(bench: &Bench) -> Vec<String> {
    bench.pods().iter().map(|p| trustwalk_lab_cluster::json::uid(p).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn just_the_pods_that_need_it_are_evicted_also_where_pods_are_replaced_by_deletion_only() {
    let strategy = json!({"updateStrategy": {"type": "OnDelete"}});
    let bench = Bench::with(SETS, "DaemonSet", 2, strategy).await;
    let (before, action) = (uids(&bench), these(&bench, "DaemonSet", 1));
    renew(&bench.kube().await, &action, None, &mut Told::default()).await.unwrap();
    let after = uids(&bench);
    assert_eq!(after.iter().filter(|uid| before.contains(uid)).count(), 1, "{before:?}, {after:?}");
    // Done again it finds nothing to do: pods are known by their UIDs.
    renew(&bench.kube().await, &action, None, &mut Told::default()).await.unwrap();
    assert_eq!(uids(&bench), after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stateful_set_whose_pods_all_fail_is_renewed_from_its_first_pod_on() {
    let bench = Bench::with("statefulsets", "StatefulSet", 3, json!({})).await;
    bench.fail();
    let (before, action) = (uids(&bench), these(&bench, "StatefulSet", 3));
    let Action::Renew { resource, namespace, name, mut pods } = action else { panic!() };
    pods.reverse();
    let action = Action::Renew { resource, namespace, name, pods };
    renew(&bench.kube().await, &action, None, &mut Told::default()).await.unwrap();
    assert!(uids(&bench).iter().all(|uid| !before.contains(uid)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disruption_budget_that_refuses_is_waited_for() {
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 2, json!({})).await;
    bench.budget(json!({"minAvailable": 2})).await;
    let (before, action) = (uids(&bench), these(&bench, "Deployment", 1));
    let kube = bench.kube().await;
    let (mut told, mut heard) = Told::at_once();
    let same = action.clone();
    let waiting = tokio::spawn(async move { renew(&kube, &same, None, &mut told).await });
    let held = shown(&mut heard, |v| v.says.contains("a disruption budget stands in the way")).await;
    assert!(held.says.contains("needs 2 healthy pods and has 2 currently"), "{}", held.says);
    assert_eq!(uids(&bench), before, "nothing went against the budget");
    let bound = Some(Duration::from_millis(1));
    let halted = renew(&bench.kube().await, &action, bound, &mut Told::default()).await;
    assert!(matches!(&halted, Err(e @ ApplyError::Halted { .. }) if e.is_roll_out()), "{halted:?}");
    bench.change_budget(&json!({"minAvailable": 1}));
    waiting.await.unwrap().unwrap();
    assert_eq!(uids(&bench).iter().filter(|uid| before.contains(uid)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pod_that_does_not_become_ready_is_the_last_one() {
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 3, json!({})).await;
    bench.crash(true);
    let (before, action) = (uids(&bench), these(&bench, "Deployment", 3));
    let outcome = renew(&bench.kube().await, &action, None, &mut Told::default()).await;
    assert!(matches!(&outcome, Err(ApplyError::Stuck { why, .. }) if why.contains("exit code 7")), "{outcome:?}");
    assert_eq!(uids(&bench).iter().filter(|uid| before.contains(uid)).count(), 2, "one pod was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_place_of_an_evicted_pod_has_the_deployment_s_own_deadline() {
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 2, json!({"progressDeadlineSeconds": 1})).await;
    bench.gate(false);
    let action = these(&bench, "Deployment", 1);
    let mut told = Told::default();
    let outcome = renew(&bench.kube().await, &action, None, &mut told).await;
    let Err(ApplyError::Stuck { why, .. }) = outcome else { panic!("not stuck: {outcome:?}") };
    assert!(why.contains("nothing has moved for 1 s, its progress deadline"), "{why}");
    assert!(told.waits[0].contains("its progress deadline is 1 s"), "{:?}", told.waits);
    // Somebody who goes on sees its end.
    bench.gate(true);
    renew(&bench.kube().await, &action, None, &mut Told::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_watch_looks_again_and_again_and_is_told_so_once() {
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 1, json!({})).await;
    bench.gate(false);
    bench.patch(DEPLOYMENTS, &stamp("2026-03-01T12:00:00Z"));
    let kube = bench.kube_without_watch().await;
    let (tell, mut heard) = unbounded_channel();
    let mut told = Told { tell_waits: Some(tell), ..Told::default() };
    let waiting = tokio::spawn(async move {
        let outcome = wait(&kube, &restart("Deployment"), None, &mut told).await;
        (outcome, told)
    });
    while !heard.recv().await.unwrap().contains("cannot be watched") {}
    bench.gate(true);
    let (outcome, told) = waiting.await.unwrap();
    outcome.unwrap();
    // Controllers and pods are followed each, and it is said once.
    assert_eq!(told.waits.len(), 2, "{:?}", told.waits);
    assert!(told.waits[1].contains("lacks watch"), "{:?}", told.waits);
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_go_several_at_once_as_far_as_the_workload_and_its_budget_allow() {
    let spec = json!({"strategy": {"rollingUpdate": {"maxUnavailable": 3}}});
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 6, spec).await;
    bench.budget(json!({"minAvailable": 3})).await;
    let (before, action) = (uids(&bench), these(&bench, "Deployment", 6));
    let mut told = Told::default();
    renew(&bench.kube().await, &action, None, &mut told).await.unwrap();
    assert!(uids(&bench).iter().all(|uid| !before.contains(uid)));
    // The first goes alone; the others in threes, and never below the budget.
    assert!(told.views.iter().any(|v| v.says.matches(", ").count() == 2), "{:?}", told.views);
    let up = |v: &RolloutView| v.pods.iter().filter(|p| p.ready).count();
    assert!(told.views.iter().all(|v| up(v) >= 3), "{:?}", told.views);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_said_to_an_eviction_is_asked_without_one() {
    use trustwalk_collect::kube_api::Evicted;
    let bench = Bench::with(DEPLOYMENTS, "Deployment", 2, json!({})).await;
    let before = uids(&bench);
    let kube = bench.kube().await;
    let Action::Renew { pods, .. } = these(&bench, "Deployment", 1) else { panic!() };
    let ask = async |uid: &str| kube.rehearse_eviction("default", &pods[0].name, uid).await;
    assert_eq!((ask(&pods[0].uid).await, ask("another").await), (Evicted::Goes, Evicted::Gone));
    bench.budget(json!({"minAvailable": 2})).await;
    let held = ask(&pods[0].uid).await;
    assert!(matches!(&held, Evicted::Budget { why, .. } if why.contains("needs 2 healthy pods")), "{held:?}");
    let refused = bench.kube_without_watch().await.rehearse_eviction("default", &pods[0].name, &pods[0].uid).await;
    assert!(matches!(&refused, Evicted::Refused(why) if why.contains("403")), "{refused:?}");
    assert_eq!(uids(&bench), before);
}
