//! How objects come and go: finalizers, owners, namespaces, endpoints, jobs at their times.

use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Key, json as j};

use crate::support::{Lab, NOW};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str, metadata: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    j::put(&mut object, "/metadata/name", name.into());
    object
}

fn key(name: &str) -> Key {
    Key::new(Gvr::core("configmaps"), Some("default"), name)
}

#[tokio::test]
async fn a_finalizer_holds_an_object_until_it_is_taken_off() {
    let lab = Lab::start().await;
    lab.call("POST", MAPS, map("m", json!({"finalizers": ["example.com/hold"]}))).await;
    let path = format!("{MAPS}/m");
    let (code, held) = lab.call("DELETE", &path, Value::Null).await;
    assert!(code == 200 && j::text(&held, "/metadata/deletionTimestamp") == NOW, "{held}");
    let more = json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}});
    let (code, status) = lab.call("PATCH", &path, more).await;
    assert!(code == 422 && j::text(&status, "/message").contains("no new finalizers can be added"), "{status}");
    assert_eq!(lab.call("GET", &path, Value::Null).await.0, 200);
    assert_eq!(lab.call("PATCH", &path, json!({"metadata": {"finalizers": null}})).await.0, 200);
    assert_eq!(lab.call("GET", &path, Value::Null).await.0, 404);
}

fn owner(name: &str, uid: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "blockOwnerDeletion": true})
}

#[tokio::test]
async fn dependents_go_with_their_last_owner_and_the_owner_waits_if_asked() {
    let lab = Lab::start().await;
    let uid = async |name: &str| {
        let (_, made) = lab.call("POST", MAPS, map(name, json!({}))).await;
        j::uid(&made).to_owned()
    };
    let (one, two) = (uid("one").await, uid("two").await);
    let both = json!({"ownerReferences": [owner("one", &one), owner("two", &two)], "finalizers": ["example.com/hold"]});
    lab.call("POST", MAPS, map("child", both)).await;
    lab.call("POST", MAPS, map("orphan", json!({"ownerReferences": [owner("gone", "gone")]}))).await;
    lab.until("the orphan goes", |store| store.get(&key("orphan")).is_none()).await;
    lab.call("DELETE", &format!("{MAPS}/one"), Value::Null).await;
    lab.until("one owner left", |store| {
        store.get(&key("child")).is_some_and(|child| j::items(&child, "/metadata/ownerReferences").len() == 1)
    })
    .await;
    lab.call("DELETE", &format!("{MAPS}/two"), json!({"propagationPolicy": "Foreground"})).await;
    lab.until("the child is marked", |store| {
        store.get(&key("child")).is_some_and(|child| !j::text(&child, "/metadata/deletionTimestamp").is_empty())
    })
    .await;
    assert!(lab.store.get(&key("two")).is_some(), "an owner waits for what it owns");
    lab.call("PATCH", &format!("{MAPS}/child"), json!({"metadata": {"finalizers": null}})).await;
    lab.until("both are gone", |store| store.get(&key("child")).or_else(|| store.get(&key("two"))).is_none()).await;
}

#[tokio::test]
async fn a_namespace_goes_with_its_contents_and_takes_none_meanwhile() {
    let lab = Lab::start().await;
    lab.call("POST", "/api/v1/namespaces", json!({"metadata": {"name": "n"}})).await;
    let maps = "/api/v1/namespaces/n/configmaps";
    lab.call("POST", maps, map("m", json!({"finalizers": ["example.com/hold"]}))).await;
    let (code, going) = lab.call("DELETE", "/api/v1/namespaces/n", Value::Null).await;
    assert!(code == 200 && j::text(&going, "/status/phase") == "Terminating", "{going}");
    let (code, status) = lab.call("POST", maps, map("other", json!({}))).await;
    assert!(code == 403 && j::text(&status, "/message").ends_with("because it is being terminated"), "{status}");
    lab.call("PATCH", &format!("{maps}/m"), json!({"metadata": {"finalizers": null}})).await;
    let namespace = Key::new(Gvr::core("namespaces"), None, "n");
    lab.until("gone", |store| store.get(&namespace).is_none()).await;
    let (code, status) = lab.call("DELETE", "/api/v1/namespaces/kube-system", Value::Null).await;
    assert!(code == 403 && j::text(&status, "/message").ends_with("this namespace may not be deleted"), "{status}");
}

#[tokio::test]
async fn a_service_has_the_endpoints_of_its_pods() {
    let lab = Lab::start().await;
    lab.run_kubelet();
    let pod = json!({"metadata": {"name": "p", "labels": {"app": "w"}}, "spec": {"containers": [
        {"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}]}});
    lab.call("POST", "/api/v1/namespaces/default/pods", pod).await;
    let service = json!({"metadata": {"name": "w"}, "spec": {"selector": {"app": "w"},
        "ports": [{"port": 80, "targetPort": "http"}]}});
    assert_eq!(lab.call("POST", "/api/v1/namespaces/default/services", service).await.0, 201);
    lab.until("running", |_| lab.pods().iter().all(|pod| j::text(pod, "/status/phase") == "Running")).await;
    let pod = Key::new(Gvr::core("pods"), Some("default"), "p");
    lab.store.update(&pod, |pod| j::put(pod, "/status/podIP", "10.0.0.7".into())).unwrap();
    let slices = Gvr::new("discovery.k8s.io", "v1", "endpointslices");
    let shows = |ready: bool| {
        let slices = slices.clone();
        move |store: &trustwalk_lab_cluster::Store| {
            let all = store.list(&slices, Some("default")).1;
            all.iter().any(|slice| {
                j::text(slice, "/endpoints/0/addresses/0") == "10.0.0.7"
                    && j::at(slice, "/endpoints/0/conditions/ready") == ready
                    && j::int(slice, "/ports/0/port") == Some(8080)
            })
        }
    };
    lab.until("ready", shows(true)).await;
    lab.store.update(&pod, |pod| j::put(pod, "/status/conditions", json!([]))).unwrap();
    lab.until("not ready", shows(false)).await;
    let (_, old) = lab.call("GET", "/api/v1/namespaces/default/endpoints/w", Value::Null).await;
    assert_eq!(j::text(&old, "/subsets/0/notReadyAddresses/0/ip"), "10.0.0.7", "{old}");
    lab.call("DELETE", "/api/v1/namespaces/default/services/w", Value::Null).await;
    lab.until("no endpoints", |store| store.list(&slices, Some("default")).1.is_empty()).await;
}

#[tokio::test]
async fn a_cron_job_makes_the_job_of_its_time() {
    let lab = Lab::start().await;
    let crons = Gvr::new("batch", "v1", "cronjobs");
    let task = json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]});
    let cron = json!({"metadata": {"name": "c", "namespace": "default"}, "spec": {"schedule": "*/5 * * * *",
        "jobTemplate": {"spec": {"template": {"spec": task}}}}});
    let wrong = json!({"metadata": {"name": "w"}, "spec": {"schedule": "often",
        "jobTemplate": j::at(&cron, "/spec/jobTemplate")}});
    let (code, status) = lab.call("POST", "/apis/batch/v1/namespaces/default/cronjobs", wrong).await;
    assert!(code == 422 && j::text(&status, "/message").contains("expected exactly 5 fields, found 1"), "{status}");
    lab.store.create_at(&crons, cron, "2026-03-01T11:52:30Z".parse().unwrap()).unwrap();
    let jobs = Gvr::new("batch", "v1", "jobs");
    // The last time before now that was missed, and none of those before it.
    let name = format!("c-{}", NOW.parse::<jiff::Timestamp>().unwrap().as_second() / 60);
    lab.until("a job", |store| store.get(&Key::new(jobs.clone(), Some("default"), &name)).is_some()).await;
    assert_eq!(lab.store.list(&jobs, None).1.len(), 1);
    lab.until("the time is noted", |store| {
        store
            .get(&Key::new(crons.clone(), Some("default"), "c"))
            .is_some_and(|cron| j::text(&cron, "/status/lastScheduleTime") == NOW)
    })
    .await;
}
