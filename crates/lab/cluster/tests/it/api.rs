//! What the API server promises its clients, over real sockets.

use http_body_util::BodyExt;
use serde_json::{Value, json};
use trustwalk_lab_cluster::{Gvr, Key, json as j};

use crate::support::{self, Lab, daemon_set, read};

const PODS: &str = "/api/v1/namespaces/default/pods";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const ACCOUNT: &str = "/api/v1/namespaces/default/serviceaccounts/default";

fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}})
}

#[tokio::test]
async fn refusals_are_worded_as_kubernetes_words_them() {
    let lab = Lab::start().await;
    let (code, status) = lab.call("GET", &format!("{PODS}/x"), Value::Null).await;
    assert_eq!((code, &status["message"]), (404, &json!("pods \"x\" not found")));
    lab.call("POST", MAPS, config_map("m")).await;
    let (code, status) = lab.call("POST", MAPS, config_map("m")).await;
    assert_eq!((code, &status["reason"]), (409, &json!("AlreadyExists")));
    let (code, status) = lab.get_as(Some(&lab.reader), PODS).await;
    assert_eq!(code, 403);
    assert_eq!(
        status["message"],
        "pods is forbidden: User \"reader\" cannot list resource \"pods\" in API group \"\" in the namespace \
         \"default\""
    );
    let (code, _) = lab.get_as(Some("nobody's"), PODS).await;
    assert_eq!(code, 401);
    let (code, status) = lab.call("POST", MAPS, config_map("Upper")).await;
    assert_eq!((code, &status["reason"]), (422, &json!("Invalid")));
    let (code, status) = lab.call("POST", "/api/v1/namespaces/nope/configmaps", config_map("m")).await;
    assert_eq!((code, &status["message"]), (404, &json!("namespaces \"nope\" not found")));
}

#[tokio::test]
async fn a_stale_write_conflicts() {
    let lab = Lab::start().await;
    let (_, first) = lab.call("POST", MAPS, config_map("m")).await;
    let mut changed = first.clone();
    j::put(&mut changed, "/data/a", "2".into());
    let path = format!("{MAPS}/m");
    let (code, second) = lab.call("PUT", &path, changed.clone()).await;
    assert_eq!(code, 200);
    assert_ne!(first["metadata"]["resourceVersion"], second["metadata"]["resourceVersion"]);
    let (code, status) = lab.call("PUT", &path, changed).await;
    assert_eq!((code, &status["reason"]), (409, &json!("Conflict")));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let lab = Lab::start().await;
    for name in ["a", "b", "c"] {
        lab.call("POST", MAPS, config_map(name)).await;
    }
    let mut names = Vec::new();
    let mut path = format!("{MAPS}?limit=2");
    loop {
        let (_, page) = lab.call("GET", &path, Value::Null).await;
        names.extend(j::items(&page, "/items").iter().map(|o| j::name(o).to_owned()));
        let token = j::text(&page, "/metadata/continue");
        if token.is_empty() {
            break;
        }
        path = format!("{MAPS}?limit=2&continue={token}");
    }
    assert_eq!(names, ["a", "b", "c", "kube-root-ca.crt"]);
    // How many are left is told, unless a selector might not want them (API reference, `ListMeta`).
    let (_, page) = lab.call("GET", &format!("{MAPS}?limit=1"), Value::Null).await;
    assert_eq!(page["metadata"]["remainingItemCount"], 3);
    let selected = format!("{MAPS}?limit=1&fieldSelector=metadata.name%21%3Db");
    let (_, page) = lab.call("GET", &selected, Value::Null).await;
    assert_eq!((j::items(&page, "/items").len(), &page["metadata"]["remainingItemCount"]), (1, &Value::Null));
    let next = format!("{selected}&continue={}", j::text(&page, "/metadata/continue"));
    let (_, page) = lab.call("GET", &next, Value::Null).await;
    assert_eq!(page["items"][0]["metadata"]["name"], "c");
}

#[tokio::test]
async fn a_watch_lists_then_follows() {
    let lab = Lab::start().await;
    lab.call("POST", MAPS, config_map("a")).await;
    let path = format!(
        "{MAPS}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&\
         fieldSelector=metadata.name%3Da"
    );
    let mut body = lab.send(Some(&lab.admin), "GET", &path, "", "").await.into_body();
    lab.call("PATCH", &format!("{MAPS}/a"), json!({"data": {"a": "2"}})).await;
    lab.call("DELETE", &format!("{MAPS}/a"), Value::Null).await;
    let mut seen = Vec::new();
    let mut text = String::new();
    while seen.len() < 4 {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        while let Some((line, rest)) = text.split_once('\n') {
            let event: Value = serde_json::from_str(line).unwrap();
            seen.push(event);
            text = rest.to_owned();
        }
    }
    let kinds: Vec<&str> = seen.iter().map(|e| j::text(e, "/type")).collect();
    assert_eq!(kinds, ["ADDED", "BOOKMARK", "MODIFIED", "DELETED"]);
    assert_eq!(j::text(&seen[1], "/object/metadata/annotations/k8s.io~1initial-events-end"), "true");
    assert_eq!(j::text(&seen[2], "/object/data/a"), "2");
}

#[tokio::test]
async fn the_setter_of_an_annotation_is_on_record() {
    let lab = Lab::start().await;
    let path = format!("{ACCOUNT}?fieldManager=helm");
    let change = json!({"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "arn"}}});
    let (_, account) = lab.call("PATCH", &path, change).await;
    let entry = &account["metadata"]["managedFields"][0];
    assert_eq!(entry["manager"], "helm");
    assert_eq!(entry["time"], support::NOW);
    assert_eq!(
        entry["fieldsV1"],
        json!({"f:metadata": {"f:annotations": {".": {}, "f:eks.amazonaws.com/role-arn": {}}}})
    );
}

#[tokio::test]
async fn tokens_follow_the_rules_of_token_request() {
    let lab = Lab::start().await;
    let path = format!("{ACCOUNT}/token");
    let ask = |seconds: i64| json!({"spec": {"audiences": ["a", "b"], "expirationSeconds": seconds}});
    let (code, status) = lab.call("POST", &path, ask(300)).await;
    assert_eq!(code, 422);
    assert_eq!(
        status["message"],
        "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 300: may not \
         specify a duration less than 10 minutes"
    );
    let body = ask(172_800).to_string();
    let response = lab.send(Some(&lab.admin), "POST", &path, "application/json", &body).await;
    assert_eq!(
        response.headers()["warning"],
        "299 - \"requested expiration of 172800 seconds shortened to 86400 seconds\""
    );
    let (code, granted) = read(response).await;
    assert_eq!(code, 201);
    assert_eq!(granted["spec"]["expirationSeconds"], 86_400);
    let token = j::text(&granted, "/status/token");
    let review = |audience: &str| json!({"spec": {"token": token, "audiences": [audience]}});
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let (_, yes) = lab.call("POST", reviews, review("b")).await;
    assert_eq!(yes["status"]["authenticated"], true);
    assert_eq!(yes["status"]["audiences"], json!(["b"]));
    assert_eq!(yes["status"]["user"]["username"], "system:serviceaccount:default:default");
    let (_, no) = lab.call("POST", reviews, review("c")).await;
    assert_eq!(no["status"]["authenticated"], false);
}

#[tokio::test]
async fn discovery_is_for_service_accounts_not_for_strangers() {
    let lab = Lab::start().await;
    let (_, granted) = lab.call("POST", &format!("{ACCOUNT}/token"), json!({"spec": {}})).await;
    assert_eq!(granted["spec"]["audiences"], json!(["https://issuer.example"]));
    let token = j::text(&granted, "/status/token");
    for path in ["/.well-known/openid-configuration", "/openid/v1/jwks"] {
        let (code, status) = lab.get_as(None, path).await;
        assert_eq!(code, 403);
        assert_eq!(status["message"], format!("forbidden: User \"system:anonymous\" cannot get path \"{path}\""));
        assert_eq!(lab.get_as(Some(token), path).await.0, 200);
    }
    let bind = json!({
        "metadata": {"name": "public"},
        "roleRef": {"kind": "ClusterRole", "name": "system:service-account-issuer-discovery"},
        "subjects": [{"kind": "Group", "name": "system:unauthenticated"}],
    });
    lab.call("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", bind).await;
    let (code, document) = lab.get_as(None, "/.well-known/openid-configuration/").await;
    assert_eq!(code, 200);
    assert_eq!(document["issuer"], "https://issuer.example");
    assert_eq!(document["jwks_uri"], format!("https://{}/openid/v1/jwks", lab.address));
}

#[tokio::test]
async fn a_namespace_always_has_its_default_account() {
    let lab = Lab::start().await;
    let namespace = json!({"metadata": {"name": "n"}});
    lab.call("POST", "/api/v1/namespaces", namespace).await;
    let account = "/api/v1/namespaces/n/serviceaccounts/default";
    let (code, first) = lab.call("GET", account, Value::Null).await;
    assert_eq!(code, 200);
    lab.call("DELETE", account, Value::Null).await;
    let key = Key::new(Gvr::core("serviceaccounts"), Some("n"), "default");
    lab.until("made again", |store| store.get(&key).is_some_and(|again| j::uid(&again) != j::uid(&first))).await;
}

#[tokio::test]
async fn a_dry_run_leaves_no_trace() {
    let lab = Lab::start().await;
    let (code, _) = lab.call("POST", &format!("{MAPS}?dryRun=All"), config_map("m")).await;
    assert_eq!(code, 201);
    assert_eq!(lab.call("GET", &format!("{MAPS}/m"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_pod_needs_its_service_account() {
    let lab = Lab::start().await;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"serviceAccountName": "nope", "containers": [{"name": "c", "image": "i"}]},
    });
    let (code, status) = lab.call("POST", PODS, pod).await;
    assert_eq!(code, 403);
    assert_eq!(
        status["message"],
        "pods \"p\" is forbidden: error looking up service account default/nope: serviceaccount \"nope\" not found"
    );
}

#[tokio::test]
async fn a_pod_keeps_its_spec() {
    let lab = Lab::start().await;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    lab.call("POST", PODS, pod).await;
    let patch = json!({"spec": {"serviceAccountName": "other"}});
    let (code, status) = lab.call("PATCH", &format!("{PODS}/p"), patch).await;
    assert_eq!(code, 422);
    assert!(j::text(&status, "/message").contains("pod updates may not change fields"));
}

#[tokio::test]
async fn apply_takes_yaml_and_reports_conflicts() {
    let lab = Lab::start().await;
    let path = format!("{MAPS}/m?fieldManager=one");
    let kind = "application/apply-patch+yaml";
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  a: 'x'\n";
    let (code, _) = read(lab.send(Some(&lab.admin), "PATCH", &path, kind, yaml).await).await;
    assert_eq!(code, 201);
    let other = yaml.replace("'x'", "'y'");
    let path = format!("{MAPS}/m?fieldManager=two");
    let (code, status) = read(lab.send(Some(&lab.admin), "PATCH", &path, kind, &other).await).await;
    assert_eq!(code, 409);
    assert_eq!(status["message"], "Apply failed with 1 conflict: conflict with \"one\": .data.a");
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let lab = Lab::start().await;
    let (code, status) = lab.call("GET", "/apis/example.com/v1/things", Value::Null).await;
    assert_eq!(code, 404);
    assert_eq!(status["message"], "the server could not find the requested resource");
    let (code, _) = lab.call("POST", "/apis/apps/v1/namespaces/default/daemonsets", daemon_set("d")).await;
    assert_eq!(code, 201);
}
