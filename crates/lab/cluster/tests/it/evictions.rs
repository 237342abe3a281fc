//! Evictions, as far as disruption budgets allow them.

use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Key, json as j};

use crate::support::Lab;

const BUDGETS: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

fn budget(name: &str, spec: Value) -> Value {
    let mut spec = spec;
    j::put(&mut spec, "/selector", json!({"matchLabels": {"app": "a"}}));
    json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec})
}

async fn with_pods(names: &[&str]) -> Lab {
    let lab = Lab::start().await;
    lab.run_kubelet();
    for name in names {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "a"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        });
        assert_eq!(lab.call("POST", "/api/v1/namespaces/default/pods", pod).await.0, 201);
    }
    let count = names.len();
    lab.until("running", move |store| {
        let pods = store.list(&Gvr::core("pods"), Some("default")).1;
        pods.iter().filter(|p| j::text(p, "/status/phase") == "Running").count() == count
    })
    .await;
    lab
}

async fn settled(lab: &Lab, name: &'static str, allowed: i64) {
    lab.until("the budget's status", move |store| {
        let key = Key::new(Gvr::new("policy", "v1", "poddisruptionbudgets"), Some("default"), name);
        let budget = store.get(&key);
        budget.is_some_and(|b| {
            j::int(&b, "/status/observedGeneration") == j::int(&b, "/metadata/generation")
                && j::int(&b, "/status/disruptionsAllowed") == Some(allowed)
        })
    })
    .await;
}

async fn evict(lab: &Lab, name: &str, uid: Option<&str>) -> (u16, Value) {
    let options = uid.map_or(json!({}), |uid| json!({"preconditions": {"uid": uid}}));
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": name, "namespace": "default"}, "deleteOptions": options});
    lab.call("POST", &format!("/api/v1/namespaces/default/pods/{name}/eviction"), eviction).await
}

#[tokio::test]
async fn a_budget_lets_go_as_many_as_it_can_spare_and_says_why_not() {
    let lab = with_pods(&["a", "b"]).await;
    assert_eq!(lab.call("POST", BUDGETS, budget("least", json!({"minAvailable": 1}))).await.0, 201);
    settled(&lab, "least", 1).await;
    assert_eq!(evict(&lab, "a", None).await.0, 201);
    settled(&lab, "least", 0).await;
    let (code, status) = evict(&lab, "b", None).await;
    assert_eq!((code, &status["reason"]), (429, &json!("TooManyRequests")));
    assert_eq!(status["message"], "Cannot evict pod as it would violate the pod's disruption budget.");
    let cause = &status["details"]["causes"][0];
    assert_eq!(cause["reason"], "DisruptionBudget");
    assert_eq!(cause["message"], "The disruption budget least needs 1 healthy pods and has 1 currently");
    assert_eq!(lab.call("POST", BUDGETS, budget("other", json!({"maxUnavailable": 1}))).await.0, 201);
    let (code, status) = evict(&lab, "b", None).await;
    assert!(
        code == 500 && status["message"].as_str().unwrap().contains("more than one PodDisruptionBudget"),
        "{status}"
    );
}

#[tokio::test]
async fn another_pod_of_the_same_name_is_not_evicted() {
    let lab = with_pods(&["a"]).await;
    let (code, status) = evict(&lab, "a", Some("another")).await;
    assert!(
        code == 409
            && status["message"].as_str().unwrap().contains("the UID in the precondition (another) does not match"),
        "{status}"
    );
    let uid = j::uid(&lab.pods()[0]).to_owned();
    assert_eq!(evict(&lab, "a", Some(&uid)).await.0, 201);
    assert_eq!(evict(&lab, "a", Some(&uid)).await.0, 404);
}
