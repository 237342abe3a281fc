//! Admission by expressions, as policies and webhooks carry them.

use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;

use crate::support::Lab;

const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn deployment(name: &str, replicas: i64) -> Value {
    json!({"metadata": {"name": name}, "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}}})
}

async fn made(lab: &Lab, path: &str, object: Value) {
    let (code, answer) = lab.call("POST", path, object).await;
    assert_eq!(code, 201, "{answer}");
}

async fn bind(lab: &Lab, policy: Value, binding: Value) {
    let rest = json!({"metadata": {"name": "bound"}, "spec": {"policyName": "few"}});
    let mut whole = rest;
    for (name, value) in binding.as_object().unwrap() {
        j::put(&mut whole, &format!("/spec/{name}"), value.clone());
    }
    made(
        lab,
        &format!("{ADMISSION}/validatingadmissionpolicies"),
        json!({"metadata": {"name": "few"}, "spec": policy}),
    )
    .await;
    made(lab, &format!("{ADMISSION}/validatingadmissionpolicybindings"), whole).await;
}

fn rules(operations: &[&str]) -> Value {
    json!({"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": operations,
        "resources": ["deployments"]}]})
}

async fn said(lab: &Lab, object: Value) -> (u16, String) {
    let (code, answer) = lab.call("POST", DEPLOYMENTS, object).await;
    (code, j::text(&answer, "/message").to_owned())
}

#[tokio::test]
async fn a_bound_policy_refuses_in_its_words_and_with_its_reason() {
    let lab = Lab::start().await;
    let policy = json!({
        "matchConstraints": rules(&["CREATE", "UPDATE"]),
        "matchConditions": [{"name": "people", "expression": "!request.userInfo.username.startsWith('system:')"}],
        "variables": [
            {"name": "count", "expression": "object.spec.replicas"},
            {"name": "many", "expression": "variables.count > 5"},
        ],
        "validations": [
            {"expression": "!variables.many"},
            {"expression": "object.spec.template.spec.containers.all(c, !c.image.endsWith(':latest'))",
                "messageExpression": "'no latest in ' + object.metadata.name", "reason": "Forbidden"},
            {"expression": "namespaceObject.metadata.name == object.metadata.namespace", "message": "never"},
            {"expression": "request.operation == 'CREATE' || oldObject.spec.replicas - object.spec.replicas < 3",
                "message": "not so fast"},
        ],
    });
    bind(&lab, policy, json!({"validationActions": ["Deny"]})).await;
    made(&lab, DEPLOYMENTS, deployment("five", 5)).await;
    assert_eq!(
        said(&lab, deployment("six", 6)).await,
        (
            422,
            "deployments.apps \"six\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'bound' denied \
             request: failed expression: !variables.many"
                .to_owned()
        )
    );
    let mut latest = deployment("new", 1);
    latest["spec"]["template"]["spec"]["containers"][0]["image"] = "i:latest".into();
    let (code, message) = said(&lab, latest).await;
    assert!(code == 403 && message.ends_with("denied request: no latest in new"), "{message}");
    let fewer = json!({"spec": {"replicas": 1}});
    let (code, answer) = lab.call("PATCH", &format!("{DEPLOYMENTS}/five"), fewer).await;
    assert!(code == 422 && j::text(&answer, "/message").ends_with("not so fast"), "{answer}");
    // Without its binding it refuses nothing.
    let binding = format!("{ADMISSION}/validatingadmissionpolicybindings/bound");
    assert_eq!(lab.call("DELETE", &binding, Value::Null).await.0, 200);
    made(&lab, DEPLOYMENTS, deployment("six", 6)).await;
}

#[tokio::test]
async fn a_policy_is_asked_with_its_parameters_where_its_binding_fits() {
    let lab = Lab::start().await;
    made(&lab, MAPS, json!({"metadata": {"name": "limits"}, "data": {"most": "2"}})).await;
    let policy = json!({
        "matchConstraints": rules(&["*"]), "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{"expression": "object.spec.replicas <= int(params.data.most)"}],
    });
    let binding = json!({
        "validationActions": ["Deny"],
        "paramRef": {"name": "limits", "parameterNotFoundAction": "Deny"},
        "matchResources": {"objectSelector": {"matchLabels": {"held": "yes"}}},
    });
    bind(&lab, policy, binding).await;
    made(&lab, DEPLOYMENTS, deployment("free", 9)).await;
    let held = |name: &str, replicas: i64| {
        let mut object = deployment(name, replicas);
        j::put(&mut object, "/metadata/labels", json!({"held": "yes"}));
        object
    };
    made(&lab, DEPLOYMENTS, held("two", 2)).await;
    assert_eq!(said(&lab, held("three", 3)).await.0, 422);
    lab.call("PATCH", &format!("{MAPS}/limits"), json!({"data": {"most": null, "other": "1"}})).await;
    let (_, message) = said(&lab, held("three", 3)).await;
    assert!(message.contains("resulted in error: no such key: most"), "{message}");
    lab.call("DELETE", &format!("{MAPS}/limits"), Value::Null).await;
    let (_, message) = said(&lab, held("three", 3)).await;
    assert!(message.ends_with("no params found for policy binding with `Deny` parameterNotFoundAction"), "{message}");
    // An audit alone refuses nothing.
    let binding = format!("{ADMISSION}/validatingadmissionpolicybindings/bound");
    lab.call("PATCH", &binding, json!({"spec": {"validationActions": ["Audit"]}})).await;
    made(&lab, DEPLOYMENTS, held("three", 3)).await;
}

#[tokio::test]
async fn a_webhook_is_asked_where_its_conditions_hold() {
    let lab = Lab::start().await;
    let hook = |conditions: Value| {
        json!({"metadata": {"name": "h"}, "webhooks": [{"name": "h.example.com", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "clientConfig": {"service": {"namespace": "default", "name": "gone"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["configmaps"]}],
            "matchConditions": conditions}]})
    };
    let path = format!("{ADMISSION}/validatingwebhookconfigurations");
    let named = json!([{"name": "held", "expression": "object.metadata.name.startsWith('held')"}]);
    made(&lab, &path, hook(named)).await;
    made(&lab, MAPS, json!({"metadata": {"name": "free"}})).await;
    let (code, answer) = lab.call("POST", MAPS, json!({"metadata": {"name": "held"}})).await;
    assert!(code == 500 && j::text(&answer, "/message").ends_with("service \"gone\" not found"), "{answer}");
    let broken = json!([{"name": "b", "expression": "object.data.absent == 'x'"}]);
    lab.call("PATCH", &format!("{path}/h"), hook(broken)).await;
    let (code, answer) = lab.call("POST", MAPS, json!({"metadata": {"name": "other"}})).await;
    assert!(code == 500 && j::text(&answer, "/message").contains("failed to evaluate match conditions"), "{answer}");
}

#[tokio::test]
async fn a_policy_that_warns_lets_through_with_its_words() {
    let lab = Lab::start().await;
    let policy = json!({
        "matchConstraints": rules(&["CREATE"]),
        "validations": [{"expression": "object.spec.replicas <= 5"}, {"expression": "false", "message": "never"}],
    });
    bind(&lab, policy, json!({"validationActions": ["Warn", "Audit"]})).await;
    let body = deployment("six", 6).to_string();
    let reply = lab.send(Some(&lab.admin), "POST", DEPLOYMENTS, "application/json", &body).await;
    assert_eq!(reply.status(), 201);
    let warned: Vec<&str> = reply.headers().get_all("warning").iter().map(|value| value.to_str().unwrap()).collect();
    let of = "299 - \"Validation failed for ValidatingAdmissionPolicy 'few' with binding 'bound'";
    assert_eq!(warned, [format!("{of}: failed expression: object.spec.replicas <= 5\""), format!("{of}: never\"")]);
}
