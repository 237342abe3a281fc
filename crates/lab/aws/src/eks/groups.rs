//! Managed node groups (EKS API reference, `CreateNodegroup` and the others). No instance comes of them.

use serde_json::{Map, Value, json};

use super::{Answer, Desk, clusters, in_use, invalid, missing, time, updates};
use crate::callers::request_id;
use crate::outcome::AwsFault;

/// Members of a request that a group shows as they were sent.
const AS_SENT: [&str; 6] = ["remoteAccess", "taints", "launchTemplate", "nodeRepairConfig", "warmPoolConfig", "labels"];

/// The operations.
pub(super) fn call(desk: &Desk<'_>, method: &str, cluster: &str, rest: &[&str]) -> Option<Answer> {
    let answer = match (method, rest) {
        ("GET", []) => list(desk, cluster),
        ("POST", []) => create(desk, cluster),
        ("GET", [group]) => describe(desk, cluster, group),
        ("DELETE", [group]) => delete(desk, cluster, group),
        ("POST", [group, "update-config"]) => reconfigure(desk, cluster, group),
        ("POST", [group, "update-version"]) => upgrade(desk, cluster, group),
        _ => return None,
    };
    Some(answer)
}

fn list(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("ListNodegroups", &format!("cluster/{cluster}"))?;
    desk.cluster(cluster)?;
    desk.page("nodegroups", desk.beside(cluster).groups.keys().map(|name| json!(name)).collect())
}

/// A group, to which the caller may do this.
fn found(desk: &Desk<'_>, action: &str, cluster: &str, group: &str) -> Result<Value, AwsFault> {
    let found = desk.beside(cluster).groups.get(group).cloned();
    let arn = found.as_ref().and_then(|group| group.get("nodegroupArn")?.as_str().map(str::to_owned));
    let resource = arn.and_then(|arn| arn.splitn(6, ':').nth(5).map(str::to_owned));
    desk.may(action, &resource.unwrap_or_else(|| format!("nodegroup/{cluster}/{group}/*")))?;
    desk.cluster(cluster)?;
    found.ok_or_else(|| missing(format!("No node group found for name: {group}.")))
}

/// A group with its tags.
fn shown(desk: &Desk<'_>, mut group: Value, status: Option<&str>) -> Value {
    let arn = group.get("nodegroupArn").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(object) = group.as_object_mut() {
        object.insert("tags".to_owned(), desk.tags_of(&arn));
        object.extend(status.map(|status| ("status".to_owned(), json!(status))));
    }
    json!({"nodegroup": group})
}

fn describe(desk: &Desk<'_>, cluster: &str, group: &str) -> Answer {
    Ok(shown(desk, found(desk, "DescribeNodegroup", cluster, group)?, None))
}

fn create(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("CreateNodegroup", &format!("cluster/{cluster}"))?;
    let held = desk.cluster(cluster)?;
    let name = desk.required("nodegroupName")?;
    let role = desk.required("nodeRole")?;
    desk.may_pass(role, "ec2.amazonaws.com")?;
    clusters::trusted(desk, role, "ec2.amazonaws.com")?;
    if desk.sent.get("subnets").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(invalid("subnets can not be empty"));
    }
    if desk.beside(cluster).groups.contains_key(name) {
        return Err(in_use(format!("NodeGroup already exists with name {name} and cluster name {cluster}")));
    }
    let id = request_id();
    let arn = desk.arn(&format!("nodegroup/{cluster}/{name}/{id}"));
    let (now, at) = (time(desk.account.now()), |member: &str, default: Value| {
        desk.sent.get(member).filter(|value| !value.is_null()).cloned().unwrap_or(default)
    });
    let version = at("version", json!(held.version));
    let release = format!("{}.2-20261101", version.as_str().unwrap_or_default());
    let mut group = Map::from_iter([
        ("nodegroupName".to_owned(), json!(name)),
        ("nodegroupArn".to_owned(), json!(arn)),
        ("clusterName".to_owned(), json!(cluster)),
        ("version".to_owned(), version),
        ("releaseVersion".to_owned(), at("releaseVersion", json!(release))),
        ("createdAt".to_owned(), now.clone()),
        ("modifiedAt".to_owned(), now),
        ("status".to_owned(), json!("ACTIVE")),
        ("capacityType".to_owned(), at("capacityType", json!("ON_DEMAND"))),
        ("scalingConfig".to_owned(), at("scalingConfig", json!({"minSize": 1, "maxSize": 2, "desiredSize": 2}))),
        ("subnets".to_owned(), at("subnets", json!([]))),
        ("amiType".to_owned(), at("amiType", json!("AL2023_x86_64_STANDARD"))),
        ("nodeRole".to_owned(), json!(role)),
        ("labels".to_owned(), json!({})),
        ("resources".to_owned(), json!({"autoScalingGroups": [{"name": format!("eks-{name}-{id}")}]})),
        ("health".to_owned(), json!({"issues": []})),
        ("updateConfig".to_owned(), at("updateConfig", json!({"maxUnavailable": 1}))),
    ]);
    // With a launch template, type and disk are its own where the request has none.
    if desk.sent.get("launchTemplate").is_none() {
        group.insert("instanceTypes".to_owned(), at("instanceTypes", json!(["t3.medium"])));
        group.insert("diskSize".to_owned(), at("diskSize", json!(20)));
    } else if let Some(types) = desk.sent.get("instanceTypes") {
        group.insert("instanceTypes".to_owned(), types.clone());
    }
    group.extend(AS_SENT.iter().filter_map(|member| Some(((*member).to_owned(), desk.sent.get(*member)?.clone()))));
    let group = Value::Object(group);
    desk.change(cluster, |beside| beside.groups.insert(name.to_owned(), group.clone()));
    desk.tag(&arn);
    desk.record("CreateNodegroup", cluster);
    Ok(shown(desk, group, Some("CREATING")))
}

fn delete(desk: &Desk<'_>, cluster: &str, name: &str) -> Answer {
    let group = found(desk, "DeleteNodegroup", cluster, name)?;
    let gone = shown(desk, group.clone(), Some("DELETING"));
    desk.change(cluster, |beside| beside.groups.remove(name));
    if let Some(arn) = group.get("nodegroupArn").and_then(Value::as_str) {
        desk.account.state().eks_tags.remove(arn);
    }
    desk.record("DeleteNodegroup", cluster);
    Ok(gone)
}

/// Puts a group back, changed.
fn put(desk: &Desk<'_>, cluster: &str, name: &str, mut group: Value) {
    let now = time(desk.account.now());
    if let Some(object) = group.as_object_mut() {
        object.insert("modifiedAt".to_owned(), now);
    }
    desk.change(cluster, |beside| beside.groups.insert(name.to_owned(), group));
}

fn reconfigure(desk: &Desk<'_>, cluster: &str, name: &str) -> Answer {
    let mut group = found(desk, "UpdateNodegroupConfig", cluster, name)?;
    if let Some(object) = group.as_object_mut() {
        for member in ["scalingConfig", "updateConfig", "nodeRepairConfig"] {
            object.extend(desk.sent.get(member).map(|new| (member.to_owned(), new.clone())));
        }
        let labels = object.entry("labels".to_owned()).or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            let gone = crate::language::one_or_many(desk.sent.pointer("/labels/removeLabels"));
            labels.retain(|key, _| !gone.contains(key));
            let new = desk.sent.pointer("/labels/addOrUpdateLabels").and_then(Value::as_object);
            labels.extend(new.cloned().unwrap_or_default());
        }
        taint(desk, object);
    }
    put(desk, cluster, name, group);
    desk.record("UpdateNodegroupConfig", cluster);
    Ok(json!({"update": updates::begun(desk, cluster, "ConfigUpdate", Some(name), Vec::new())}))
}

/// Taints are the same by key and effect.
fn taint(desk: &Desk<'_>, group: &mut Map<String, Value>) {
    let listed = |pointer: &str| desk.sent.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let (new, gone) = (listed("/taints/addOrUpdateTaints"), listed("/taints/removeTaints"));
    if new.is_empty() && gone.is_empty() {
        return;
    }
    let same = |a: &Value, b: &Value| ["key", "effect"].iter().all(|member| a.get(*member) == b.get(*member));
    let mut all = group.get("taints").and_then(Value::as_array).cloned().unwrap_or_default();
    all.retain(|taint| !new.iter().chain(&gone).any(|other| same(taint, other)));
    all.extend(new);
    group.insert("taints".to_owned(), Value::Array(all));
}

fn upgrade(desk: &Desk<'_>, cluster: &str, name: &str) -> Answer {
    let mut group = found(desk, "UpdateNodegroupVersion", cluster, name)?;
    let held = desk.cluster(cluster)?;
    let version = desk.text("version").unwrap_or(&held.version).to_owned();
    let release = desk.text("releaseVersion").map_or_else(|| format!("{version}.2-20261101"), str::to_owned);
    if let Some(object) = group.as_object_mut() {
        object.insert("version".to_owned(), json!(version));
        object.insert("releaseVersion".to_owned(), json!(release));
        object.extend(desk.sent.get("launchTemplate").map(|template| ("launchTemplate".to_owned(), template.clone())));
    }
    put(desk, cluster, name, group);
    desk.record("UpdateNodegroupVersion", cluster);
    let params = vec![("Version", version), ("ReleaseVersion", release)];
    Ok(json!({"update": updates::begun(desk, cluster, "VersionUpdate", Some(name), params)}))
}
