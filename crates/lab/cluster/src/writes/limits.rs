//! What a namespace holds its pods to: `LimitRange`s, which fill in and bound, and `ResourceQuota`s, which count
//! (Kubernetes documentation, "Limit Ranges", "Resource Quotas"; the words are those of
//! `plugin/pkg/admission/limitranger` and `resourcequota`).
//!
//! Deliberately absent: ranges over pods and claims, ratios.

use std::collections::BTreeMap;

use serde_json::Value;

use super::scopes;
use crate::{
    objects::{address::Gvr, errors::ApiError, json as j, kinds::Kind, quantity},
    store::Store,
};

/// Where a member of `resources` stands; names of resources have slashes and dots.
fn amount<'v>(container: &'v Value, list: &str, resource: &str) -> Option<&'v Value> {
    j::at(container, &format!("/resources/{list}")).get(resource)
}

fn forbidden(pod: &Value, why: &str) -> ApiError {
    let name = match j::name(pod) {
        "" => j::text(pod, "/metadata/generateName"),
        name => name,
    };
    ApiError::forbidden(&Gvr::core("pods"), name, format!("pods \"{name}\" is forbidden: {why}"))
}

/// What a container limits and does not request, it requests as much of (API reference, `ResourceRequirements`).
fn request_limits(container: &mut Value) {
    for (resource, value) in j::at(container, "/resources/limits").as_object().cloned().into_iter().flatten() {
        fill_one(container, "requests", &resource, value);
    }
}

fn fill_one(container: &mut Value, list: &str, resource: &str, value: Value) {
    if amount(container, list, resource).is_none() {
        let place = resource.replace('~', "~0").replace('/', "~1");
        j::put(container, &format!("/resources/{list}/{place}"), value);
    }
}

/// Gives containers of a pod what the namespace's ranges have them have, and refuses those beyond.
pub(super) fn limit(store: &Store, pod: &mut Value) -> Result<(), ApiError> {
    const LISTS: [&str; 2] = ["/spec/initContainers", "/spec/containers"];
    for list in LISTS {
        pod.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten().for_each(request_limits);
    }
    let ranges = store.list(&Gvr::core("limitranges"), Some(j::namespace(pod))).1;
    let items: Vec<&Value> = ranges
        .iter()
        .flat_map(|range| j::items(range, "/spec/limits"))
        .filter(|item| j::text(item, "/type") == "Container")
        .collect();
    if items.is_empty() {
        return Ok(());
    }
    let mut wrong = Vec::new();
    for list in LISTS {
        for container in pod.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            for item in &items {
                fill(item, container);
            }
            for item in &items {
                bound(item, container, &mut wrong);
            }
        }
    }
    match wrong.as_slice() {
        [] => Ok(()),
        [one] => Err(forbidden(pod, one)),
        many => Err(forbidden(pod, &format!("[{}]", many.join(", ")))),
    }
}

/// What is not stated: the limit by `default`, else `max`; the request by `defaultRequest`, else as the limit.
fn fill(item: &Value, container: &mut Value) {
    let members = |name: &str| j::at(item, name).as_object().cloned().unwrap_or_default();
    let mut limits = members("/max");
    limits.extend(members("/default"));
    let mut requests = members("/min");
    requests.extend(limits.clone());
    requests.extend(members("/defaultRequest"));
    for (list, all) in [("limits", limits), ("requests", requests)] {
        for (resource, value) in all {
            fill_one(container, list, &resource, value);
        }
    }
}

/// One of a range's bounds.
struct Bound {
    member: &'static str,
    word: &'static str,
    /// List of `resources`, and what one of it is called.
    list: &'static str,
    one: &'static str,
    beyond: fn(i128, i128) -> bool,
}

const BOUNDS: [Bound; 2] = [
    Bound { member: "/min", word: "minimum", list: "requests", one: "request", beyond: |own, least| own < least },
    Bound { member: "/max", word: "maximum", list: "limits", one: "limit", beyond: |own, most| own > most },
];

fn bound(item: &Value, container: &Value, wrong: &mut Vec<String>) {
    let told = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for Bound { member, word, list, one, beyond } in &BOUNDS {
        for (resource, enforced) in j::at(item, member).as_object().into_iter().flatten() {
            let rule = format!("{word} {resource} usage per Container is {}", told(enforced));
            let Some(found) = amount(container, list, resource) else {
                wrong.push(format!("{rule}.  No {one} is specified"));
                continue;
            };
            let (Some(most), Some(own)) = (quantity::of(enforced), quantity::of(found)) else { continue };
            if beyond(own, most) {
                wrong.push(format!("{rule}, but {one} is {}", told(found)));
            }
        }
    }
}

/// Quotas of a namespace.
pub(crate) fn quotas(store: &Store, namespace: &str) -> Vec<std::sync::Arc<Value>> {
    store.list(&Gvr::core("resourcequotas"), Some(namespace)).1
}

/// The resource whose objects a quota's member counts or adds up.
fn counted(member: &str) -> Option<Gvr> {
    let plain =
        ["configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"];
    if let Some(named) = member.strip_prefix("count/") {
        let (resource, group) = named.split_once('.').unwrap_or((named, ""));
        return Some(Gvr::new(group, "v1", resource));
    }
    if plain.contains(&member) {
        return Some(Gvr::core(member));
    }
    Some(match member {
        "services.nodeports" | "services.loadbalancers" => Gvr::core("services"),
        "requests.storage" => Gvr::core("persistentvolumeclaims"),
        "pods" => Gvr::core("pods"),
        other if compute(other).is_some() => Gvr::core("pods"),
        _ => return None,
    })
}

/// List and name of what a member adds up over containers.
fn compute(member: &str) -> Option<(&'static str, &str)> {
    match member {
        "cpu" | "memory" | "ephemeral-storage" => Some(("requests", member)),
        other => match other.split_once('.')? {
            ("requests", "storage") => None,
            ("requests", resource) => Some(("requests", resource)),
            ("limits", resource) => Some(("limits", resource)),
            _ => None,
        },
    }
}

/// What an object takes of a member; nothing where a container does not say.
fn taken(member: &str, object: &Value) -> Result<i128, Vec<String>> {
    if let Some((list, resource)) = compute(member) {
        if matches!(j::text(object, "/status/phase"), "Succeeded" | "Failed") {
            return Ok(0);
        }
        let mut silent = Vec::new();
        let mut add = |containers: &str, whole: fn(i128, i128) -> i128| {
            let mut sum = 0;
            for container in j::items(object, containers) {
                match amount(container, list, resource).and_then(quantity::of) {
                    Some(own) => sum = whole(sum, own),
                    None => silent.push(j::text(container, "/name").to_owned()),
                }
            }
            sum
        };
        let (first, later) = (add("/spec/initContainers", i128::max), add("/spec/containers", i128::saturating_add));
        return if silent.is_empty() { Ok(first.max(later)) } else { Err(silent) };
    }
    let kind = j::text(object, "/spec/type");
    let ports = i128::try_from(j::items(object, "/spec/ports").len()).unwrap_or(i128::MAX);
    Ok(match member {
        "pods" if matches!(j::text(object, "/status/phase"), "Succeeded" | "Failed") => 0,
        "services.loadbalancers" => i128::from(kind == "LoadBalancer") * quantity::NANO,
        "services.nodeports" if matches!(kind, "NodePort" | "LoadBalancer") => ports * quantity::NANO,
        "services.nodeports" => 0,
        "requests.storage" => quantity::of(j::at(object, "/spec/resources/requests/storage")).unwrap_or(0),
        _ => quantity::NANO,
    })
}

/// What is taken of each of a quota's members, as its status tells it.
pub(crate) fn used(store: &Store, quota: &Value) -> BTreeMap<String, i128> {
    let members = j::at(quota, "/spec/hard").as_object().into_iter().flatten();
    members
        .filter_map(|(member, _)| {
            let gvr = counted(member)?;
            let all = store.list(&gvr, Some(j::namespace(quota))).1;
            let own = all.iter().filter(|object| scopes::counts(quota, &gvr, object));
            Some((member.clone(), own.map(|object| taken(member, object).unwrap_or(0)).sum()))
        })
        .collect()
}

/// How an amount of a quota's member is told.
pub(crate) fn told(member: &str, nano: i128) -> String {
    quantity::text(nano, member.contains("memory") || member.contains("storage"))
}

/// Refuses what would take more than a quota of the namespace leaves.
pub(super) fn count(store: &Store, kind: &Kind, object: &Value) -> Result<(), ApiError> {
    let gvr = kind.gvr();
    for quota in quotas(store, j::namespace(object)) {
        if !scopes::counts(&quota, &gvr, object) {
            continue;
        }
        let hard = j::at(&quota, "/spec/hard");
        let own: Vec<&String> = hard
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .filter(|member| counted(member).is_some_and(|of| of.resource == gvr.resource && of.group == gvr.group))
            .collect();
        if own.is_empty() {
            continue;
        }
        let refuse = |why: String| {
            let name = match j::name(object) {
                "" => j::text(object, "/metadata/generateName"),
                name => name,
            };
            let whole = format!("{} \"{name}\" is forbidden: {why}", gvr.qualified());
            Err(ApiError::forbidden(&gvr, name, whole))
        };
        let silent: Vec<String> = own
            .iter()
            .filter_map(|member| Some(format!("{member} for: {}", taken(member, object).err()?.join(","))))
            .collect();
        if !silent.is_empty() {
            return refuse(format!("failed quota: {}: must specify {}", j::name(&quota), silent.join("; ")));
        }
        let used = used(store, &quota);
        let (mut wanted, mut so_far, mut limited) = (Vec::new(), Vec::new(), Vec::new());
        for member in own {
            let (Ok(more), Some(most)) = (taken(member, object), hard.get(member).and_then(quantity::of)) else {
                continue;
            };
            let now = used.get(member).copied().unwrap_or(0);
            if more > 0 && now.saturating_add(more) > most {
                wanted.push(format!("{member}={}", told(member, more)));
                so_far.push(format!("{member}={}", told(member, now)));
                limited.push(format!("{member}={}", told(member, most)));
            }
        }
        if !wanted.is_empty() {
            return refuse(format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                j::name(&quota),
                wanted.join(","),
                so_far.join(","),
                limited.join(",")
            ));
        }
    }
    Ok(())
}
