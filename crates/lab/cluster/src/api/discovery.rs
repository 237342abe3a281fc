//! API discovery: group lists, resource lists, and the aggregated form kubectl and
//! kube-rs prefer (`g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`).

use serde_json::{Value, json};

use crate::{
    api::{
        reply::{Reply, json_reply, typed_reply},
        request::Call,
    },
    objects::kinds::{KINDS, Kind},
};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The discovery document at a path, if it is one.
pub(crate) fn document(call: &Call) -> Option<Reply> {
    let path = call.path.trim_end_matches('/');
    let aggregated = call.accept().contains("as=APIGroupDiscoveryList") && call.accept().contains("v=v2;");
    match path {
        "/api" if aggregated => Some(aggregated_reply(true)),
        "/apis" if aggregated => Some(aggregated_reply(false)),
        "/api" => {
            Some(json_reply(200, &json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})))
        }
        "/apis" => {
            let groups: Vec<Value> = groups(false).into_iter().map(group).collect();
            Some(json_reply(200, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})))
        }
        _ => {
            let parts: Vec<&str> = path.split('/').skip(1).collect();
            match parts.as_slice() {
                ["api", "v1"] => Some(json_reply(200, &resources(""))),
                ["apis", name, "v1"] => known(name).map(|g| json_reply(200, &resources(g))),
                ["apis", name] => known(name).map(|g| {
                    let mut document = group(g);
                    crate::objects::json::put(&mut document, "/kind", "APIGroup".into());
                    crate::objects::json::put(&mut document, "/apiVersion", "v1".into());
                    json_reply(200, &document)
                }),
                _ => None,
            }
        }
    }
}

fn known(name: &str) -> Option<&'static str> {
    groups(false).into_iter().find(|group| *group == name)
}

/// Group names in table order.
pub(crate) fn groups(core: bool) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for kind in KINDS {
        if kind.group.is_empty() == core && !names.contains(&kind.group) {
            names.push(kind.group);
        }
    }
    names
}

fn group(name: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn verbs(kind: &Kind) -> Value {
    if kind.virtual_only {
        json!(["create"])
    } else {
        json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
    }
}

/// Kind and verbs of a subresource.
fn subresource(kind: &Kind, name: &str) -> (&'static str, &'static str, Value) {
    match name {
        "token" => ("authentication.k8s.io", "TokenRequest", json!(["create"])),
        "scale" => ("autoscaling", "Scale", json!(["get", "patch", "update"])),
        "exec" => ("", "PodExecOptions", json!(["create", "get"])),
        "portforward" => ("", "PodPortForwardOptions", json!(["create", "get"])),
        "attach" => ("", "PodAttachOptions", json!(["create", "get"])),
        "eviction" => ("policy", "Eviction", json!(["create"])),
        "binding" => ("", "Binding", json!(["create"])),
        "log" => ("", "Pod", json!(["get"])),
        _ => (kind.group, kind.kind, json!(["get", "patch", "update"])),
    }
}

fn resources(group: &str) -> Value {
    let mut list = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.group == group) {
        let mut entry = json!({
            "name": kind.resource, "singularName": kind.singular, "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": verbs(kind),
        });
        if !kind.short.is_empty() {
            crate::objects::json::put(&mut entry, "/shortNames", json!(kind.short));
        }
        if kind.in_all {
            crate::objects::json::put(&mut entry, "/categories", json!(["all"]));
        }
        list.push(entry);
        for name in kind.subresources {
            let (group, of, verbs) = subresource(kind, name);
            let mut entry = json!({
                "name": format!("{}/{name}", kind.resource), "singularName": "",
                "namespaced": kind.namespaced, "kind": of, "verbs": verbs,
            });
            if group != kind.group {
                crate::objects::json::put(&mut entry, "/group", group.into());
                crate::objects::json::put(&mut entry, "/version", "v1".into());
            }
            list.push(entry);
        }
    }
    let version = if group.is_empty() { "v1".into() } else { format!("{group}/v1") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list})
}

fn aggregated_reply(core: bool) -> Reply {
    let items: Vec<Value> = groups(core)
        .into_iter()
        .map(|name| {
            let resources: Vec<Value> =
                KINDS.iter().filter(|kind| kind.group == name).map(aggregated_resource).collect();
            json!({
                "metadata": {"name": name, "creationTimestamp": null},
                "versions": [{"version": "v1", "resources": resources, "freshness": "Current"}],
            })
        })
        .collect();
    let document = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {}, "items": items,
    });
    typed_reply(200, AGGREGATED, document.to_string())
}

fn aggregated_resource(kind: &Kind) -> Value {
    let scope = if kind.namespaced { "Namespaced" } else { "Cluster" };
    let subresources: Vec<Value> = kind
        .subresources
        .iter()
        .map(|name| {
            let (group, of, verbs) = subresource(kind, name);
            json!({
                "subresource": name, "verbs": verbs,
                "responseKind": {"group": group, "version": "v1", "kind": of},
            })
        })
        .collect();
    let mut entry = json!({
        "resource": kind.resource,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": scope,
        "singularResource": kind.singular,
        "verbs": verbs(kind),
    });
    for (pointer, list) in [
        ("/shortNames", json!(kind.short)),
        ("/subresources", json!(subresources)),
        ("/categories", if kind.in_all { json!(["all"]) } else { json!([]) }),
    ] {
        if list.as_array().is_some_and(|items| !items.is_empty()) {
            crate::objects::json::put(&mut entry, pointer, list);
        }
    }
    entry
}
