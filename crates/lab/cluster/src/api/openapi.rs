//! The little `OpenAPI` kubectl asks for before it writes: that PATCH takes
//! `fieldValidation` and `dryRun`, so that it leaves validation to the server.

use serde_json::{Map, Value, json};

use crate::{
    api::{
        discovery,
        reply::{Reply, json_reply, typed_reply},
        request::Call,
    },
    objects::kinds::KINDS,
};

/// What kubectl takes version 2 as, when it has to check objects itself: it does for a `List`.
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const TITLE: &str = "Kubernetes";
const VERSION: &str = "v1";

/// The `OpenAPI` document that is asked for, if it is one.
pub(crate) fn reply(call: &Call) -> Option<Reply> {
    // Accept has `@` where the answer's type has a dot.
    if call.path.trim_end_matches('/') == "/openapi/v2" && call.accept().contains("proto-openapi.spec.v2@v1.0+protobuf")
    {
        return Some(typed_reply(200, PROTOBUF, binary()));
    }
    document(&call.path).map(|document| json_reply(200, &document))
}

/// A document in protobuf (`gnostic`, `openapi.v2.Document`) that describes no kind: of such kubectl leaves the
/// check to the server.
fn binary() -> Vec<u8> {
    let info = [text_field(1, TITLE.as_bytes()), text_field(2, VERSION.as_bytes())].concat();
    [text_field(1, b"2.0"), text_field(2, &info)].concat()
}

/// A field of text, or of a message, shorter than 128 bytes.
fn text_field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or_default();
    [&[number << 3 | 2, length], content].concat()
}

fn document(path: &str) -> Option<Value> {
    let path = path.trim_end_matches('/');
    match path {
        "/openapi/v3" => Some(index()),
        "/openapi/v2" => Some(json!({
            "swagger": "2.0",
            "info": {"title": TITLE, "version": VERSION},
            "paths": paths(None, true),
        })),
        _ => {
            let group_path = path.strip_prefix("/openapi/v3/")?;
            let group = match group_path.split('/').collect::<Vec<_>>().as_slice() {
                ["api", "v1"] => "",
                ["apis", group, "v1"] => discovery::groups(false).into_iter().find(|g| g == group)?,
                _ => return None,
            };
            Some(json!({
                "openapi": "3.0.0",
                "info": {"title": TITLE, "version": VERSION},
                "paths": paths(Some(group), false),
                "components": {"schemas": schemas(group)},
            }))
        }
    }
}

fn base(group: &str) -> String {
    if group.is_empty() { "api/v1".into() } else { format!("apis/{group}/v1") }
}

fn index() -> Value {
    let mut paths = Map::new();
    for group in discovery::groups(true).into_iter().chain(discovery::groups(false)) {
        let base = base(group);
        let at = json!({"serverRelativeURL": format!("/openapi/v3/{base}")});
        paths.insert(base, at);
    }
    json!({"paths": paths})
}

fn paths(only: Option<&str>, v2: bool) -> Value {
    let mut paths = Map::new();
    for kind in KINDS.iter().filter(|k| only.is_none_or(|g| g == k.group) && !k.virtual_only) {
        let place = if kind.namespaced { "namespaces/{namespace}/" } else { "" };
        let path = format!("/{}/{place}{}/{{name}}", base(kind.group), kind.resource);
        let parameter = |name: &str| {
            if v2 {
                json!({"name": name, "in": "query", "type": "string", "uniqueItems": true})
            } else {
                json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}})
            }
        };
        let operation = json!({
            "operationId": format!("patch{}{}", kind.group.replace('.', ""), kind.kind),
            "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation"),
                parameter("force")],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": {"group": kind.group, "kind": kind.kind, "version": kind.version},
        });
        paths.insert(path, json!({"patch": operation}));
    }
    Value::Object(paths)
}

/// One open schema per kind: kubectl looks kinds up here, the server checks contents.
fn schemas(group: &str) -> Value {
    let mut schemas = Map::new();
    for kind in KINDS.iter().filter(|k| k.group == group) {
        let prefix = if group.is_empty() { "core" } else { group };
        let schema = json!({
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true,
            "x-kubernetes-group-version-kind": [{"group": kind.group, "kind": kind.kind, "version": kind.version}],
        });
        schemas.insert(format!("io.k8s.api.{prefix}.v1.{}", kind.kind), schema);
    }
    Value::Object(schemas)
}
