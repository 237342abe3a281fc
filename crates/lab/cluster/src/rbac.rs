//! Who may do what: users with an allow list, plus the RBAC objects in the store.

use serde_json::Value;

use crate::{
    objects::{
        address::{Gvr, Key},
        errors::ApiError,
        json,
    },
    store::Store,
};

use crate::user::Access;
pub(crate) use crate::user::User;

/// What a caller wants to do.
#[derive(Debug, Clone)]
pub(crate) struct Attempt<'a> {
    /// Verb.
    pub(crate) verb: &'a str,
    /// Group.
    pub(crate) group: &'a str,
    /// Resource.
    pub(crate) resource: &'a str,
    /// Subresource, or empty.
    pub(crate) subresource: &'a str,
    /// Namespace, or empty for all or none.
    pub(crate) namespace: &'a str,
    /// Object name, or empty.
    pub(crate) name: &'a str,
}

impl Attempt<'_> {
    fn full_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.into()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

fn matches(pattern: &str, value: &str) -> bool {
    pattern == "*" || pattern == value
}

/// Whether a user may do something with a resource.
pub(crate) fn allowed(store: &Store, user: &User, attempt: &Attempt<'_>) -> bool {
    let resource = attempt.full_resource();
    let listed = user.allow.iter().any(|access| {
        matches(&access.verb, attempt.verb)
            && matches(&access.group, attempt.group)
            && matches(&access.resource, &resource)
            && access.namespace.as_deref().is_none_or(|ns| ns == attempt.namespace)
    });
    listed
        || rules(store, user, attempt.namespace).iter().any(|rule| {
            has(rule, "/verbs", attempt.verb)
                && has(rule, "/apiGroups", attempt.group)
                && (has(rule, "/resources", &resource)
                    || (!attempt.subresource.is_empty()
                        && has(rule, "/resources", &format!("*/{}", attempt.subresource))))
                && (json::items(rule, "/resourceNames").is_empty()
                    || json::items(rule, "/resourceNames").iter().any(|n| n == attempt.name))
        })
}

/// Whether a user may reach a path that is no resource.
pub(crate) fn allowed_path(store: &Store, user: &User, verb: &str, path: &str) -> bool {
    let everything = |access: &Access| access.verb == "*" && access.resource == "*";
    user.allow.iter().any(everything)
        || rules(store, user, "").iter().any(|rule| {
            has(rule, "/verbs", verb)
                && json::items(rule, "/nonResourceURLs").iter().any(|url| {
                    let url = url.as_str().unwrap_or("");
                    url.strip_suffix('*').map_or(url == path, |prefix| path.starts_with(prefix))
                })
        })
}

fn has(rule: &Value, list: &str, wanted: &str) -> bool {
    json::items(rule, list).iter().any(|item| matches(item.as_str().unwrap_or(""), wanted))
}

/// The policy rules that bindings in the store give a user in a namespace.
pub(crate) fn rules(store: &Store, user: &User, namespace: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let rbac = |resource: &str| Gvr::new("rbac.authorization.k8s.io", "v1", resource);
    let mut bindings = store.list(&rbac("clusterrolebindings"), None).1;
    if !namespace.is_empty() {
        bindings.extend(store.list(&rbac("rolebindings"), Some(namespace)).1);
    }
    for binding in bindings {
        if !json::items(&binding, "/subjects").iter().any(|s| is_subject(s, user)) {
            continue;
        }
        let role = json::text(&binding, "/roleRef/name");
        let key = if json::text(&binding, "/roleRef/kind") == "ClusterRole" {
            Key::new(rbac("clusterroles"), None, role)
        } else {
            Key::new(rbac("roles"), Some(namespace), role)
        };
        if let Some(role) = store.get(&key) {
            found.extend(json::items(&role, "/rules").iter().cloned());
        }
    }
    found
}

fn is_subject(subject: &Value, user: &User) -> bool {
    let name = json::text(subject, "/name");
    match json::text(subject, "/kind") {
        "User" => name == user.name,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let namespace = json::text(subject, "/namespace");
            user.name == format!("system:serviceaccount:{namespace}:{name}")
        }
        _ => false,
    }
}

/// The 403 the API server sends, in its words.
pub(crate) fn refusal(user: &User, attempt: &Attempt<'_>) -> ApiError {
    let gvr = Gvr::new(attempt.group, "v1", attempt.resource);
    let named =
        if attempt.name.is_empty() { gvr.qualified() } else { format!("{} \"{}\"", gvr.qualified(), attempt.name) };
    let place = if attempt.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{}\"", attempt.namespace)
    };
    ApiError::forbidden(
        &gvr,
        attempt.name,
        format!(
            "{named} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {place}",
            user.name,
            attempt.verb,
            attempt.full_resource(),
            attempt.group,
        ),
    )
}
