//! Access entries and access policies: who of IAM may use a cluster's API (EKS API reference, `CreateAccessEntry` and
//! the others; EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries").

use serde_json::{Value, json};

use super::kept::{Entry, Grant};
use super::whom::{AccessPolicy, default_username, policy_arn};
use super::{Answer, Desk, in_use, invalid, missing, time};
use crate::callers::request_id;
use crate::outcome::AwsFault;
use crate::sts::role_of;

/// Types of entries (EKS API reference, `CreateAccessEntry`).
const KINDS: [&str; 7] =
    ["STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX"];

/// Entries and their policies.
pub(super) fn call(desk: &Desk<'_>, method: &str, cluster: &str, rest: &[&str]) -> Option<Answer> {
    let answer = match (method, rest) {
        ("GET", []) => list(desk, cluster),
        ("POST", []) => create(desk, cluster),
        ("GET", [who]) => describe(desk, cluster, who),
        ("POST", [who]) => update(desk, cluster, who),
        ("DELETE", [who]) => delete(desk, cluster, who),
        ("GET", [who, "access-policies"]) => given(desk, cluster, who),
        ("POST", [who, "access-policies"]) => give(desk, cluster, who),
        ("DELETE", [who, "access-policies", policy]) => take(desk, cluster, who, policy),
        _ => return None,
    };
    Some(answer)
}

/// `ListAccessPolicies`.
pub(super) fn policies(desk: &Desk<'_>) -> Answer {
    desk.may("ListAccessPolicies", "*")?;
    let shown = |policy: &AccessPolicy| json!({"name": policy.name(), "arn": policy_arn(desk.account, policy.name())});
    desk.page("accessPolicies", AccessPolicy::ALL.iter().map(shown).collect())
}

fn resource(cluster: &str, who: &str, id: &str) -> String {
    let parts: Vec<&str> = who.splitn(6, ':').collect();
    let owner = parts.get(4).copied().unwrap_or_default();
    let (kind, path) = parts.get(5).and_then(|resource| resource.split_once('/')).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    format!("access-entry/{cluster}/{kind}/{owner}/{name}/{id}")
}

fn shown(desk: &Desk<'_>, cluster: &str, who: &str, entry: &Entry) -> Value {
    let arn = desk.arn(&resource(cluster, who, &entry.id));
    json!({"clusterName": cluster, "principalArn": who, "kubernetesGroups": entry.groups, "accessEntryArn": arn,
        "createdAt": time(entry.created), "modifiedAt": time(entry.modified), "tags": desk.tags_of(&arn),
        "username": entry.username, "type": entry.kind})
}

/// Entries are there where the cluster is told to look at them (the words are reported).
fn with_entries(desk: &Desk<'_>, cluster: &str) -> Result<(), AwsFault> {
    if desk.mode(cluster)? == "CONFIG_MAP" {
        let text = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this \
                    operation.";
        return Err(AwsFault::new(400, "InvalidRequestException", text));
    }
    Ok(())
}

/// An entry of a cluster, to which the caller may do this.
fn entry(desk: &Desk<'_>, action: &str, cluster: &str, who: &str) -> Result<Entry, AwsFault> {
    let found = desk.beside(cluster).entries.get(who).cloned();
    let id = found.as_ref().map_or("*", |entry| entry.id.as_str());
    desk.may(action, &resource(cluster, who, id))?;
    with_entries(desk, cluster)?;
    found.ok_or_else(|| {
        missing(
            "The specified principalArn could not be found. You can view your available access entries with \
             'list-access-entries'.",
        )
    })
}

fn list(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("ListAccessEntries", &format!("cluster/{cluster}"))?;
    with_entries(desk, cluster)?;
    let policy = desk.asked("associatedPolicyArn");
    let beside = desk.beside(cluster);
    let has = |entry: &Entry| policy.as_ref().is_none_or(|p| entry.grants.iter().any(|grant| grant.policy == *p));
    let all = beside.entries.iter().filter(|(_, entry)| has(entry));
    desk.page("accessEntries", all.map(|(who, _)| json!(who)).collect())
}

fn describe(desk: &Desk<'_>, cluster: &str, who: &str) -> Answer {
    let entry = entry(desk, "DescribeAccessEntry", cluster, who)?;
    Ok(json!({"accessEntry": shown(desk, cluster, who, &entry)}))
}

/// Whom an entry may be for: a role or a user that is there, as far as the account is one of the lab's.
fn principal(desk: &Desk<'_>) -> Result<String, AwsFault> {
    let who = desk.required("principalArn")?;
    let refused = || invalid("The specified principalArn is invalid: invalid principal.");
    let parts: Vec<&str> = who.splitn(6, ':').collect();
    let ["arn", _, "iam", "", owner, resource] = parts.as_slice() else { return Err(refused()) };
    let (kind, path) = resource.split_once('/').ok_or_else(refused)?;
    let known = match (kind, desk.account.member(owner)) {
        ("role", Some(owner)) => role_of(&owner, who).is_some(),
        ("user", Some(owner)) => crate::arns::user(&owner, path).is_some(),
        ("role" | "user", None) => true,
        _ => false,
    };
    if known { Ok(who.to_owned()) } else { Err(refused()) }
}

/// Groups of the body, of which none is the system's (EKS API reference, `CreateAccessEntry`).
fn groups(desk: &Desk<'_>) -> Result<Option<Vec<String>>, AwsFault> {
    let Some(listed) = desk.sent.get("kubernetesGroups").filter(|groups| !groups.is_null()) else { return Ok(None) };
    let listed = crate::language::one_or_many(Some(listed));
    if let Some(bad) = listed.iter().find(|group| group.starts_with("system:")) {
        return Err(invalid(format!("The kubernetes group name {bad} is invalid, it cannot start with system:")));
    }
    Ok(Some(listed))
}

fn create(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("CreateAccessEntry", &format!("cluster/{cluster}"))?;
    with_entries(desk, cluster)?;
    let who = principal(desk)?;
    let kind = desk.text("type").unwrap_or("STANDARD").to_owned();
    if !KINDS.contains(&kind.as_str()) {
        return Err(invalid(format!("The specified type {kind} is invalid: one of {}", KINDS.join(", "))));
    }
    let (groups, username) = (groups(desk)?, desk.text("username").map(str::to_owned));
    if kind != "STANDARD" && (groups.as_ref().is_some_and(|groups| !groups.is_empty()) || username.is_some()) {
        return Err(invalid(format!("kubernetesGroups and username cannot be given for type {kind}")));
    }
    let now = desk.account.now();
    let (username, groups) = match kind.as_str() {
        "STANDARD" => (username.unwrap_or_else(|| default_username(desk.account, &who)), groups.unwrap_or_default()),
        "EC2" => ("system:node:{{EC2PrivateDNSName}}".to_owned(), Vec::new()),
        _ => ("system:node:{{EC2PrivateDNSName}}".to_owned(), vec!["system:nodes".to_owned()]),
    };
    let entry = Entry { id: request_id(), kind, username, groups, grants: Vec::new(), created: now, modified: now };
    let taken = desk.change(cluster, |beside| {
        let taken = beside.entries.contains_key(&who);
        beside.entries.entry(who.clone()).or_insert_with(|| entry.clone());
        taken
    });
    if taken {
        return Err(in_use("The specified access entry resource is already in use on this cluster."));
    }
    desk.tag(&desk.arn(&resource(cluster, &who, &entry.id)));
    desk.record("CreateAccessEntry", cluster);
    Ok(json!({"accessEntry": shown(desk, cluster, &who, &entry)}))
}

/// Changes an entry, and answers with it as it is then.
fn changed(desk: &Desk<'_>, action: &str, cluster: &str, who: &str, change: impl FnOnce(&mut Entry)) -> Entry {
    let now = desk.account.now();
    let after = desk.change(cluster, |beside| {
        let entry = beside.entries.get_mut(who)?;
        change(entry);
        entry.modified = now;
        Some(entry.clone())
    });
    desk.record(action, cluster);
    after.unwrap_or_else(|| Entry {
        id: String::new(),
        kind: String::new(),
        username: String::new(),
        groups: Vec::new(),
        grants: Vec::new(),
        created: now,
        modified: now,
    })
}

fn update(desk: &Desk<'_>, cluster: &str, who: &str) -> Answer {
    let entry = entry(desk, "UpdateAccessEntry", cluster, who)?;
    if entry.kind != "STANDARD" {
        return Err(invalid(format!("An access entry of type {} cannot be updated", entry.kind)));
    }
    let (groups, username) = (groups(desk)?, desk.text("username").map(str::to_owned));
    let entry = changed(desk, "UpdateAccessEntry", cluster, who, |entry| {
        entry.groups = groups.unwrap_or_else(|| entry.groups.clone());
        entry.username = username.unwrap_or_else(|| entry.username.clone());
    });
    Ok(json!({"accessEntry": shown(desk, cluster, who, &entry)}))
}

fn delete(desk: &Desk<'_>, cluster: &str, who: &str) -> Answer {
    let entry = entry(desk, "DeleteAccessEntry", cluster, who)?;
    desk.change(cluster, |beside| beside.entries.remove(who));
    desk.account.state().eks_tags.remove(&desk.arn(&resource(cluster, who, &entry.id)));
    desk.record("DeleteAccessEntry", cluster);
    Ok(json!({}))
}

fn grant_json(grant: &Grant) -> Value {
    let scope = match &grant.namespaces {
        Some(namespaces) => json!({"type": "namespace", "namespaces": namespaces}),
        None => json!({"type": "cluster", "namespaces": []}),
    };
    json!({"policyArn": grant.policy, "accessScope": scope, "associatedAt": time(grant.since),
        "modifiedAt": time(grant.modified)})
}

fn given(desk: &Desk<'_>, cluster: &str, who: &str) -> Answer {
    let entry = entry(desk, "ListAssociatedAccessPolicies", cluster, who)?;
    let mut answer = desk.page("associatedAccessPolicies", entry.grants.iter().map(grant_json).collect())?;
    if let Some(answer) = answer.as_object_mut() {
        answer.extend([("clusterName".to_owned(), json!(cluster)), ("principalArn".to_owned(), json!(who))]);
    }
    Ok(answer)
}

fn give(desk: &Desk<'_>, cluster: &str, who: &str) -> Answer {
    let before = entry(desk, "AssociateAccessPolicy", cluster, who)?;
    if before.kind != "STANDARD" {
        let text = format!("Access policies cannot be associated with an access entry of type {}", before.kind);
        return Err(AwsFault::new(400, "InvalidRequestException", text));
    }
    let policy = desk.required("policyArn")?.to_owned();
    if !AccessPolicy::ALL.iter().any(|known| policy_arn(desk.account, known.name()) == policy) {
        return Err(invalid(format!("The policyArn parameter value is not valid: {policy}")));
    }
    let namespaces = match desk.sent.pointer("/accessScope/type").and_then(Value::as_str) {
        Some("cluster") => None,
        Some("namespace") => Some(crate::language::one_or_many(desk.sent.pointer("/accessScope/namespaces"))),
        _ => return Err(invalid("accessScope.type is one of cluster, namespace")),
    };
    if namespaces.as_ref().is_some_and(Vec::is_empty) {
        return Err(invalid("accessScope.namespaces is required for the type namespace"));
    }
    let now = desk.account.now();
    let since = before.grants.iter().find(|grant| grant.policy == policy).map_or(now, |grant| grant.since);
    let grant = Grant { policy, namespaces, since, modified: now };
    let shown = grant_json(&grant);
    changed(desk, "AssociateAccessPolicy", cluster, who, |entry| {
        entry.grants.retain(|known| known.policy != grant.policy);
        entry.grants.push(grant);
    });
    Ok(json!({"clusterName": cluster, "principalArn": who, "associatedAccessPolicy": shown}))
}

fn take(desk: &Desk<'_>, cluster: &str, who: &str, policy: &str) -> Answer {
    let entry = entry(desk, "DisassociateAccessPolicy", cluster, who)?;
    if !entry.grants.iter().any(|grant| grant.policy == policy) {
        return Err(missing("The specified policyArn could not be found on the access entry."));
    }
    changed(desk, "DisassociateAccessPolicy", cluster, who, |entry| {
        entry.grants.retain(|grant| grant.policy != policy);
    });
    Ok(json!({}))
}
