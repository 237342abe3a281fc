//! Custom resources: definitions with structural schemas, and the objects of their kinds.

use serde_json::{Value, json};
use trustwalk_lab_cluster::json as j;

use crate::support::Lab;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

fn definition() -> Value {
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1, "description": "How large it is."},
            "mode": {"type": "string", "enum": ["Fast", "Slow"], "default": "Slow"},
        }},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }});
    let version = |name: &str, storage: bool| {
        json!({"name": name, "served": true, "storage": storage, "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}}})
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [version("v1beta1", false), version("v1", true)]},
    })
}

fn widget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec})
}

#[tokio::test]
async fn a_definition_brings_a_kind_that_is_pruned_defaulted_and_validated() {
    let lab = Lab::start().await;
    assert_eq!(lab.call("GET", WIDGETS, Value::Null).await.0, 404);
    let (code, made) = lab.call("POST", DEFINITIONS, definition()).await;
    assert_eq!(code, 201, "{made}");
    let established = |c: &Value| j::text(c, "/type") == "Established" && j::text(c, "/status") == "True";
    assert!(j::items(&made, "/status/conditions").iter().any(established));
    let (code, made) = lab.call("POST", WIDGETS, widget("w", json!({"size": 2, "colour": "red"}))).await;
    assert_eq!((code, &made["spec"]), (201, &json!({"size": 2, "mode": "Slow"})));
    assert_eq!(j::int(&made, "/metadata/generation"), Some(1));
    let strict = format!("{WIDGETS}?fieldValidation=Strict");
    let (code, status) = lab.call("POST", &strict, widget("x", json!({"size": 2, "colour": "red"}))).await;
    assert_eq!(code, 400);
    assert_eq!(
        status["message"],
        "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.colour\""
    );
    let (code, status) = lab.call("POST", WIDGETS, widget("x", json!({"size": "two"}))).await;
    assert_eq!(code, 422);
    assert_eq!(
        status["message"],
        "Widget.example.com \"x\" is invalid: spec.size: Invalid value: \"string\": spec.size in body must be of type \
         integer: \"string\""
    );
    let (code, changed) = lab.call("PATCH", &format!("{WIDGETS}/w"), json!({"spec": {"mode": "Fast"}})).await;
    assert_eq!((code, j::int(&changed, "/metadata/generation")), (200, Some(2)));
    let status = json!({"status": {"ready": true}});
    let (code, changed) = lab.call("PATCH", &format!("{WIDGETS}/w/status"), status).await;
    assert_eq!(
        (code, &changed["status"], j::int(&changed, "/metadata/generation")),
        (200, &json!({"ready": true}), Some(2))
    );
}

#[tokio::test]
async fn all_versions_are_one_and_go_with_their_definition() {
    let lab = Lab::start().await;
    lab.call("POST", DEFINITIONS, definition()).await;
    lab.call("POST", WIDGETS, widget("w", json!({"size": 1}))).await;
    let (code, other) = lab.call("GET", &format!("{}/w", WIDGETS.replace("/v1/", "/v1beta1/")), Value::Null).await;
    assert_eq!((code, j::text(&other, "/apiVersion")), (200, "example.com/v1beta1"));
    let (_, group) = lab.call("GET", "/apis/example.com", Value::Null).await;
    assert_eq!(j::text(&group, "/preferredVersion/version"), "v1");
    let (_, document) = lab.call("GET", "/openapi/v3/apis/example.com/v1", Value::Null).await;
    let size = "/components/schemas/com.example.v1.Widget/properties/spec/properties/size/description";
    assert_eq!(j::text(&document, size), "How large it is.");
    assert_eq!(lab.call("DELETE", &format!("{DEFINITIONS}/widgets.example.com"), Value::Null).await.0, 200);
    assert_eq!(lab.call("GET", WIDGETS, Value::Null).await.0, 404);
    lab.call("POST", DEFINITIONS, definition()).await;
    lab.until("none is left", |store| {
        store.list(&trustwalk_lab_cluster::Gvr::new("example.com", "", "widgets"), None).1.is_empty()
    })
    .await;
    let (_, list) = lab.call("GET", WIDGETS, Value::Null).await;
    assert!(j::items(&list, "/items").is_empty());
}

#[tokio::test]
async fn a_definition_that_is_none_is_refused() {
    let lab = Lab::start().await;
    let mut wrong = definition();
    j::put(&mut wrong, "/metadata/name", "gadgets.example.com".into());
    j::put(&mut wrong, "/spec/scope", "World".into());
    let (code, status) = lab.call("POST", DEFINITIONS, wrong).await;
    let told = j::text(&status, "/message");
    assert!(code == 422 && told.contains("metadata.name") && told.contains("supported values: \"Cluster\""), "{told}");
}
