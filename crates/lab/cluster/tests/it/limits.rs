//! What a namespace holds its pods to: ranges and quotas.

use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Key, json as j};

use crate::support::Lab;

const PODS: &str = "/api/v1/namespaces/default/pods";

fn pod(name: &str, resources: Value) -> Value {
    json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}})
}

async fn said(lab: &Lab, object: Value) -> (u16, String) {
    let (code, answer) = lab.call("POST", PODS, object).await;
    (code, j::text(&answer, "/message").to_owned())
}

#[tokio::test]
async fn a_range_fills_in_and_bounds_what_containers_ask_for() {
    let lab = Lab::start().await;
    let limits = json!({"metadata": {"name": "r"}, "spec": {"limits": [{"type": "Container",
        "default": {"cpu": "500m", "memory": "256Mi"}, "defaultRequest": {"cpu": "100m"},
        "max": {"cpu": "1"}, "min": {"cpu": "50m"}}]}});
    assert_eq!(lab.call("POST", "/api/v1/namespaces/default/limitranges", limits).await.0, 201);
    let (code, made) = lab.call("POST", PODS, pod("a", json!({}))).await;
    assert_eq!(code, 201, "{made}");
    let resources = j::at(&made, "/spec/containers/0/resources");
    let whole = json!({"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}});
    assert_eq!(resources, &whole);
    let (code, message) = said(&lab, pod("b", json!({"limits": {"cpu": "2"}, "requests": {"cpu": "10m"}}))).await;
    assert_eq!(
        (code, message.as_str()),
        (
            403,
            "pods \"b\" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m, maximum cpu usage \
             per Container is 1, but limit is 2]"
        )
    );
    assert_eq!(said(&lab, pod("c", json!({"limits": {"cpu": "1000m"}}))).await.0, 201);
}

#[tokio::test]
async fn a_quota_counts_and_refuses_what_is_too_much() {
    let lab = Lab::start().await;
    let hard = json!({"pods": 2, "requests.cpu": "1", "count/configmaps": "3"});
    let quota = json!({"metadata": {"name": "few"}, "spec": {"hard": hard}});
    assert_eq!(lab.call("POST", "/api/v1/namespaces/default/resourcequotas", quota).await.0, 201);
    let of = |cpu: &str| json!({"requests": {"cpu": cpu}});
    assert_eq!(
        said(&lab, pod("a", json!({}))).await,
        (403, "pods \"a\" is forbidden: failed quota: few: must specify requests.cpu for: c".to_owned())
    );
    assert_eq!(said(&lab, pod("a", of("400m"))).await.0, 201);
    assert_eq!(
        said(&lab, pod("b", of("700m"))).await,
        (
            403,
            "pods \"b\" is forbidden: exceeded quota: few, requested: requests.cpu=700m, used: requests.cpu=400m, \
             limited: requests.cpu=1"
                .to_owned()
        )
    );
    assert_eq!(said(&lab, pod("b", of("600m"))).await.0, 201);
    assert_eq!(said(&lab, pod("c", of("1m"))).await.0, 403);
    // The bundle of authorities is a config map, too.
    taken(&lab, json!({"pods": "2", "requests.cpu": "1", "count/configmaps": "1"})).await;
    // What has ended takes nothing.
    let ended = lab.pods().into_iter().find(|pod| j::name(pod) == "a").unwrap();
    let ended = Key::of(&Gvr::core("pods"), &ended);
    lab.store.update(&ended, |pod| j::put(pod, "/status/phase", "Succeeded".into())).unwrap();
    taken(&lab, json!({"pods": "1", "requests.cpu": "600m", "count/configmaps": "1"})).await;
    assert_eq!(said(&lab, pod("c", of("1m"))).await.0, 201);
}

#[tokio::test]
async fn a_quota_with_scopes_counts_the_pods_that_fit_them() {
    let lab = Lab::start().await;
    let quota = json!({"metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}});
    assert_eq!(lab.call("POST", "/api/v1/namespaces/default/resourcequotas", quota).await.0, 201);
    let asks = json!({"requests": {"cpu": "1"}});
    for name in ["a", "b"] {
        assert_eq!(said(&lab, pod(name, asks.clone())).await.0, 201);
    }
    assert_eq!(said(&lab, pod("c", json!({}))).await.0, 201);
    assert_eq!(
        said(&lab, pod("d", json!({}))).await,
        (
            403,
            "pods \"d\" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1".to_owned()
        )
    );
    taken(&lab, json!({"pods": "1"})).await;
}

/// Waits until the quota says that so much is taken.
async fn taken(lab: &Lab, used: Value) {
    let key = Key::new(Gvr::core("resourcequotas"), Some("default"), "few");
    let shows = |quota: &Value| j::at(quota, "/status/used") == &used;
    lab.until("taken", |store| store.get(&key).is_some_and(|quota| shows(&quota))).await;
}
