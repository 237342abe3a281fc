//! Manifests of Kubernetes: service accounts and workloads (Kubernetes API reference).

use std::sync::Arc;

use crate::declared::{Account, Declared, Format, Identity, Workload};
use crate::limits::DEPTH;
use crate::node::{Node, Value};
use crate::place::{Place, Said};
use crate::placeholder::with_placeholders;
use crate::text::Text;
use crate::{controllers, releases};

/// Lists in lists that are read.
const LISTS: usize = 3;

/// What a document declares. Kinds that have no bearing are passed over.
pub(crate) fn declare(document: &Node, into: &mut Declared) {
    of_kind(document, LISTS, into);
}

fn of_kind(object: &Node, lists: usize, into: &mut Declared) {
    let Some(kind) = known(object, "kind") else { return };
    match kind.as_str() {
        "ServiceAccount" => into.accounts.extend(account(object)),
        "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" | "ReplicationController" | "Job" | "Rollout" => {
            into.workloads.extend(workload(object, &kind, &["spec", "template"]));
        }
        "CronJob" => {
            into.workloads.extend(workload(object, &kind, &["spec", "jobTemplate", "spec", "template"]));
        }
        "Pod" => into.workloads.extend(workload(object, &kind, &[])),
        "List" => items(object, lists, into),
        _ if kind.ends_with("List") => items(object, lists, into),
        _ => added(&kind, object, lists, into),
    }
}

/// Kinds that somebody added to the cluster.
fn added(kind: &str, object: &Node, lists: usize, into: &mut Declared) {
    let group = controllers::group(object);
    if !controllers::is_added(&group) || controllers::template(&group, kind, object, into) {
        return;
    }
    if releases::declare(&group, kind, object, into) {
        return;
    }
    controllers::declare(&group, kind, object, into);
    let Ok(spec) = object.at_path(&["spec"]) else { return };
    // A manifest that a controller is to apply (Crossplane, provider-kubernetes, `Object`).
    if let (Ok(manifest), Some(lists)) = (spec.at_path(&["forProvider", "manifest"]), lists.checked_sub(1))
        && is_object(manifest)
    {
        return of_kind(manifest, lists, into);
    }
    // Some operators take those of the object itself (Crossplane, "ControllerConfig").
    let own = object.at_path(&["metadata"]).ok().filter(|metadata| controllers::names_a_role(metadata));
    let mut found: Vec<&Node> = own.into_iter().collect();
    controllers::annotated(spec, DEPTH, &mut found);
    into.accounts.extend(found.into_iter().filter_map(|metadata| made_by_operator(kind, object, metadata)));
}

/// The service account that an operator makes with these annotations, under a name of its own where none is told.
fn made_by_operator(kind: &str, object: &Node, metadata: &Node) -> Option<Account> {
    let (own, namespace) = named(object)?;
    let of = address(kind, &own, namespace.as_ref());
    // The object's own name is not the account's.
    let is_own = object.at_path(&["metadata"]).is_ok_and(|own| std::ptr::eq(own, metadata));
    let name = metadata.value.get("name").filter(|_| !is_own);
    let name = name.and_then(text).filter(|n| n.value.known() != Some(""));
    let made =
        || Said::new(Text::unknown(format!("the name that {of} gives its service account")), metadata.at.clone());
    Some(Account {
        from: Identity { format: Format::Kubernetes, address: of.clone(), at: object.at.clone() },
        cluster: None,
        name: name.unwrap_or_else(made),
        namespace,
        annotations: texts(metadata.value.get("annotations")),
    })
}

fn items(list: &Node, lists: usize, into: &mut Declared) {
    let Some(lists) = lists.checked_sub(1) else { return };
    for item in list.value.get("items").map(|n| n.value.items()).unwrap_or_default() {
        of_kind(item, lists, into);
    }
}

/// A member's text, when all of it is known.
pub(crate) fn known(object: &Node, name: &str) -> Option<String> {
    object.value.get(name)?.value.text()?.known().map(str::to_owned)
}

/// A text with its placeholders as symbols.
pub(crate) fn text(node: &Node) -> Option<Said<Text>> {
    let text = node.value.text()?;
    let text = text.known().map(with_placeholders).unwrap_or(text);
    Some(Said::new(text, node.at.clone()))
}

pub(crate) fn named(object: &Node) -> Option<(Said<Text>, Option<Said<Text>>)> {
    let metadata = object.value.get("metadata")?;
    let name = metadata.value.get("name").or_else(|| metadata.value.get("generateName")).and_then(text)?;
    Some((name, metadata.value.get("namespace").and_then(text)))
}

pub(crate) fn address(kind: &str, name: &Said<Text>, namespace: Option<&Said<Text>>) -> String {
    match namespace {
        Some(namespace) => format!("{kind}/{}/{}", namespace.value, name.value),
        None => format!("{kind}/{}", name.value),
    }
}

/// The members of a map of texts, in their order.
pub(crate) fn texts(map: Option<&Node>) -> Vec<(Said<Text>, Said<Text>)> {
    let Some(Node { value: Value::Map(members), .. }) = map else { return Vec::new() };
    members.iter().filter_map(|(key, node)| Some((key.clone(), text(node)?))).collect()
}

fn account(object: &Node) -> Option<Account> {
    let (name, namespace) = named(object)?;
    Some(Account {
        from: Identity {
            format: Format::Kubernetes,
            address: address("ServiceAccount", &name, namespace.as_ref()),
            at: object.at.clone(),
        },
        cluster: None,
        annotations: texts(object.at_path(&["metadata", "annotations"]).ok()),
        namespace,
        name,
    })
}

fn workload(object: &Node, kind: &str, path: &[&str]) -> Option<Workload> {
    let (name, namespace) = named(object)?;
    let template = object.at_path(path).ok()?;
    let spec = template.value.get("spec")?;
    // The older name of the same (Kubernetes API reference, `PodSpec`).
    let account = spec.value.get("serviceAccountName").or_else(|| spec.value.get("serviceAccount")).and_then(text);
    let account = account.filter(|a| a.value.known() != Some(""));
    let line = Place { end_line: spec.at.line, end_column: spec.at.column, ..spec.at.clone() };
    Some(Workload {
        from: Identity {
            format: Format::Kubernetes,
            address: address(kind, &name, namespace.as_ref()),
            at: object.at.clone(),
        },
        kind: kind.to_owned(),
        namespace,
        name,
        account: account.unwrap_or_else(|| Said::new("default".into(), line)),
        template: template.clone(),
    })
}

/// Whether a document is an object of Kubernetes.
pub(crate) fn is_object(document: &Node) -> bool {
    let member = |name: &str| document.value.get(name).is_some_and(|n| n.value.text().is_some());
    member("kind") && member("apiVersion")
}

/// Whether a path's file is one of a chart's templates.
pub(crate) fn chart_of(path: &str) -> Option<Arc<str>> {
    let (chart, _) = path.rsplit_once("/templates/").or_else(|| path.strip_prefix("templates/").map(|p| ("", p)))?;
    Some(chart.into())
}
