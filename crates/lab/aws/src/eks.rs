//! EKS: clusters, add-ons, Pod Identity associations.

use serde_json::{Value, json};

use crate::account::Account;
use crate::associate::{self, association, association_arn};
use crate::outcome::AwsFault;
use crate::query::{Parameters, segments};
use crate::sigv4::{Caller, Signed};
use crate::state::{Addon, Association, Cluster, Touched};

fn seconds(t: jiff::Timestamp) -> Value {
    json!(t.as_second())
}

fn no_cluster(name: &str) -> AwsFault {
    AwsFault::new(404, "ResourceNotFoundException", format!("No cluster found for name: {name}."))
}

/// Routes by method and path.
pub(crate) fn call(account: &Account, caller: &Caller, request: &Signed<'_>) -> Result<Value, AwsFault> {
    let path = segments(request.path);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let arn = |name: &str| {
        format!(
            "arn:{}:eks:{}:{}:cluster/{name}",
            account.config.partition, account.config.region, account.config.account_id
        )
    };
    let may = |action: &str, name: &str| account.authorise(caller, action, &arn(name)).map_err(AwsFault::excepting);
    let cluster = |name: &str| account.state().clusters.get(name).cloned().ok_or_else(|| no_cluster(name));
    match (request.method, path.as_slice()) {
        ("GET", ["clusters"]) => {
            may("eks:ListClusters", "*")?;
            page(request.query, "clusters", account.state().clusters.keys().map(|n| json!(n)).collect())
        }
        ("GET", ["clusters", name]) => {
            may("eks:DescribeCluster", name)?;
            Ok(json!({"cluster": describe(&cluster(name)?, &arn(name))}))
        }
        ("GET", ["clusters", name, "addons"]) => {
            may("eks:ListAddons", name)?;
            page(request.query, "addons", cluster(name)?.addons.keys().map(|n| json!(n)).collect())
        }
        ("GET", ["clusters", name, "addons", addon]) => {
            may("eks:DescribeAddon", name)?;
            let found = cluster(name)?;
            let a = found.addons.get(*addon).ok_or_else(|| {
                AwsFault::new(404, "ResourceNotFoundException", format!("No addon: {addon} found in cluster: {name}"))
            })?;
            Ok(json!({"addon": addon_json(a, name)}))
        }
        ("POST", ["clusters", name, "addons", addon, "update"]) => {
            may("eks:UpdateAddon", name)?;
            update_addon(account, caller, name, addon, request.body)
        }
        ("GET", ["clusters", name, "pod-identity-associations"]) => {
            may("eks:ListPodIdentityAssociations", name)?;
            let asked = |key: &str| Parameters::parse(request.query).get(key).map(str::to_owned);
            let (namespace, service_account) = (asked("namespace"), asked("serviceAccount"));
            let wanted = |a: &&Association| {
                namespace.as_ref().is_none_or(|n| *n == a.namespace)
                    && service_account.as_ref().is_none_or(|s| *s == a.service_account)
            };
            let found = cluster(name)?;
            let all = found.associations.iter().filter(wanted).map(|a| summary(account, a, name)).collect();
            page(request.query, "associations", all)
        }
        ("POST" | "DELETE", ["clusters", name, "pod-identity-associations", ..]) => {
            cluster(name)?;
            associate::change(account, caller, request, (name, &arn(name), path.get(3).copied()))
        }
        ("GET", ["clusters", name, "pod-identity-associations", id]) => {
            may("eks:DescribePodIdentityAssociation", name)?;
            let found = cluster(name)?;
            let a = found
                .associations
                .iter()
                .find(|a| a.id == *id)
                .ok_or_else(|| AwsFault::new(404, "ResourceNotFoundException", format!("No association {id}")))?;
            Ok(json!({"association": association(account, a, name)}))
        }
        (method, _) => {
            Err(AwsFault::new(404, "NotFoundException", format!("the lab's EKS has no {method} {}", request.path)))
        }
    }
}

/// One page of a list: `maxResults` from 1 to 100, `nextToken` (EKS API reference).
fn page(query: &str, list: &str, items: Vec<Value>) -> Result<Value, AwsFault> {
    const MOST: usize = 100;
    let asked = Parameters::parse(query);
    let bad = |text: &str| AwsFault::new(400, "InvalidParameterException", text);
    let most = match asked.get("maxResults") {
        None => MOST,
        Some(n) => {
            n.parse().ok().filter(|n| (1..=MOST).contains(n)).ok_or_else(|| bad("maxResults must be from 1 to 100"))?
        }
    };
    let from: usize = match asked.get("nextToken").filter(|t| !t.is_empty()) {
        None => 0,
        Some(t) => t.parse().map_err(|_| bad("nextToken is not one of this list"))?,
    };
    let end = from.saturating_add(most);
    let next = (items.len() > end).then(|| json!(end.to_string()));
    let shown: Vec<Value> = items.into_iter().skip(from).take(most).collect();
    let mut answer = serde_json::Map::from_iter([(list.to_owned(), Value::Array(shown))]);
    answer.extend(next.map(|token| ("nextToken".to_owned(), token)));
    Ok(Value::Object(answer))
}

fn describe(c: &Cluster, arn: &str) -> Value {
    json!({
        "name": c.name, "arn": arn, "createdAt": seconds(c.created), "version": c.version, "endpoint": c.endpoint,
        "status": "ACTIVE", "identity": {"oidc": {"issuer": c.issuer}}, "certificateAuthority": {"data": c.ca},
        "resourcesVpcConfig": {"endpointPublicAccess": true}, "tags": {},
    })
}

fn addon_json(a: &Addon, cluster: &str) -> Value {
    let issues: Vec<Value> =
        a.issues.iter().map(|issue| json!({"code": issue.code, "message": issue.message, "resourceIds": []})).collect();
    let status = if a.issues.is_empty() { "ACTIVE" } else { "DEGRADED" };
    let mut value = json!({
        "addonName": a.name, "clusterName": cluster, "status": status, "addonVersion": a.version,
        "health": {"issues": issues},
        "createdAt": seconds(a.created), "modifiedAt": seconds(a.modified),
    });
    if let (Some(role), Some(object)) = (&a.role_arn, value.as_object_mut()) {
        object.insert("serviceAccountRoleArn".to_owned(), json!(role));
    }
    value
}

/// An association as lists have it: without its role (EKS API reference, `PodIdentityAssociationSummary`).
fn summary(account: &Account, a: &Association, cluster: &str) -> Value {
    json!({
        "associationId": a.id, "associationArn": association_arn(account, a, cluster), "clusterName": cluster,
        "namespace": a.namespace, "serviceAccount": a.service_account,
    })
}

fn update_addon(
    account: &Account,
    caller: &Caller,
    cluster: &str,
    addon: &str,
    body: &[u8],
) -> Result<Value, AwsFault> {
    let sent: Value = serde_json::from_slice(body)
        .map_err(|_| AwsFault::new(400, "InvalidParameterException", "the body is not JSON"))?;
    let now = account.now();
    {
        let mut state = account.state();
        let c = state.clusters.get_mut(cluster).ok_or_else(|| no_cluster(cluster))?;
        let a = c.addons.get_mut(addon).ok_or_else(|| {
            AwsFault::new(404, "ResourceNotFoundException", format!("No addon: {addon} found in cluster: {cluster}"))
        })?;
        if let Some(role) = sent.get("serviceAccountRoleArn").and_then(Value::as_str) {
            a.role_arn = Some(role.to_owned());
        }
        a.modified = now;
    }
    let about = [("AWS::EKS::Addon", addon), ("AWS::EKS::Cluster", cluster)];
    let about = about.map(|(kind, name)| Touched { kind, name: name.to_owned() }).to_vec();
    let mut asked = sent.clone();
    if let Some(asked) = asked.as_object_mut() {
        asked.extend([("name".to_owned(), json!(cluster)), ("addonName".to_owned(), json!(addon))]);
    }
    crate::trail::called(account, caller, ("eks.amazonaws.com", "UpdateAddon"), about, asked, None);
    Ok(json!({"update": {"id": crate::callers::request_id(), "status": "InProgress", "type": "AddonUpdate",
        "createdAt": seconds(now), "errors": []}}))
}
