//! A request as admission sees it, and whether rules and selectors fit it (Kubernetes documentation, "Dynamic Admission
//! Control", matching requests).

use serde_json::Value;

use super::warnings::Warnings;
use crate::{
    objects::{
        address::{Gvr, Key},
        json as j,
        kinds::Kind,
        selector::matches_label_selector,
    },
    rbac::User,
    store::Store,
};

/// A request to be judged.
#[derive(Debug, Clone)]
pub(crate) struct Review<'a> {
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub(crate) operation: &'static str,
    /// The resource.
    pub(crate) kind: &'a Kind,
    /// Its subresource, or empty.
    pub(crate) subresource: &'a str,
    /// Who asks.
    pub(crate) user: &'a User,
    /// Nothing will be stored.
    pub(crate) dry_run: bool,
    /// What there is to be warned of.
    pub(crate) warnings: &'a Warnings,
}

/// Whether rules and selectors of a webhook, or of what is written as one, fit a request.
pub(super) fn applies(store: &Store, hook: &Value, review: &Review<'_>, object: &Value, old: Option<&Value>) -> bool {
    let subject = if object.is_null() { old.unwrap_or(object) } else { object };
    let resource = if review.subresource.is_empty() {
        review.kind.resource.to_owned()
    } else {
        format!("{}/{}", review.kind.resource, review.subresource)
    };
    let scope = if review.kind.namespaced { "Namespaced" } else { "Cluster" };
    let has = |rule: &Value, list: &str, wanted: &str| j::items(rule, list).iter().any(|x| x == "*" || x == wanted);
    let ruled = j::items(hook, "/rules").iter().any(|rule| {
        has(rule, "/operations", review.operation)
            && has(rule, "/apiGroups", review.kind.group)
            && has(rule, "/apiVersions", review.kind.version)
            && j::items(rule, "/resources")
                .iter()
                .any(|x| x == "*/*" || x == resource.as_str() || (x == "*" && review.subresource.is_empty()))
            && scope_fits(rule, scope)
    });
    let object_labels = j::at(subject, "/metadata/labels");
    let old_labels = old.map_or(&Value::Null, |o| j::at(o, "/metadata/labels"));
    let objects = selects(j::at(hook, "/objectSelector"), object_labels)
        || (old.is_some() && selects(j::at(hook, "/objectSelector"), old_labels));
    ruled && objects && namespace_selected(store, hook, review, subject)
}

fn namespace_selected(store: &Store, hook: &Value, review: &Review<'_>, subject: &Value) -> bool {
    let namespace = if review.kind.kind == "Namespace" { j::name(subject) } else { j::namespace(subject) };
    if namespace.is_empty() {
        return true;
    }
    let found = store.get(&Key::new(Gvr::core("namespaces"), None, namespace));
    let labels = found.as_deref().map_or(&Value::Null, |ns| j::at(ns, "/metadata/labels"));
    selects(j::at(hook, "/namespaceSelector"), labels)
}

fn selects(selector: &Value, labels: &Value) -> bool {
    selector.is_null() || matches_label_selector(selector, labels)
}

fn scope_fits(rule: &Value, scope: &str) -> bool {
    matches!(j::text(rule, "/scope"), "" | "*") || j::text(rule, "/scope") == scope
}
