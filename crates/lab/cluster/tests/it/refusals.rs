//! What the API server refuses and how: held against answers of a real one (kube-apiserver 1.36.2).

use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;

use crate::support::{Lab, read};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn deployment(spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "bad"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {
            "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]},
        }},
    });
    for (at, value) in spec.as_object().into_iter().flatten() {
        j::put(&mut object, at, value.clone());
    }
    object
}

#[tokio::test]
async fn every_fault_of_an_object_is_told_at_once_and_word_for_word() {
    let lab = Lab::start().await;
    let container = json!({"name": "X_", "imagePullPolicy": "Sometimes", "ports": [{"containerPort": 70000}]});
    let bad = deployment(&json!({
        "/spec/replicas": -1, "/spec/template/metadata/labels": {"a": "c"},
        "/spec/template/spec/containers": [container],
    }));
    let (code, status) = lab.call("POST", DEPLOYMENTS, bad).await;
    assert_eq!(code, 422);
    assert_eq!(
        status["message"],
        "Deployment.apps \"bad\" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, \
         spec.template.metadata.labels: Invalid value: {\"a\":\"c\"}: `selector` does not match template `labels`, \
         spec.template.spec.containers[0].name: Invalid value: \"X_\": a lowercase RFC 1123 label must consist of \
         lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. \
         'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'), \
         spec.template.spec.containers[0].image: Required value, \
         spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, \
         inclusive, spec.template.spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported \
         values: \"Always\", \"IfNotPresent\", \"Never\"]"
    );
    let reasons: Vec<&str> = j::items(&status, "/details/causes").iter().map(|c| j::text(c, "/reason")).collect();
    assert_eq!(reasons[3..], ["FieldValueRequired", "FieldValueInvalid", "FieldValueNotSupported"]);
}

#[tokio::test]
async fn unknown_members_are_refused_told_of_or_dropped_as_asked() {
    let lab = Lab::start().await;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "dat": {"a": "1"}});
    let (code, status) = lab.call("POST", &format!("{MAPS}?fieldValidation=Strict"), map.clone()).await;
    assert_eq!(code, 400);
    assert_eq!(
        status["message"],
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"dat\""
    );
    let sent = lab.send(Some(&lab.admin), "POST", MAPS, "application/json", &map.to_string()).await;
    assert_eq!(sent.headers()["warning"], "299 - \"unknown field \\\"dat\\\"\"");
    let (code, made) = read(sent).await;
    assert!(code == 201 && made.get("dat").is_none(), "{made}");
    let patch = json!({"dat": {"a": "1"}});
    let (code, status) = lab.call("PATCH", &format!("{MAPS}/c?fieldValidation=Strict"), patch.clone()).await;
    assert!(code == 422 && j::text(&status, "/message").contains("unknown field \"dat\""), "{status}");
    let (code, made) = lab.call("PATCH", &format!("{MAPS}/c?fieldValidation=Ignore"), patch).await;
    assert!(code == 200 && made.get("dat").is_none());
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndat:\n  a: '1'\n";
    let manager = format!("{MAPS}/c?fieldManager=one");
    let sent = lab.send(Some(&lab.admin), "PATCH", &manager, "application/apply-patch+yaml", yaml).await;
    let (code, status) = read(sent).await;
    assert_eq!(code, 500);
    assert_eq!(
        status["message"],
        "failed to create typed patch object (c; v1, Kind=ConfigMap): .dat: field not declared in schema"
    );
    let (code, status) = lab.call("POST", DEPLOYMENTS, deployment(&json!({"/spec/replicas": "two"}))).await;
    assert_eq!(code, 400);
    assert_eq!(
        status["message"],
        "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go \
         struct field DeploymentSpec.spec.replicas of type int32"
    );
}

#[tokio::test]
async fn nobody_gives_rights_that_he_does_not_have() {
    let lab = Lab::start().await;
    let role = json!({"metadata": {"name": "maker"}, "rules": [
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
    ]});
    assert_eq!(lab.call("POST", &format!("{RBAC}/clusterroles"), role).await.0, 201);
    let bind = json!({"metadata": {"name": "maker"}, "roleRef": {"kind": "ClusterRole", "name": "maker"},
        "subjects": [{"kind": "User", "name": "reader"}]});
    assert_eq!(lab.call("POST", &format!("{RBAC}/clusterrolebindings"), bind).await.0, 201);
    let make = async |resource: &str, body: Value| {
        let path = format!("{RBAC}/namespaces/default/{resource}");
        read(lab.send(Some(&lab.reader), "POST", &path, "application/json", &body.to_string()).await).await
    };
    let role = |name: &str, resource: &str, verb: &str| {
        let grant = json!({"apiGroups": [""], "resources": [resource], "verbs": [verb]});
        json!({"metadata": {"name": name}, "rules": [grant]})
    };
    assert_eq!(make("roles", role("own", "pods", "list")).await.0, 201);
    let (code, status) = make("roles", role("r", "secrets", "*")).await;
    assert_eq!(code, 403);
    assert_eq!(
        status["message"],
        "roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"reader\" (groups=[\"system:authenticated\"]) is \
         attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], \
         Verbs:[\"*\"]}"
    );
    let all = json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "name": "reader"}]});
    assert_eq!(make("rolebindings", all.clone()).await.0, 403);
    assert_eq!(lab.call("POST", &format!("{RBAC}/namespaces/default/rolebindings"), all).await.0, 201);
    let other = json!({"roleRef": {"kind": "ClusterRole", "name": "maker"}});
    let (code, status) = lab.call("PATCH", &format!("{RBAC}/namespaces/default/rolebindings/b"), other).await;
    assert!(code == 422 && j::text(&status, "/message").ends_with("cannot change roleRef"), "{status}");
}

#[tokio::test]
async fn what_may_not_change_does_not() {
    let lab = Lab::start().await;
    let secret = json!({"metadata": {"name": "s"}, "type": "Opaque", "immutable": true, "stringData": {"a": "1"}});
    assert_eq!(lab.call("POST", SECRETS, secret).await.0, 201);
    let path = format!("{SECRETS}/s");
    let (code, status) = lab.call("PATCH", &path, json!({"stringData": {"a": "2"}})).await;
    assert_eq!(code, 422);
    assert_eq!(
        status["message"],
        "Secret \"s\" is invalid: data: Forbidden: field is immutable when `immutable` is set"
    );
    let (_, status) = lab.call("PATCH", &path, json!({"type": "other"})).await;
    assert_eq!(status["message"], "Secret \"s\" is invalid: type: Invalid value: \"other\": field is immutable");
    let (code, status) =
        lab.call("POST", SECRETS, json!({"metadata": {"name": "t"}, "data": {"a": "no base64"}})).await;
    assert!(code == 400 && j::text(&status, "/message").contains("illegal base64 data at input byte 2"), "{status}");
    let service = json!({"metadata": {"name": "w"}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}});
    let services = "/api/v1/namespaces/default/services";
    assert_eq!(lab.call("POST", services, service.clone()).await.0, 201);
    let (code, kept) = lab.call("PUT", &format!("{services}/w"), service).await;
    assert!(code == 200 && j::text(&kept, "/spec/clusterIP").starts_with("10."), "{kept}");
    let (code, status) = lab.call("PATCH", &format!("{services}/w"), json!({"spec": {"clusterIP": "10.1.2.3"}})).await;
    assert!(code == 422 && j::text(&status, "/message").contains("may not change once set"), "{status}");
}

#[tokio::test]
async fn options_questions_and_evictions_that_make_no_sense_are_refused_as_a_real_server_does() {
    let lab = Lab::start().await;
    lab.call("POST", MAPS, json!({"metadata": {"name": "c"}})).await;
    let map = format!("{MAPS}/c");
    for (query, words) in [
        ("dryRun=Some", "dryRun: Unsupported value: [\"Some\"]: supported values: \"All\""),
        ("force=true", "force: Forbidden: may not be specified for non-apply patch"),
        (&*format!("fieldManager={}", "x".repeat(129)), "fieldManager: Too long: may not be more than 128 bytes"),
    ] {
        let (code, status) = lab.call("PATCH", &format!("{map}?{query}"), json!({})).await;
        assert_eq!(code, 422, "{query}: {status}");
        assert_eq!(status["message"], format!("PatchOptions.meta.k8s.io \"\" is invalid: {words}"));
    }
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {}});
    let (code, status) = lab.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review).await;
    assert!(code == 422 && j::text(&status, "/message").contains("exactly one of nonResourceAttributes"), "{status}");
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "other"}});
    let (code, status) = lab.call("POST", "/api/v1/namespaces/default/pods/p/eviction", eviction).await;
    assert_eq!(code, 400);
    assert_eq!(status["message"], "name in URL does not match name in Eviction object");
}

#[tokio::test]
async fn webhooks_that_no_server_takes_are_refused() {
    const HOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    let lab = Lab::start().await;
    let hook = |name: &str, url: &str, versions: Value| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "h"}, "webhooks": [{"name": name, "clientConfig": {"url": url}, "sideEffects": "None",
                "admissionReviewVersions": versions}]})
    };
    let is_invalid = "MutatingWebhookConfiguration.admissionregistration.k8s.io \"h\" is invalid: webhooks[0].";
    for (bad, words) in [
        (
            hook("a", "https://x", json!(["v1"])),
            "name: Invalid value: \"a\": should be a domain with at least three segments separated by dots",
        ),
        (
            hook("a.example.com", "https://x", json!(["v2"])),
            "admissionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1",
        ),
        (
            hook("a.example.com", "https://x", json!(["v1", "v1"])),
            "admissionReviewVersions[1]: Invalid value: \"v1\": duplicate version",
        ),
    ] {
        let (code, status) = lab.call("POST", HOOKS, bad).await;
        assert_eq!(code, 422, "{status}");
        assert_eq!(status["message"], format!("{is_invalid}{words}"));
    }
    assert_eq!(lab.call("POST", HOOKS, hook("a.example.com", "https://x", json!(["v1"]))).await.0, 201);
}
