//! Pod Identity associations (EKS API reference, `CreatePodIdentityAssociation`, `DescribePodIdentityAssociation`,
//! `UpdatePodIdentityAssociation`, `DeletePodIdentityAssociation`, `ListPodIdentityAssociations`).

use serde_json::{Value, json};

use super::kept::MoreOfAssociation;
use super::{Answer, Desk, in_use, invalid, missing, no_cluster, time};
use crate::account::Account;
use crate::outcome::AwsFault;
use crate::state::Association;
use crate::sts::role_of;

/// Letters of an association's id after `a-`.
const ID_LETTERS: usize = 17;

/// An association that is to be made.
pub(super) struct Wanted {
    pub(super) namespace: String,
    pub(super) service_account: String,
    pub(super) role_arn: String,
    /// Sessions have no tags.
    pub(super) no_tags: bool,
    /// The add-on that it belongs to.
    pub(super) owner: Option<String>,
}

/// The five operations.
pub(super) fn call(desk: &Desk<'_>, method: &str, cluster: &str, rest: &[&str]) -> Option<Answer> {
    let answer = match (method, rest) {
        ("GET", []) => list(desk, cluster),
        ("POST", []) => create(desk, cluster),
        ("GET", [id]) => describe(desk, cluster, id),
        ("POST", [id]) => update(desk, cluster, id),
        ("DELETE", [id]) => delete(desk, cluster, id),
        _ => return None,
    };
    Some(answer)
}

/// ARN of an association.
pub(crate) fn association_arn(account: &Account, a: &Association, cluster: &str) -> String {
    super::arn(account, &format!("podidentityassociation/{cluster}/{}", a.id))
}

/// An association with its role (EKS API reference, `PodIdentityAssociation`).
fn shown(desk: &Desk<'_>, a: &Association, cluster: &str) -> Value {
    let arn = association_arn(desk.account, a, cluster);
    let more = desk.beside(cluster).associations.get(&a.id).cloned().unwrap_or_default();
    let mut value = json!({
        "associationId": a.id, "associationArn": arn, "clusterName": cluster, "namespace": a.namespace,
        "serviceAccount": a.service_account, "roleArn": a.role_arn, "createdAt": time(a.created),
        "modifiedAt": time(a.modified), "tags": desk.tags_of(&arn), "disableSessionTags": more.no_tags,
    });
    if let Some(object) = value.as_object_mut() {
        object.extend(more.owner.map(|owner| ("ownerArn".to_owned(), json!(owner))));
    }
    value
}

/// An association as lists have it: without its role (EKS API reference, `PodIdentityAssociationSummary`).
fn summary(desk: &Desk<'_>, a: &Association, cluster: &str) -> Value {
    let mut value = json!({
        "associationId": a.id, "associationArn": association_arn(desk.account, a, cluster), "clusterName": cluster,
        "namespace": a.namespace, "serviceAccount": a.service_account,
    });
    let owner = desk.beside(cluster).associations.get(&a.id).and_then(|more| more.owner.clone());
    if let Some(object) = value.as_object_mut() {
        object.extend(owner.map(|owner| ("ownerArn".to_owned(), json!(owner))));
    }
    value
}

fn list(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("ListPodIdentityAssociations", &format!("cluster/{cluster}"))?;
    let (namespace, service_account) = (desk.asked("namespace"), desk.asked("serviceAccount"));
    let wanted = |a: &&Association| {
        namespace.as_ref().is_none_or(|n| *n == a.namespace)
            && service_account.as_ref().is_none_or(|s| *s == a.service_account)
    };
    let found = desk.cluster(cluster)?;
    let all = found.associations.iter().filter(wanted).map(|a| summary(desk, a, cluster)).collect();
    desk.page("associations", all)
}

/// An association, to which the caller may do this.
fn found(desk: &Desk<'_>, action: &str, cluster: &str, id: &str) -> Result<Association, AwsFault> {
    desk.may(action, &format!("podidentityassociation/{cluster}/{id}"))?;
    let found = desk.cluster(cluster)?.associations.into_iter().find(|a| a.id == id);
    found.ok_or_else(|| missing(format!("No association {id}")))
}

fn describe(desk: &Desk<'_>, cluster: &str, id: &str) -> Answer {
    let found = found(desk, "DescribePodIdentityAssociation", cluster, id)?;
    Ok(json!({"association": shown(desk, &found, cluster)}))
}

/// What the lab does not do, and says so rather than to leave it out.
fn beyond(desk: &Desk<'_>) -> Result<(), AwsFault> {
    let asked = ["targetRoleArn", "policy"].into_iter().find(|member| desk.text(member).is_some());
    asked.map_or(Ok(()), |member| Err(invalid(format!("the lab's associations have no {member}"))))
}

fn role(desk: &Desk<'_>, role: &str) -> Result<(), AwsFault> {
    desk.may_pass(role, "pods.eks.amazonaws.com")?;
    role_of(desk.account, role).map(|_| ()).ok_or_else(|| invalid(format!("Role {role} does not exist")))
}

fn create(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("CreatePodIdentityAssociation", &format!("cluster/{cluster}"))?;
    beyond(desk)?;
    let text = |member: &str| desk.required(member).map(str::to_owned);
    let wanted = Wanted {
        namespace: text("namespace")?,
        service_account: text("serviceAccount")?,
        role_arn: text("roleArn")?,
        no_tags: desk.sent.get("disableSessionTags") == Some(&json!(true)),
        owner: None,
    };
    let made = make(desk, cluster, wanted)?;
    desk.tag(&association_arn(desk.account, &made, cluster));
    desk.record("CreatePodIdentityAssociation", cluster);
    desk.account.tell_associations(cluster);
    Ok(json!({"association": shown(desk, &made, cluster)}))
}

/// Makes an association, if its role is there and may be handed on, and the service account has none.
pub(super) fn make(desk: &Desk<'_>, cluster: &str, wanted: Wanted) -> Result<Association, AwsFault> {
    role(desk, &wanted.role_arn)?;
    let now = desk.account.now();
    let letters: String = crate::callers::request_id().chars().filter(|c| *c != '-').take(ID_LETTERS).collect();
    let Wanted { namespace, service_account, role_arn, no_tags, owner } = wanted;
    let made =
        Association { id: format!("a-{letters}"), namespace, service_account, role_arn, created: now, modified: now };
    let mut state = desk.account.state();
    let held = state.clusters.get_mut(cluster).ok_or_else(|| no_cluster(cluster))?;
    let same = |a: &&Association| a.namespace == made.namespace && a.service_account == made.service_account;
    if let Some(taken) = held.associations.iter().find(same) {
        return Err(in_use(format!("Association already exists: {}", taken.id)));
    }
    held.associations.push(made.clone());
    drop(state);
    let more = MoreOfAssociation { no_tags, owner };
    desk.change(cluster, |beside| beside.associations.insert(made.id.clone(), more));
    Ok(made)
}

fn update(desk: &Desk<'_>, cluster: &str, id: &str) -> Answer {
    let before = found(desk, "UpdatePodIdentityAssociation", cluster, id)?;
    beyond(desk)?;
    let role_arn = desk.text("roleArn").map(|arn| role(desk, arn).map(|()| arn.to_owned())).transpose()?;
    let after =
        Association { role_arn: role_arn.unwrap_or(before.role_arn.clone()), modified: desk.account.now(), ..before };
    if let Some(no_tags) = desk.sent.get("disableSessionTags").and_then(Value::as_bool) {
        desk.change(cluster, |beside| beside.associations.entry(id.to_owned()).or_default().no_tags = no_tags);
    }
    desk.account.put_association(cluster, after.clone());
    desk.record("UpdatePodIdentityAssociation", cluster);
    desk.account.tell_associations(cluster);
    Ok(json!({"association": shown(desk, &after, cluster)}))
}

fn delete(desk: &Desk<'_>, cluster: &str, id: &str) -> Answer {
    let gone = found(desk, "DeletePodIdentityAssociation", cluster, id)?;
    let answer = json!({"association": shown(desk, &gone, cluster)});
    remove(desk, cluster, |a, _| a.id == id);
    desk.record("DeletePodIdentityAssociation", cluster);
    desk.account.tell_associations(cluster);
    Ok(answer)
}

/// Takes the associations of an add-on away.
pub(super) fn disown(desk: &Desk<'_>, cluster: &str, addon: &str) {
    let mark = format!(":addon/{cluster}/{addon}/");
    remove(desk, cluster, |_, owner| owner.is_some_and(|owner| owner.contains(&mark)));
}

fn remove(desk: &Desk<'_>, cluster: &str, which: impl Fn(&Association, Option<&str>) -> bool) {
    let more = desk.beside(cluster).associations;
    let owner = |a: &Association| more.get(&a.id).and_then(|more| more.owner.as_deref());
    let mut gone = Vec::new();
    let mut state = desk.account.state();
    if let Some(held) = state.clusters.get_mut(cluster) {
        held.associations.retain(|a| {
            let goes = which(a, owner(a));
            if goes {
                gone.push(a.clone());
            }
            !goes
        });
    }
    for a in &gone {
        state.eks_tags.remove(&association_arn(desk.account, a, cluster));
    }
    drop(state);
    desk.change(cluster, |beside| beside.associations.retain(|id, _| !gone.iter().any(|a| a.id == *id)));
}
