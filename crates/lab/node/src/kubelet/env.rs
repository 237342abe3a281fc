//! A container's environment, with its references resolved.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use trustwalk_lab_cluster::{Gvr, Key, Store, json as j};

/// The text under `key` of a config map's or secret's data.
pub(crate) fn datum(object: &Value, secret: bool, key: &str) -> Option<String> {
    let text = j::at(object, "/data").get(key)?.as_str()?;
    if !secret {
        return Some(text.to_owned());
    }
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

fn find(store: &Store, namespace: &str, resource: &str, name: &str) -> Option<std::sync::Arc<Value>> {
    store.get(&Key::new(Gvr::core(resource), Some(namespace), name))
}

fn field(pod: &Value, path: &str) -> Option<String> {
    let pointer = format!("/{}", path.replace('.', "/"));
    j::at(pod, &pointer).as_str().map(Into::into)
}

fn value_from(store: &Store, pod: &Value, source: &Value) -> Option<String> {
    let namespace = j::namespace(pod);
    if let Some(path) = j::at(source, "/fieldRef/fieldPath").as_str() {
        return field(pod, path);
    }
    for (reference, resource) in [("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")] {
        let Some(reference) = source.get(reference) else {
            continue;
        };
        let object = find(store, namespace, resource, j::text(reference, "/name"))?;
        return datum(&object, resource == "secrets", j::text(reference, "/key"));
    }
    None
}

/// All variables of `container` in `pod`.
pub(crate) fn resolve(store: &Store, pod: &Value, container: &Value) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for source in j::items(container, "/envFrom") {
        for (reference, resource) in [("configMapRef", "configmaps"), ("secretRef", "secrets")] {
            let name = j::text(source, &format!("/{reference}/name"));
            let Some(object) = find(store, j::namespace(pod), resource, name) else {
                continue;
            };
            let prefix = j::text(source, "/prefix");
            for key in j::at(&object, "/data").as_object().into_iter().flatten().map(|(k, _)| k) {
                if let Some(value) = datum(&object, resource == "secrets", key) {
                    env.insert(format!("{prefix}{key}"), value);
                }
            }
        }
    }
    for entry in j::items(container, "/env") {
        let value = match entry.get("valueFrom") {
            Some(source) => value_from(store, pod, source),
            None => Some(j::text(entry, "/value").to_owned()),
        };
        if let Some(value) = value {
            env.insert(j::text(entry, "/name").to_owned(), value);
        }
    }
    env
}
