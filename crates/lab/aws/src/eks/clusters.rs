//! Clusters (EKS API reference, `CreateCluster`, `DescribeCluster`, `UpdateClusterConfig`, `UpdateClusterVersion`,
//! `DeleteCluster`).
//!
//! One that a caller makes has an issuer of its own and stands in front of the API server of the lab's first cluster.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::kept::{Beside, Entry, Grant};
use super::{Answer, Desk, in_use, invalid, time, updates, versions};
use crate::callers::{request_id, unique_id};
use crate::language::Keys;
use crate::outcome::AwsFault;
use crate::state::Cluster;
use crate::sts::role_of;
use crate::trust::admits_service;

/// Longest name (EKS API reference, `ClusterName`).
const LONGEST_NAME: usize = 100;
/// Members of a request that a cluster shows as they were sent.
const AS_SENT: [&str; 7] = [
    "encryptionConfig",
    "outpostConfig",
    "zonalShiftConfig",
    "remoteNetworkConfig",
    "computeConfig",
    "storageConfig",
    "deletionProtection",
];

/// `ListClusters`.
pub(super) fn list(desk: &Desk<'_>) -> Answer {
    desk.may("ListClusters", "cluster/*")?;
    let names = desk.account.state().clusters.keys().map(|name| json!(name)).collect();
    desk.page("clusters", names)
}

/// `DescribeCluster`, `DeleteCluster`.
pub(super) fn one(desk: &Desk<'_>, method: &str, name: &str) -> Option<Answer> {
    match method {
        "GET" => Some(describe(desk, name)),
        "DELETE" => Some(delete(desk, name)),
        _ => None,
    }
}

fn describe(desk: &Desk<'_>, name: &str) -> Answer {
    desk.may("DescribeCluster", &format!("cluster/{name}"))?;
    Ok(json!({"cluster": shown(desk, &desk.cluster(name)?, "ACTIVE")}))
}

fn delete(desk: &Desk<'_>, name: &str) -> Answer {
    desk.may("DeleteCluster", &format!("cluster/{name}"))?;
    let cluster = desk.cluster(name)?;
    let beside = desk.beside(name);
    if !beside.groups.is_empty() {
        return Err(in_use("Cluster has nodegroups attached"));
    }
    if beside.settings.get("deletionProtection") == Some(&json!(true)) {
        let text = "Cluster has deletion protection enabled. Disable it before deleting the cluster.";
        return Err(AwsFault::new(400, "InvalidRequestException", text));
    }
    let gone = shown(desk, &cluster, "DELETING");
    let mut state = desk.account.state();
    state.clusters.remove(name);
    state.beside.remove(name);
    let marks = ["/", ""].map(|end| format!(":cluster/{name}{end}"));
    state.eks_tags.retain(|arn, _| !marks.iter().any(|mark| arn.ends_with(mark)));
    drop(state);
    desk.record("DeleteCluster", name);
    desk.account.tell_associations(name);
    Ok(json!({"cluster": gone}))
}

/// A cluster with its settings.
fn shown(desk: &Desk<'_>, cluster: &Cluster, status: &str) -> Value {
    let arn = desk.arn(&format!("cluster/{}", cluster.name));
    let mut value = json!({
        "name": cluster.name, "arn": arn, "createdAt": time(cluster.created), "version": cluster.version,
        "endpoint": cluster.endpoint, "status": status, "identity": {"oidc": {"issuer": cluster.issuer}},
        "certificateAuthority": {"data": cluster.ca}, "tags": desk.tags_of(&arn),
        "platformVersion": versions::PLATFORM, "health": {"issues": []},
    });
    let settings = desk.beside(&cluster.name).settings;
    let defaults = if settings.contains_key("roleArn") { Map::new() } else { defaults(desk) };
    if let Some(object) = value.as_object_mut() {
        object.extend(defaults.into_iter().chain(settings));
    }
    value
}

/// Settings of a cluster that the lab has set up.
fn defaults(desk: &Desk<'_>) -> Map<String, Value> {
    let c = &desk.account.config;
    let role = format!("arn:{}:iam::{}:role/eks-cluster-role", c.partition, c.account_id);
    settings(&json!({
        "roleArn": role,
        "resourcesVpcConfig": {"subnetIds": ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]},
        "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
    }))
}

/// Settings as a cluster shows them, from what a request says (EKS API reference, `CreateCluster`, for the defaults).
fn settings(sent: &Value) -> Map<String, Value> {
    let at = |pointer: &str, default: Value| sent.pointer(pointer).cloned().unwrap_or(default);
    let mode = at("/accessConfig/authenticationMode", json!("CONFIG_MAP"));
    let mut all = Map::from_iter([
        ("roleArn".to_owned(), at("/roleArn", Value::Null)),
        (
            "resourcesVpcConfig".to_owned(),
            json!({
                "subnetIds": at("/resourcesVpcConfig/subnetIds", json!([])),
                "securityGroupIds": at("/resourcesVpcConfig/securityGroupIds", json!([])),
                "clusterSecurityGroupId": "sg-0f1e2d3c4b5a69788", "vpcId": "vpc-0123456789abcdef0",
                "endpointPublicAccess": at("/resourcesVpcConfig/endpointPublicAccess", json!(true)),
                "endpointPrivateAccess": at("/resourcesVpcConfig/endpointPrivateAccess", json!(false)),
                "publicAccessCidrs": at("/resourcesVpcConfig/publicAccessCidrs", json!(["0.0.0.0/0"])),
            }),
        ),
        (
            "kubernetesNetworkConfig".to_owned(),
            json!({
                "serviceIpv4Cidr": at("/kubernetesNetworkConfig/serviceIpv4Cidr", json!("172.20.0.0/16")),
                "ipFamily": at("/kubernetesNetworkConfig/ipFamily", json!("ipv4")),
                "elasticLoadBalancing":
                    at("/kubernetesNetworkConfig/elasticLoadBalancing", json!({"enabled": false})),
            }),
        ),
        ("logging".to_owned(), logging(sent)),
        ("accessConfig".to_owned(), json!({"authenticationMode": mode})),
        ("upgradePolicy".to_owned(), at("/upgradePolicy", json!({"supportType": "EXTENDED"}))),
    ]);
    let sent_on = AS_SENT.iter().filter_map(|member| Some(((*member).to_owned(), sent.get(member)?.clone())));
    all.extend(sent_on);
    all
}

/// What is logged, and what is not: two lists, of which an empty one is left out.
fn logging(sent: &Value) -> Value {
    const TYPES: [&str; 5] = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
    let lists = sent.pointer("/logging/clusterLogging").and_then(Value::as_array).cloned().unwrap_or_default();
    let enabled = |kind: &str| {
        lists.iter().any(|list| {
            let listed = list.get("types").and_then(Value::as_array).into_iter().flatten();
            list.get("enabled") == Some(&json!(true)) && listed.into_iter().any(|t| t.as_str() == Some(kind))
        })
    };
    let (on, off): (Vec<&str>, Vec<&str>) = TYPES.iter().partition(|kind| enabled(kind));
    let all = [(on, true), (off, false)].into_iter().filter(|(types, _)| !types.is_empty());
    let all: Vec<Value> = all.map(|(types, enabled)| json!({"types": types, "enabled": enabled})).collect();
    json!({"clusterLogging": all})
}

/// `CreateCluster`.
pub(super) fn create(desk: &Desk<'_>) -> Answer {
    let name = desk.required("name")?;
    desk.may("CreateCluster", &format!("cluster/{name}"))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if name.len() > LONGEST_NAME || !begins || !name.chars().all(plain) {
        return Err(invalid(format!(
            "The value for cluster name {name} is invalid: ^[0-9A-Za-z][A-Za-z0-9-_]*, up to 100 characters"
        )));
    }
    let role = desk.required("roleArn")?;
    desk.may_pass(role, "eks.amazonaws.com")?;
    trusted(desk, role, "eks.amazonaws.com")?;
    if desk.sent.pointer("/resourcesVpcConfig/subnetIds").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(invalid("subnets can not be empty"));
    }
    let version = desk.text("version").unwrap_or(versions::NEWEST);
    if !versions::is_supported(version) {
        return Err(invalid(format!("unsupported Kubernetes version {version}")));
    }
    if desk.account.state().clusters.contains_key(name) {
        return Err(in_use(format!("Cluster already exists with name: {name}")));
    }
    let (cluster, beside) = (made(desk, name, version), beginning(desk));
    let mut state = desk.account.state();
    state.clusters.insert(name.to_owned(), cluster.clone());
    state.beside.insert(name.to_owned(), beside);
    drop(state);
    desk.tag(&desk.arn(&format!("cluster/{name}")));
    desk.record("CreateCluster", name);
    Ok(json!({"cluster": shown(desk, &cluster, "CREATING")}))
}

/// The cluster itself: an issuer of its own, and the API server of the account's first cluster.
fn made(desk: &Desk<'_>, name: &str, version: &str) -> Cluster {
    let c = &desk.account.config;
    let id: String = request_id().chars().filter(|c| *c != '-').collect::<String>().to_uppercase();
    let suffix = if c.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let first = desk.account.state().clusters.values().min_by_key(|cluster| cluster.created).cloned();
    let endpoint = format!("https://{id}.gr7.{}.eks.{suffix}", c.region);
    Cluster {
        name: name.to_owned(),
        version: version.to_owned(),
        created: desk.account.now(),
        issuer: format!("https://oidc.eks.{}.{suffix}/id/{id}", c.region),
        endpoint: first.as_ref().map_or(endpoint, |first| first.endpoint.clone()),
        ca: first.map(|first| first.ca).unwrap_or_default(),
        addons: BTreeMap::new(),
        associations: Vec::new(),
    }
}

/// What is kept of a new cluster: its settings, and who may use it.
fn beginning(desk: &Desk<'_>) -> Beside {
    let who = super::whom::principal_of(desk.account, desk.caller);
    let mut beside = Beside { settings: settings(&desk.sent).into_iter().collect(), ..Beside::default() };
    let bootstrap = desk.sent.pointer("/accessConfig/bootstrapClusterCreatorAdminPermissions") != Some(&json!(false));
    let mode = desk.sent.pointer("/accessConfig/authenticationMode").and_then(Value::as_str).unwrap_or("CONFIG_MAP");
    if bootstrap && mode == "CONFIG_MAP" {
        beside.creator = Some(who);
    } else if bootstrap {
        let now = desk.account.now();
        let policy = super::whom::policy_arn(desk.account, "AmazonEKSClusterAdminPolicy");
        let grant = Grant { policy, namespaces: None, since: now, modified: now };
        let entry = Entry {
            id: unique_id("").to_lowercase(),
            kind: "STANDARD".to_owned(),
            username: super::whom::default_username(desk.account, &who),
            groups: Vec::new(),
            grants: vec![grant],
            created: now,
            modified: now,
        };
        beside.entries.insert(who, entry);
    }
    beside
}

/// A role must be there and let EKS have it; the words are reported.
pub(super) fn trusted(desk: &Desk<'_>, arn: &str, service: &str) -> Result<(), AwsFault> {
    let refused = || {
        invalid(format!(
            "Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
        ))
    };
    let role = role_of(desk.account, arn).ok_or_else(refused)?;
    let mut keys: Keys = crate::requests::always(desk.account, &desk.caller.origin);
    keys.insert("aws:sourceaccount".to_owned(), vec![desk.account.config.account_id.clone()]);
    if admits_service(&role.trust_policy, service, &keys) { Ok(()) } else { Err(refused()) }
}

/// `UpdateClusterConfig`, `UpdateClusterVersion`.
pub(super) fn update(desk: &Desk<'_>, name: &str, rest: &[&str]) -> Option<Answer> {
    match rest {
        ["update-config"] => Some(reconfigure(desk, name)),
        ["updates"] => Some(upgrade(desk, name)),
        _ => None,
    }
}

fn upgrade(desk: &Desk<'_>, name: &str) -> Answer {
    desk.may("UpdateClusterVersion", &format!("cluster/{name}"))?;
    let cluster = desk.cluster(name)?;
    let version = desk.required("version")?.to_owned();
    let minor = |text: &str| text.split_once('.').and_then(|(_, minor)| minor.parse::<u32>().ok());
    let next = minor(&cluster.version).map(|minor| minor + 1);
    if !versions::is_supported(&version) || minor(&version) != next {
        return Err(invalid(format!(
            "Unsupported Kubernetes minor version update from {} to {version}",
            cluster.version
        )));
    }
    if let Some(cluster) = desk.account.state().clusters.get_mut(name) {
        cluster.version.clone_from(&version);
    }
    desk.record("UpdateClusterVersion", name);
    let params = vec![("Version", version), ("PlatformVersion", versions::PLATFORM.to_owned())];
    Ok(json!({"update": updates::begun(desk, name, "VersionUpdate", None, params)}))
}

fn reconfigure(desk: &Desk<'_>, name: &str) -> Answer {
    desk.may("UpdateClusterConfig", &format!("cluster/{name}"))?;
    desk.cluster(name)?;
    let beside = desk.beside(name);
    let mut all: Map<String, Value> =
        if beside.settings.contains_key("roleArn") { beside.settings.into_iter().collect() } else { defaults(desk) };
    let (mut kind, mut params) = (None, Vec::new());
    if let Some(vpc) = desk.sent.get("resourcesVpcConfig").and_then(Value::as_object) {
        merge(&mut all, "resourcesVpcConfig", vpc);
        let endpoint = vpc.contains_key("endpointPublicAccess") || vpc.contains_key("publicAccessCidrs");
        kind = Some(if endpoint { "EndpointAccessUpdate" } else { "VpcConfigUpdate" });
    }
    if desk.sent.get("logging").is_some() {
        all.insert("logging".to_owned(), logging(&desk.sent));
        kind = Some("LoggingUpdate");
        params.push(("ClusterLogging", logging(&desk.sent).to_string()));
    }
    for (member, of_kind) in [
        ("accessConfig", "AccessConfigUpdate"),
        ("upgradePolicy", "UpgradePolicyUpdate"),
        ("zonalShiftConfig", "ZonalShiftConfigUpdate"),
        ("kubernetesNetworkConfig", "AutoModeUpdate"),
        ("computeConfig", "AutoModeUpdate"),
        ("storageConfig", "AutoModeUpdate"),
        ("remoteNetworkConfig", "RemoteNetworkConfigUpdate"),
    ] {
        if let Some(new) = desk.sent.get(member).and_then(Value::as_object) {
            merge(&mut all, member, new);
            kind = Some(of_kind);
        }
    }
    if let Some(protection) = desk.sent.get("deletionProtection") {
        all.insert("deletionProtection".to_owned(), protection.clone());
        kind = Some("DeletionProtectionUpdate");
    }
    let kind = kind.ok_or_else(|| invalid("No changes needed for the cluster"))?;
    desk.change(name, |beside| beside.settings = all.into_iter().collect());
    desk.record("UpdateClusterConfig", name);
    Ok(json!({"update": updates::begun(desk, name, kind, None, params)}))
}

/// Puts members into a member.
fn merge(all: &mut Map<String, Value>, member: &str, new: &Map<String, Value>) {
    let slot = all.entry(member.to_owned()).or_insert_with(|| json!({}));
    if let Some(slot) = slot.as_object_mut() {
        slot.extend(new.clone());
    }
}
