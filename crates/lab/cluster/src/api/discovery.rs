//! API discovery: group lists, resource lists, and the aggregated form kubectl and
//! kube-rs prefer (`g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`).

use serde_json::{Value, json};

use crate::{
    api::{
        reply::{Reply, json_reply, typed_reply},
        request::Call,
    },
    objects::{json as j, kinds::Kind},
    store::Store,
};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The discovery document at a path, if it is one.
pub(crate) fn document(store: &Store, call: &Call) -> Option<Reply> {
    let path = call.path.trim_end_matches('/');
    let aggregated = call.accept().contains("as=APIGroupDiscoveryList") && call.accept().contains("v=v2;");
    let kinds = store.kinds();
    match path {
        "/api" if aggregated => Some(aggregated_reply(&kinds, true)),
        "/apis" if aggregated => Some(aggregated_reply(&kinds, false)),
        "/api" => {
            Some(json_reply(200, &json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})))
        }
        "/apis" => {
            let groups: Vec<Value> = groups(&kinds, false).into_iter().map(|name| group(&kinds, name)).collect();
            Some(json_reply(200, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})))
        }
        _ => {
            let parts: Vec<&str> = path.split('/').skip(1).collect();
            match parts.as_slice() {
                ["api", "v1"] => Some(json_reply(200, &resources(&kinds, "", "v1"))),
                ["apis", name, version] if versions(&kinds, name).contains(version) => {
                    Some(json_reply(200, &resources(&kinds, name, version)))
                }
                ["apis", name] if !versions(&kinds, name).is_empty() => {
                    let mut document = group(&kinds, name);
                    j::put(&mut document, "/kind", "APIGroup".into());
                    j::put(&mut document, "/apiVersion", "v1".into());
                    Some(json_reply(200, &document))
                }
                _ => None,
            }
        }
    }
}

/// Group names in order.
pub(crate) fn groups<'k>(kinds: &[&'k Kind], core: bool) -> Vec<&'k str> {
    let mut names: Vec<&str> = Vec::new();
    for kind in kinds {
        if kind.group.is_empty() == core && !names.contains(&kind.group) {
            names.push(kind.group);
        }
    }
    names
}

/// Versions of a group, the preferred one first.
pub(crate) fn versions<'k>(kinds: &[&'k Kind], group: &str) -> Vec<&'k str> {
    let mut found: Vec<&str> = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.group == group) {
        if !found.contains(&kind.version) {
            found.push(kind.version);
        }
    }
    found.sort_by_key(|version| std::cmp::Reverse(rank(version)));
    found
}

/// What makes a version go before another: stable before beta before alpha, then the larger number (Kubernetes
/// documentation, "Versions in `CustomResourceDefinitions`", "Version priority").
fn rank(version: &str) -> (u8, u32, u32) {
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (major, stage) = rest.split_at(digits);
    let major = major.parse().unwrap_or(0);
    let minor = |name: &str| stage.strip_prefix(name).and_then(|n| n.parse().ok());
    match (stage, minor("beta"), minor("alpha")) {
        ("", ..) => (3, major, 0),
        (_, Some(minor), _) => (2, major, minor),
        (_, _, Some(minor)) => (1, major, minor),
        _ => (0, 0, 0),
    }
}

fn group(kinds: &[&Kind], name: &str) -> Value {
    let all: Vec<Value> = versions(kinds, name)
        .into_iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    let preferred = all.first().cloned().unwrap_or_default();
    json!({"name": name, "versions": all, "preferredVersion": preferred})
}

fn verbs(kind: &Kind) -> Value {
    if kind.virtual_only {
        json!(["create"])
    } else if kind.is_measured() {
        json!(["get", "list"])
    } else {
        json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
    }
}

/// Group, version, kind and verbs of a subresource.
fn subresource(kind: &Kind, name: &str) -> (&'static str, &'static str, &'static str, Value) {
    match name {
        "token" => ("authentication.k8s.io", "v1", "TokenRequest", json!(["create"])),
        "scale" => ("autoscaling", "v1", "Scale", json!(["get", "patch", "update"])),
        "exec" => ("", "v1", "PodExecOptions", json!(["create", "get"])),
        "portforward" => ("", "v1", "PodPortForwardOptions", json!(["create", "get"])),
        "attach" => ("", "v1", "PodAttachOptions", json!(["create", "get"])),
        "eviction" => ("policy", "v1", "Eviction", json!(["create"])),
        "binding" => ("", "v1", "Binding", json!(["create"])),
        "log" => ("", "v1", "Pod", json!(["get"])),
        _ => (kind.group, kind.version, kind.kind, json!(["get", "patch", "update"])),
    }
}

fn resources(kinds: &[&Kind], group: &str, version: &str) -> Value {
    let mut list = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version == version) {
        let mut entry = json!({
            "name": kind.resource, "singularName": kind.singular, "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": verbs(kind),
        });
        for (at, names) in [("/shortNames", kind.short), ("/categories", kind.categories)] {
            if !names.is_empty() {
                j::put(&mut entry, at, json!(names));
            }
        }
        list.push(entry);
        for name in kind.subresources {
            let (group, version, of, verbs) = subresource(kind, name);
            let mut entry = json!({
                "name": format!("{}/{name}", kind.resource), "singularName": "",
                "namespaced": kind.namespaced, "kind": of, "verbs": verbs,
            });
            if group != kind.group {
                j::put(&mut entry, "/group", group.into());
                j::put(&mut entry, "/version", version.into());
            }
            list.push(entry);
        }
    }
    let named = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": named, "resources": list})
}

fn aggregated_reply(kinds: &[&Kind], core: bool) -> Reply {
    let items: Vec<Value> = groups(kinds, core)
        .into_iter()
        .map(|name| {
            let all: Vec<Value> = versions(kinds, name)
                .into_iter()
                .map(|version| {
                    let own = kinds.iter().filter(|kind| kind.group == name && kind.version == version);
                    let resources: Vec<Value> = own.map(|kind| aggregated_resource(kind)).collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            json!({"metadata": {"name": name, "creationTimestamp": null}, "versions": all})
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
            let (group, version, of, verbs) = subresource(kind, name);
            json!({
                "subresource": name, "verbs": verbs,
                "responseKind": {"group": group, "version": version, "kind": of},
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
        ("/categories", json!(kind.categories)),
    ] {
        if list.as_array().is_some_and(|items| !items.is_empty()) {
            j::put(&mut entry, pointer, list);
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_by_their_priority() {
        let mut all = ["v1beta1", "foo1", "v2", "v10beta3", "v1", "v3alpha2", "v11alpha2"];
        all.sort_by_key(|version| std::cmp::Reverse(rank(version)));
        assert_eq!(all, ["v2", "v1", "v10beta3", "v1beta1", "v11alpha2", "v3alpha2", "foo1"]);
    }
}
