//! Rights that somebody would give without having them (Kubernetes documentation, "Using RBAC Authorization",
//! "Privilege escalation prevention and bootstrapping").

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json as j,
        kinds::Kind,
    },
    rbac::{self, Attempt, User},
    store::Store,
};

/// One right: what a rule allows, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    group: String,
    resource: String,
    name: Option<String>,
    url: Option<String>,
    verb: String,
}

/// Refuses a role or binding that gives what its writer does not have.
pub(crate) fn check(
    store: &Store,
    kind: &Kind,
    user: &User,
    old: Option<&Value>,
    object: &Value,
) -> Result<(), ApiError> {
    if kind.group != "rbac.authorization.k8s.io" || user.allow.iter().any(|a| a.verb == "*" && a.resource == "*") {
        return Ok(());
    }
    let namespace = j::namespace(object);
    let (wanted, verb, resource, name) = if kind.kind.ends_with("Binding") {
        let role = j::at(object, "/roleRef");
        let own = j::text(role, "/kind") == "Role";
        let resource = if own { "roles" } else { "clusterroles" };
        let key = Key::new(Gvr::new(kind.group, "v1", resource), own.then_some(namespace), j::text(role, "/name"));
        let rules = store.get(&key).map(|role| j::items(&role, "/rules").to_vec()).unwrap_or_default();
        (rules, "bind", resource, j::text(role, "/name"))
    } else {
        (j::items(object, "/rules").to_vec(), "escalate", kind.resource, j::name(object))
    };
    if old.is_some_and(|old| old.get("rules") == object.get("rules") && old.get("subjects") == object.get("subjects")) {
        return Ok(());
    }
    let attempt = Attempt { verb, group: kind.group, resource, subresource: "", namespace, name };
    if rbac::allowed(store, user, &attempt) {
        return Ok(());
    }
    let mut held = rbac::rules(store, user, namespace);
    held.extend(
        user.allow.iter().map(|a| json!({"verbs": [a.verb], "apiGroups": [a.group], "resources": [a.resource]})),
    );
    let missing: BTreeSet<Right> =
        wanted.iter().flat_map(rights).filter(|right| !held.iter().any(|rule| covers(rule, right))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = user.groups.iter().map(|g| format!("\"{g}\"")).collect();
    let gvr = kind.gvr();
    let message = format!(
        "{} \"{}\" is forbidden: user \"{}\" (groups=[{}]) is attempting to grant RBAC permissions not \
         currently held:\n{}",
        gvr.qualified(),
        j::name(object),
        user.name,
        groups.join(" "),
        told(&missing).join("\n"),
    );
    Err(ApiError::forbidden(&gvr, j::name(object), message))
}

fn texts<'v>(rule: &'v Value, at: &str) -> Vec<&'v str> {
    j::items(rule, at).iter().filter_map(Value::as_str).collect()
}

/// What a rule allows, one by one.
fn rights(rule: &Value) -> Vec<Right> {
    let mut all = Vec::new();
    let names: Vec<Option<&str>> = match texts(rule, "/resourceNames") {
        names if names.is_empty() => vec![None],
        names => names.into_iter().map(Some).collect(),
    };
    for verb in texts(rule, "/verbs") {
        for group in texts(rule, "/apiGroups") {
            for resource in texts(rule, "/resources") {
                for name in &names {
                    all.push(Right {
                        group: group.to_owned(),
                        resource: resource.to_owned(),
                        name: name.map(str::to_owned),
                        url: None,
                        verb: verb.to_owned(),
                    });
                }
            }
        }
        for url in texts(rule, "/nonResourceURLs") {
            all.push(Right {
                group: String::new(),
                resource: String::new(),
                name: None,
                url: Some(url.to_owned()),
                verb: verb.to_owned(),
            });
        }
    }
    all
}

fn covers(rule: &Value, right: &Right) -> bool {
    let any = |at: &str, wanted: &str| texts(rule, at).iter().any(|has| *has == "*" || *has == wanted);
    if !any("/verbs", &right.verb) {
        return false;
    }
    if let Some(url) = &right.url {
        return texts(rule, "/nonResourceURLs")
            .iter()
            .any(|has| has.strip_suffix('*').map_or(*has == url.as_str(), |prefix| url.starts_with(prefix)));
    }
    let whole = right.resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
    let names = texts(rule, "/resourceNames");
    any("/apiGroups", &right.group)
        && (any("/resources", &right.resource) || whole.is_some_and(|whole| any("/resources", &whole)))
        && (names.is_empty() || right.name.as_deref().is_some_and(|name| names.contains(&name)))
}

/// Rights as the API server names them: verbs together, each list quoted.
fn told(missing: &BTreeSet<Right>) -> Vec<String> {
    let mut merged: BTreeMap<Right, Vec<&String>> = BTreeMap::new();
    for right in missing {
        merged.entry(Right { verb: String::new(), ..right.clone() }).or_default().push(&right.verb);
    }
    let quoted = |all: &[&String]| all.iter().map(|t| format!("\"{t}\"")).collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = merged
        .into_iter()
        .map(|(Right { group, resource, name, url, .. }, verbs)| {
            let mut parts = Vec::new();
            if let Some(url) = url {
                parts.push(format!("NonResourceURLs:[\"{url}\"]"));
            } else {
                parts.push(format!("APIGroups:[\"{group}\"]"));
                parts.push(format!("Resources:[\"{resource}\"]"));
            }
            if let Some(name) = name {
                parts.push(format!("ResourceNames:[\"{name}\"]"));
            }
            parts.push(format!("Verbs:[{}]", quoted(&verbs)));
            format!("{{{}}}", parts.join(", "))
        })
        .collect();
    lines.sort();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_covers_what_it_names_and_no_more() {
        let rule = |value: Value| value;
        let held = rule(json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/log"]}));
        let missing = |wanted: Value| -> Vec<String> {
            told(&rights(&wanted).into_iter().filter(|right| !covers(&held, right)).collect())
        };
        assert!(missing(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "pods/log"]})).is_empty());
        assert_eq!(
            missing(json!({"verbs": ["get", "create"], "apiGroups": [""], "resources": ["pods", "secrets"]})),
            [
                "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"create\"]}",
                "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"create\" \"get\"]}",
            ]
        );
        assert_eq!(
            missing(json!({"verbs": ["*"], "nonResourceURLs": ["/metrics"]})),
            ["{NonResourceURLs:[\"/metrics\"], Verbs:[\"*\"]}"]
        );
    }
}
