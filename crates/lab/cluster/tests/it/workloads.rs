//! What the controllers promise: pods where and as wanted, replaced as documented.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Key, Store, json as j};

use crate::support::{Lab, daemon_set};

const SETS: &str = "/apis/apps/v1/namespaces/default/daemonsets";

fn set(store: &Store, resource: &str, name: &str) -> Value {
    let key = Key::new(Gvr::apps(resource), Some("default"), name);
    store.get(&key).map_or(Value::Null, |object| Value::clone(&object))
}

fn rolled_out(store: &Store, name: &str) -> bool {
    let set = set(store, "daemonsets", name);
    j::int(&set, "/status/observedGeneration") == j::int(&set, "/metadata/generation")
        && j::int(&set, "/status/updatedNumberScheduled") == Some(2)
        && j::int(&set, "/status/numberAvailable") == Some(2)
}

#[tokio::test]
async fn a_daemon_set_runs_one_pod_on_every_node() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    lab.call("POST", SETS, daemon_set("d")).await;
    lab.until("rolled out", |store| rolled_out(store, "d")).await;
    let pods = lab.pods();
    let nodes: BTreeSet<&str> = pods.iter().map(|pod| j::text(pod, "/spec/nodeName")).collect();
    assert_eq!(nodes, BTreeSet::from(["node-a", "node-b"]));
    for pod in &pods {
        assert!(j::name(pod).starts_with("d-") && j::name(pod).len() == 7);
        assert_eq!(j::text(pod, "/metadata/ownerReferences/0/kind"), "DaemonSet");
    }
}

#[tokio::test]
async fn a_changed_template_replaces_pods_and_keeps_history() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    lab.call("POST", SETS, daemon_set("d")).await;
    lab.until("rolled out", |store| rolled_out(store, "d")).await;
    let before: BTreeSet<String> = lab.pods().iter().map(|p| j::uid(p).to_owned()).collect();
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {"restart": "1"}}}}});
    lab.call("PATCH", &format!("{SETS}/d"), patch).await;
    lab.until("rolled out again", |store| {
        rolled_out(store, "d")
            && store
                .list(&Gvr::core("pods"), None)
                .1
                .iter()
                .all(|pod| j::text(pod, "/metadata/annotations/restart") == "1")
    })
    .await;
    assert!(lab.pods().iter().all(|pod| !before.contains(j::uid(pod))));
    let revisions = lab.store.list(&Gvr::apps("controllerrevisions"), None).1;
    let numbers: BTreeSet<Option<i64>> = revisions.iter().map(|r| j::int(r, "/revision")).collect();
    assert_eq!(numbers, BTreeSet::from([Some(1), Some(2)]));
}

#[tokio::test]
async fn a_rollout_stops_at_pods_that_do_not_become_ready() {
    let lab = Lab::start().await;
    lab.call("POST", SETS, daemon_set("d")).await;
    let first_up = |store: &Store| j::int(&set(store, "daemonsets", "d"), "/status/currentNumberScheduled") == Some(2);
    lab.until("pods", first_up).await;
    for pod in lab.pods() {
        let ready = json!([{"type": "Ready", "status": "True"}]);
        let key = Key::of(&Gvr::core("pods"), &pod);
        lab.store.update(&key, |pod| j::put(pod, "/status/conditions", ready)).unwrap();
    }
    lab.until("ready", |store| rolled_out(store, "d")).await;
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {"restart": "1"}}}}});
    lab.call("PATCH", &format!("{SETS}/d"), patch).await;
    lab.until("one replaced", |store| {
        let set = set(store, "daemonsets", "d");
        j::int(&set, "/status/observedGeneration") == Some(2)
            && j::int(&set, "/status/updatedNumberScheduled") == Some(1)
    })
    .await;
    let set = set(&lab.store, "daemonsets", "d");
    assert_eq!(j::int(&set, "/status/numberAvailable"), Some(1));
}

#[tokio::test]
async fn a_deployment_scales_and_its_pods_go_with_it() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    let mut deployment = daemon_set("w");
    j::put(&mut deployment, "/kind", "Deployment".into());
    j::put(&mut deployment, "/spec/replicas", 3.into());
    let path = "/apis/apps/v1/namespaces/default/deployments";
    lab.call("POST", path, deployment).await;
    let available =
        |wanted| move |store: &Store| j::int(&set(store, "deployments", "w"), "/status/availableReplicas") == wanted;
    lab.until("three", available(Some(3))).await;
    let (code, scale) = lab.call("PATCH", &format!("{path}/w/scale"), json!({"spec": {"replicas": 1}})).await;
    assert_eq!((code, &scale["spec"]["replicas"]), (200, &json!(1)));
    lab.until("one", available(Some(1))).await;
    lab.call("DELETE", &format!("{path}/w"), Value::Null).await;
    lab.until("nothing left", |store| {
        store.list(&Gvr::core("pods"), None).1.is_empty() && store.list(&Gvr::apps("replicasets"), None).1.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_deleted_pod_is_replaced() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    lab.call("POST", SETS, daemon_set("d")).await;
    lab.until("rolled out", |store| rolled_out(store, "d")).await;
    let gone = lab.pods()[0].clone();
    let path = format!("/api/v1/namespaces/default/pods/{}", j::name(&gone));
    assert_eq!(lab.call("DELETE", &path, Value::Null).await.0, 200);
    lab.until("two again", |store| {
        let pods = store.list(&Gvr::core("pods"), None).1;
        pods.len() == 2 && pods.iter().all(|pod| j::uid(pod) != j::uid(&gone))
    })
    .await;
}

#[tokio::test]
async fn a_missing_account_shows_as_an_event_until_it_exists() {
    let lab = Lab::start().await;
    let mut wanting = daemon_set("d");
    j::put(&mut wanting, "/spec/template/spec/serviceAccountName", "late".into());
    lab.call("POST", SETS, wanting).await;
    lab.until("a warning", |store| {
        store.list(&Gvr::core("events"), None).1.iter().any(|event| {
            j::text(event, "/reason") == "FailedCreate"
                && j::text(event, "/message").contains("serviceaccount \"late\" not found")
        })
    })
    .await;
    let account = json!({"metadata": {"name": "late"}});
    lab.call("POST", "/api/v1/namespaces/default/serviceaccounts", account).await;
    lab.until("pods", |store| store.list(&Gvr::core("pods"), None).1.len() == 2).await;
}

#[tokio::test]
async fn a_job_completes_when_its_pod_succeeds() {
    let lab = Lab::start().await;
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}},
    });
    let (code, _) = lab.call("POST", "/apis/batch/v1/namespaces/default/jobs", job).await;
    assert_eq!(code, 201);
    lab.until("a pod", |store| store.list(&Gvr::core("pods"), None).1.len() == 1).await;
    let key = Key::of(&Gvr::core("pods"), &lab.pods()[0]);
    lab.store.update(&key, |pod| j::put(pod, "/status/phase", "Succeeded".into())).unwrap();
    let jobs = Gvr::new("batch", "v1", "jobs");
    lab.until("complete", |store| {
        let job = store.get(&Key::new(jobs.clone(), Some("default"), "j")).unwrap();
        j::items(&job, "/status/conditions").iter().any(|c| j::text(c, "/type") == "Complete")
    })
    .await;
}

/// A job of a kind, as it is once something is so.
async fn job_until(lab: &Lab, name: &str, what: &str, is: impl Fn(&Value) -> bool + Send + Sync + 'static) {
    let key = Key::new(Gvr::new("batch", "v1", "jobs"), Some("default"), name);
    lab.until(what, move |store| store.get(&key).is_some_and(|job| is(&job))).await;
}

async fn make_job(lab: &Lab, name: &str, mut spec: Value) {
    j::put(&mut spec, "/template/spec", json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}));
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec});
    let (code, made) = lab.call("POST", "/apis/batch/v1/namespaces/default/jobs", job).await;
    assert_eq!(code, 201, "{made}");
}

#[tokio::test]
async fn an_indexed_job_has_a_pod_for_each_index_and_makes_again_what_failed() {
    const INDEX: &str = "/metadata/annotations/batch.kubernetes.io~1job-completion-index";
    let lab = Lab::start().await;
    make_job(&lab, "i", json!({"completions": 3, "parallelism": 2, "completionMode": "Indexed"})).await;
    let pods = Gvr::core("pods");
    // The pod of an index that has not ended, once there is one, comes to an end.
    let end = async |index: &'static str, phase: &'static str| {
        let open = move |pod: &Value| j::text(pod, INDEX) == index && j::text(pod, "/status/phase") == "Pending";
        let of = pods.clone();
        lab.until(index, move |store| store.list(&of, None).1.iter().any(|pod| open(pod))).await;
        let pod = lab.pods().into_iter().find(|pod| open(pod)).unwrap();
        assert!(j::name(&pod).starts_with(&format!("i-{index}-")), "{pod}");
        assert_eq!(j::text(&pod, "/spec/hostname"), format!("i-{index}"));
        assert_eq!(j::text(&pod, "/spec/containers/0/env/0/name"), "JOB_COMPLETION_INDEX");
        lab.store.update(&Key::of(&pods, &pod), |pod| j::put(pod, "/status/phase", phase.into())).unwrap();
    };
    end("1", "Succeeded").await;
    end("0", "Failed").await;
    end("0", "Succeeded").await;
    job_until(&lab, "i", "two", |job| j::text(job, "/status/completedIndexes") == "0,1").await;
    end("2", "Succeeded").await;
    job_until(&lab, "i", "complete", |job| {
        j::text(job, "/status/completedIndexes") == "0-2" && j::text(job, "/status/conditions/0/type") == "Complete"
    })
    .await;
}

#[tokio::test]
async fn a_job_fails_at_its_deadline_and_goes_when_its_time_after_the_end_is_over() {
    let lab = Lab::start().await;
    make_job(&lab, "late", json!({"activeDeadlineSeconds": 60})).await;
    make_job(&lab, "gone", json!({"ttlSecondsAfterFinished": 0})).await;
    lab.until("pods", |store| store.list(&Gvr::core("pods"), None).1.len() == 2).await;
    let key = |name: &str| Key::new(Gvr::new("batch", "v1", "jobs"), Some("default"), name);
    let early = |job: &mut Value| j::put(job, "/status/startTime", "2026-03-01T11:58:00Z".into());
    lab.store.update(&key("late"), early).unwrap();
    job_until(&lab, "late", "failed", |job| {
        j::text(job, "/status/conditions/0/type") == "Failed"
            && j::text(job, "/status/conditions/0/reason") == "DeadlineExceeded"
    })
    .await;
    // Its pod went with the deadline; the other one succeeds, and goes with its job.
    lab.until("one pod", |store| store.list(&Gvr::core("pods"), None).1.len() == 1).await;
    let pod = Key::of(&Gvr::core("pods"), &lab.pods()[0]);
    lab.store.update(&pod, |pod| j::put(pod, "/status/phase", "Succeeded".into())).unwrap();
    let gone = key("gone");
    lab.until("no job", move |store| store.get(&gone).is_none()).await;
    lab.until("no pods", |store| store.list(&Gvr::core("pods"), None).1.is_empty()).await;
    assert!(lab.store.get(&key("late")).is_some());
}

#[tokio::test]
async fn a_stateful_set_starts_in_order() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    let mut stateful = daemon_set("s");
    j::put(&mut stateful, "/kind", "StatefulSet".into());
    j::put(&mut stateful, "/spec/replicas", 2.into());
    lab.call("POST", "/apis/apps/v1/namespaces/default/statefulsets", stateful).await;
    lab.until("both", |store| j::int(&set(store, "statefulsets", "s"), "/status/readyReplicas") == Some(2)).await;
    let names: Vec<String> = lab.pods().iter().map(|pod| j::name(pod).to_owned()).collect();
    assert_eq!(names, ["s-0", "s-1"]);
}

/// As kube-controller-manager 1.36.2 was seen to do: a template that is mended does not reach a pod that fails, until
/// somebody deletes that pod.
#[tokio::test]
async fn a_stateful_set_that_goes_in_order_replaces_nothing_while_a_pod_is_not_ready() {
    const STATEFUL: &str = "/apis/apps/v1/namespaces/default/statefulsets";
    let lab = Lab::start().await;
    for (name, policy) in [("ordered", "OrderedReady"), ("parallel", "Parallel")] {
        let mut stateful = daemon_set(name);
        j::put(&mut stateful, "/kind", "StatefulSet".into());
        j::put(&mut stateful, "/spec/replicas", 1.into());
        j::put(&mut stateful, "/spec/podManagementPolicy", policy.into());
        lab.call("POST", STATEFUL, stateful).await;
    }
    lab.until("both", |store| {
        store.list(&Gvr::core("pods"), None).1.iter().filter(|pod| j::name(pod).ends_with("-0")).count() == 2
    })
    .await;
    let uid = |name: &str| {
        let key = Key::new(Gvr::core("pods"), Some("default"), name);
        lab.store.get(&key).map(|pod| j::uid(&pod).to_owned())
    };
    let before = uid("ordered-0");
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {"restart": "1"}}}}});
    for name in ["ordered", "parallel"] {
        lab.call("PATCH", &format!("{STATEFUL}/{name}"), patch.clone()).await;
    }
    let restarted = |store: &Store, name: &str| {
        let pod = store.get(&Key::new(Gvr::core("pods"), Some("default"), name));
        pod.is_some_and(|pod| j::text(&pod, "/metadata/annotations/restart") == "1")
    };
    lab.until("one that goes in no order is replaced", |store| restarted(store, "parallel-0")).await;
    lab.until("the other's template was seen", |store| {
        j::int(&set(store, "statefulsets", "ordered"), "/status/observedGeneration") == Some(2)
    })
    .await;
    assert_eq!(uid("ordered-0"), before);
    lab.call("DELETE", "/api/v1/namespaces/default/pods/ordered-0", json!({})).await;
    lab.until("deleted, it is made anew", |store| restarted(store, "ordered-0")).await;
}
