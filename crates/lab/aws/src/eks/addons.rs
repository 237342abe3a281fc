//! Add-ons (EKS API reference, `CreateAddon`, `DescribeAddon`, `UpdateAddon`, `DeleteAddon`, `ListAddons`).

use serde_json::{Value, json};

use super::associations::{self, Wanted};
use super::kept::MoreOfAddon;
use super::{Answer, Desk, in_use, invalid, missing, time, updates, versions};
use crate::callers::request_id;
use crate::outcome::AwsFault;
use crate::state::Addon;
use crate::sts::role_of;

/// The five operations.
pub(super) fn call(desk: &Desk<'_>, method: &str, cluster: &str, rest: &[&str]) -> Option<Answer> {
    let answer = match (method, rest) {
        ("GET", []) => list(desk, cluster),
        ("POST", []) => create(desk, cluster),
        ("GET", [addon]) => describe(desk, cluster, addon),
        ("DELETE", [addon]) => delete(desk, cluster, addon),
        ("POST", [addon, "update"]) => update(desk, cluster, addon),
        _ => return None,
    };
    Some(answer)
}

fn list(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("ListAddons", &format!("cluster/{cluster}"))?;
    desk.page("addons", desk.cluster(cluster)?.addons.keys().map(|name| json!(name)).collect())
}

/// An add-on of a cluster, to which the caller may do this.
fn found(desk: &Desk<'_>, action: &str, cluster: &str, addon: &str) -> Result<Addon, AwsFault> {
    desk.may(action, &resource(desk, cluster, addon))?;
    let found = desk.cluster(cluster)?.addons.get(addon).cloned();
    found.ok_or_else(|| missing(format!("No addon: {addon} found in cluster: {cluster}")))
}

fn resource(desk: &Desk<'_>, cluster: &str, addon: &str) -> String {
    let id = desk.beside(cluster).addons.get(addon).map(|more| more.id.clone());
    // One that the lab has set up has an id that lasts.
    let id = id.unwrap_or_else(|| "0ec0ffee-0000-4000-8000-000000000000".to_owned());
    format!("addon/{cluster}/{addon}/{id}")
}

fn shown(desk: &Desk<'_>, cluster: &str, a: &Addon, status: Option<&str>) -> Value {
    let issues: Vec<Value> =
        a.issues.iter().map(|issue| json!({"code": issue.code, "message": issue.message, "resourceIds": []})).collect();
    let own = if a.issues.is_empty() { "ACTIVE" } else { "DEGRADED" };
    let arn = desk.arn(&resource(desk, cluster, &a.name));
    let mut value = json!({
        "addonName": a.name, "clusterName": cluster, "status": status.unwrap_or(own), "addonVersion": a.version,
        "health": {"issues": issues}, "addonArn": arn, "createdAt": time(a.created), "modifiedAt": time(a.modified),
        "tags": desk.tags_of(&arn), "namespaceConfig": {"namespace": "kube-system"},
    });
    let more = desk.beside(cluster).addons.get(&a.name).cloned().unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.extend(a.role_arn.iter().map(|role| ("serviceAccountRoleArn".to_owned(), json!(role))));
        object.extend(more.configuration.iter().map(|text| ("configurationValues".to_owned(), json!(text))));
        if !more.associations.is_empty() {
            object.insert("podIdentityAssociations".to_owned(), json!(more.associations));
        }
    }
    value
}

fn describe(desk: &Desk<'_>, cluster: &str, addon: &str) -> Answer {
    let found = found(desk, "DescribeAddon", cluster, addon)?;
    Ok(json!({"addon": shown(desk, cluster, &found, None)}))
}

/// The role of the body, which the caller hands on and EKS must find.
fn role(desk: &Desk<'_>) -> Result<Option<String>, AwsFault> {
    let Some(role) = desk.text("serviceAccountRoleArn") else { return Ok(None) };
    desk.may_pass(role, "eks.amazonaws.com")?;
    // Own words; a role of another account is not looked up.
    let ours = desk.account.owner_of(role).is_some();
    if ours && role_of(desk.account, role).is_none() {
        return Err(invalid(format!("The role {role} of the service account does not exist")));
    }
    Ok(Some(role.to_owned()))
}

fn version(name: &str, asked: Option<&str>) -> Result<String, AwsFault> {
    versions::of_addon(name, asked).ok_or_else(|| invalid("Addon version specified is not supported"))
}

fn create(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("CreateAddon", &format!("cluster/{cluster}"))?;
    let name = desk.required("addonName")?;
    let held = desk.cluster(cluster)?;
    if held.addons.contains_key(name) {
        return Err(in_use("Addon already exists."));
    }
    let now = desk.account.now();
    let addon = Addon {
        name: name.to_owned(),
        version: version(name, desk.text("addonVersion"))?,
        role_arn: role(desk)?,
        issues: Vec::new(),
        created: now,
        modified: now,
    };
    let more = MoreOfAddon {
        id: request_id(),
        configuration: desk.text("configurationValues").map(str::to_owned),
        associations: Vec::new(),
    };
    desk.change(cluster, |beside| beside.addons.insert(name.to_owned(), more));
    desk.account.put_addon(cluster, addon.clone());
    associate(desk, cluster, name)?;
    desk.tag(&desk.arn(&resource(desk, cluster, name)));
    desk.record_of("CreateAddon", cluster, Some(("AWS::EKS::Addon", name)));
    Ok(json!({"addon": shown(desk, cluster, &addon, Some("CREATING"))}))
}

/// The associations of the body take the place of those that the add-on has; without any in the body they stay.
fn associate(desk: &Desk<'_>, cluster: &str, addon: &str) -> Result<(), AwsFault> {
    let Some(listed) = desk.sent.get("podIdentityAssociations").and_then(Value::as_array) else { return Ok(()) };
    associations::disown(desk, cluster, addon);
    let owner = desk.arn(&resource(desk, cluster, addon));
    let mut arns = Vec::new();
    for one in listed {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let wanted = Wanted {
            namespace: "kube-system".to_owned(),
            service_account: text("serviceAccount"),
            role_arn: text("roleArn"),
            no_tags: false,
            owner: Some(owner.clone()),
        };
        let made = associations::make(desk, cluster, wanted)?;
        arns.push(super::association_arn(desk.account, &made, cluster));
    }
    desk.change(cluster, |beside| beside.addons.entry(addon.to_owned()).or_default().associations = arns);
    desk.account.tell_associations(cluster);
    Ok(())
}

fn update(desk: &Desk<'_>, cluster: &str, name: &str) -> Answer {
    let before = found(desk, "UpdateAddon", cluster, name)?;
    let mut params = Vec::new();
    let mut addon = Addon { modified: desk.account.now(), ..before };
    if let Some(asked) = desk.text("addonVersion") {
        if asked != addon.version {
            addon.version = version(name, Some(asked))?;
        }
        params.push(("AddonVersion", addon.version.clone()));
    }
    if let Some(role) = role(desk)? {
        params.push(("ServiceAccountRoleArn", role.clone()));
        addon.role_arn = Some(role);
    }
    params.extend(desk.text("resolveConflicts").map(|how| ("ResolveConflicts", how.to_owned())));
    if let Some(values) = desk.sent.get("configurationValues").and_then(Value::as_str) {
        params.push(("ConfigurationValues", values.to_owned()));
        let values = Some(values.to_owned()).filter(|values| !values.is_empty());
        let id = request_id();
        desk.change(cluster, |beside| {
            let more = beside.addons.entry(name.to_owned()).or_insert_with(|| MoreOfAddon { id, ..Default::default() });
            more.configuration = values;
        });
    }
    if let Some(listed) = desk.sent.get("podIdentityAssociations") {
        params.push(("PodIdentityAssociations", listed.to_string()));
    }
    associate(desk, cluster, name)?;
    desk.account.put_addon(cluster, addon);
    desk.record_of("UpdateAddon", cluster, Some(("AWS::EKS::Addon", name)));
    Ok(json!({"update": updates::begun(desk, cluster, "AddonUpdate", Some(name), params)}))
}

fn delete(desk: &Desk<'_>, cluster: &str, name: &str) -> Answer {
    let addon = found(desk, "DeleteAddon", cluster, name)?;
    let gone = shown(desk, cluster, &addon, Some("DELETING"));
    associations::disown(desk, cluster, name);
    let arn = desk.arn(&resource(desk, cluster, name));
    let mut state = desk.account.state();
    state.eks_tags.remove(&arn);
    if let Some(cluster) = state.clusters.get_mut(cluster) {
        cluster.addons.remove(name);
    }
    drop(state);
    desk.change(cluster, |beside| beside.addons.remove(name));
    desk.record_of("DeleteAddon", cluster, Some(("AWS::EKS::Addon", name)));
    desk.account.tell_associations(cluster);
    Ok(json!({"addon": gone}))
}
