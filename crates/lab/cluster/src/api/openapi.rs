//! `OpenAPI`: what `kubectl explain` reads, and what kubectl asks for before it writes: that PATCH takes
//! `fieldValidation` and `dryRun`, so that it leaves validation to the server.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    api::{
        discovery,
        reply::{Reply, json_reply, typed_reply},
        request::Call,
    },
    objects::{
        definition,
        kinds::Kind,
        schema::{document as schemas_of_kubernetes, schema_name},
    },
    store::Store,
};

/// What kubectl takes version 2 as, when it has to check objects itself: it does for a `List`.
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const TITLE: &str = "Kubernetes";
const VERSION: &str = "v1";
/// Where schemas stand in a document of version 3.
const PLACE: &str = "#/components/schemas/";

/// The `OpenAPI` document that is asked for, if it is one.
pub(crate) fn reply(store: &Store, call: &Call) -> Option<Reply> {
    // Accept has `@` where the answer's type has a dot.
    if call.path.trim_end_matches('/') == "/openapi/v2" && call.accept().contains("proto-openapi.spec.v2@v1.0+protobuf")
    {
        return Some(typed_reply(200, PROTOBUF, binary()));
    }
    document(store, &call.path).map(|document| json_reply(200, &document))
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

fn document(store: &Store, path: &str) -> Option<Value> {
    let path = path.trim_end_matches('/');
    let kinds = store.kinds();
    match path {
        "/openapi/v3" => Some(index(&kinds)),
        "/openapi/v2" => Some(json!({
            "swagger": "2.0",
            "info": {"title": TITLE, "version": VERSION},
            "paths": paths(&kinds, true),
        })),
        _ => {
            let group_path = path.strip_prefix("/openapi/v3/")?;
            let (group, version) = match group_path.split('/').collect::<Vec<_>>().as_slice() {
                ["api", "v1"] => ("", "v1"),
                ["apis", group, version] => (*group, *version),
                _ => return None,
            };
            let own: Vec<&Kind> = kinds.into_iter().filter(|k| k.group == group && k.version == version).collect();
            if own.is_empty() {
                return None;
            }
            Some(json!({
                "openapi": "3.0.0",
                "info": {"title": TITLE, "version": VERSION},
                "paths": paths(&own, false),
                "components": {"schemas": schemas(store, &own)},
            }))
        }
    }
}

fn base(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

fn index(kinds: &[&Kind]) -> Value {
    let mut paths = Map::new();
    for group in discovery::groups(kinds, true).into_iter().chain(discovery::groups(kinds, false)) {
        for version in discovery::versions(kinds, group) {
            let base = base(group, version);
            let at = json!({"serverRelativeURL": format!("/openapi/v3/{base}")});
            paths.insert(base, at);
        }
    }
    json!({"paths": paths})
}

fn paths(kinds: &[&Kind], v2: bool) -> Value {
    let mut paths = Map::new();
    for kind in kinds.iter().filter(|k| !k.virtual_only) {
        let place = if kind.namespaced { "namespaces/{namespace}/" } else { "" };
        let path = format!("/{}/{place}{}/{{name}}", base(kind.group, kind.version), kind.resource);
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

/// The schemas of kinds, with all that they name.
fn schemas(store: &Store, kinds: &[&Kind]) -> Value {
    let all = schemas_of_kubernetes();
    let mut found = Map::new();
    let mut due: Vec<String> = vec![METADATA.to_owned()];
    for kind in kinds {
        let name = if kind.custom { custom_name(kind) } else { schema_name(kind) };
        let mut schema = if kind.custom { custom(store, kind) } else { all.get(&name).cloned().unwrap_or_default() };
        let of = json!([{"group": kind.group, "kind": kind.kind, "version": kind.version}]);
        crate::objects::json::put(&mut schema, "/x-kubernetes-group-version-kind", of);
        due.extend(names(&schema));
        found.insert(name, schema);
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(name) = due.pop() {
        if found.contains_key(&name) || !seen.insert(name.clone()) {
            continue;
        }
        let schema = all.get(&name).cloned().unwrap_or_default();
        due.extend(names(&schema));
        found.insert(name, schema);
    }
    found.values_mut().for_each(place);
    Value::Object(found)
}

/// The schema of every object's metadata.
const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// A custom kind's name, with its domain turned round as in the API server's documents.
fn custom_name(kind: &Kind) -> String {
    let parts: Vec<&str> = kind.group.split('.').rev().collect();
    format!("{}.{}.{}", parts.join("."), kind.version, kind.kind)
}

fn custom(store: &Store, kind: &Kind) -> Value {
    let definition = store.definition(kind.group, kind.resource);
    let mut schema =
        definition.map(|definition| definition::schema(&definition, kind.version).clone()).unwrap_or_default();
    let text = |what: &str| json!({"type": "string", "description": what});
    for (name, value) in [
        ("apiVersion", text("APIVersion defines the versioned schema of this representation of an object.")),
        ("kind", text("Kind is a string value representing the REST resource this object represents.")),
        ("metadata", json!({"$ref": METADATA, "description": "Standard object's metadata."})),
    ] {
        crate::objects::json::put(&mut schema, &format!("/properties/{name}"), value);
    }
    schema
}

/// Names of other schemas.
fn names(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(map) => map
            .iter()
            .flat_map(|(name, inner)| match inner.as_str() {
                Some(target) if name == "$ref" => vec![target.to_owned()],
                _ => names(inner),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(names).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Makes references of version 3 out of names; what stands beside one has to go into a list.
fn place(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(name) = map.get("$ref").and_then(Value::as_str).map(|name| format!("{PLACE}{name}")) {
                map.shift_remove("$ref");
                map.insert("allOf".to_owned(), json!([{"$ref": name}]));
                return;
            }
            map.values_mut().for_each(place);
        }
        Value::Array(list) => list.iter_mut().for_each(place),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
