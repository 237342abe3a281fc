//! EKS: making, changing and deleting Pod Identity associations (EKS API reference,
//! `CreatePodIdentityAssociation`, `UpdatePodIdentityAssociation`, `DeletePodIdentityAssociation`).

use serde_json::{Value, json};

use crate::account::Account;
use crate::outcome::AwsFault;
use crate::sigv4::{Caller, Signed};
use crate::state::{Association, Touched};
use crate::sts::role_of;

/// Letters of an association's id after `a-`.
const ID_LETTERS: usize = 17;

fn invalid(text: impl Into<String>) -> AwsFault {
    AwsFault::new(400, "InvalidParameterException", text)
}

fn unknown(id: &str) -> AwsFault {
    AwsFault::new(404, "ResourceNotFoundException", format!("No association {id}"))
}

/// ARN of an association.
pub(crate) fn association_arn(account: &Account, a: &Association, cluster: &str) -> String {
    let c = &account.config;
    format!("arn:{}:eks:{}:{}:podidentityassociation/{cluster}/{}", c.partition, c.region, c.account_id, a.id)
}

/// An association with its role (EKS API reference, `PodIdentityAssociation`).
pub(crate) fn association(account: &Account, a: &Association, cluster: &str) -> Value {
    json!({
        "associationId": a.id, "associationArn": association_arn(account, a, cluster), "clusterName": cluster,
        "namespace": a.namespace, "serviceAccount": a.service_account, "roleArn": a.role_arn,
        "createdAt": a.created.as_second(), "modifiedAt": a.modified.as_second(), "tags": {},
        "disableSessionTags": false,
    })
}

/// Carries out one of the three; `id` is the association's where the path names one.
pub(crate) fn change(
    account: &Account,
    caller: &Caller,
    request: &Signed<'_>,
    (cluster, arn, id): (&str, &str, Option<&str>),
) -> Result<Value, AwsFault> {
    let action = match (request.method, id) {
        ("DELETE", Some(_)) => "DeletePodIdentityAssociation",
        (_, Some(_)) => "UpdatePodIdentityAssociation",
        ("DELETE", None) => return Err(AwsFault::new(404, "NotFoundException", "which association is not said")),
        (_, None) => "CreatePodIdentityAssociation",
    };
    let may = |action: &str, on: &str| account.authorise(caller, action, on).map_err(AwsFault::excepting);
    may(&format!("eks:{action}"), arn)?;
    let sent: Value = match request.body {
        [] => Value::Null,
        body => serde_json::from_slice(body).map_err(|_| invalid("the body is not JSON"))?,
    };
    let text = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let role = text("roleArn");
    if !role.is_empty() {
        // EKS hands the role on, so whoever asks needs to be allowed to (EKS User Guide, "Assign an IAM role to a
        // Kubernetes service account").
        may("iam:PassRole", &role)?;
        role_of(account, &role).ok_or_else(|| invalid(format!("Role {role} does not exist")))?;
    }
    let done = match (action, id) {
        ("DeletePodIdentityAssociation", Some(id)) => delete(account, cluster, id)?,
        (_, Some(id)) => update(account, cluster, id, role)?,
        (_, None) => create(account, cluster, (text("namespace"), text("serviceAccount")), role)?,
    };
    let about = vec![Touched { kind: "AWS::EKS::Cluster", name: cluster.to_owned() }];
    crate::trail::called(account, caller, ("eks.amazonaws.com", action), about, sent, None);
    account.tell_associations(cluster);
    Ok(json!({"association": association(account, &done, cluster)}))
}

fn create(account: &Account, cluster: &str, of: (String, String), role: String) -> Result<Association, AwsFault> {
    let (namespace, service_account) = of;
    if [&namespace, &service_account, &role].iter().any(|text| text.is_empty()) {
        return Err(invalid("namespace, serviceAccount and roleArn are required"));
    }
    let now = account.now();
    let mut state = account.state();
    let Some(found) = state.clusters.get_mut(cluster) else { return Err(unknown(cluster)) };
    let taken = found.associations.iter().find(|a| a.namespace == namespace && a.service_account == service_account);
    if let Some(taken) = taken {
        return Err(AwsFault::new(409, "ResourceInUseException", format!("Association already exists: {}", taken.id)));
    }
    let letters: String = crate::callers::request_id().chars().filter(|c| *c != '-').take(ID_LETTERS).collect();
    let made = Association {
        id: format!("a-{letters}"),
        namespace,
        service_account,
        role_arn: role,
        created: now,
        modified: now,
    };
    found.associations.push(made.clone());
    Ok(made)
}

fn update(account: &Account, cluster: &str, id: &str, role: String) -> Result<Association, AwsFault> {
    let now = account.now();
    let mut state = account.state();
    let found = state.clusters.get_mut(cluster).and_then(|c| c.associations.iter_mut().find(|a| a.id == id));
    let found = found.ok_or_else(|| unknown(id))?;
    if !role.is_empty() {
        found.role_arn = role;
    }
    found.modified = now;
    Ok(found.clone())
}

fn delete(account: &Account, cluster: &str, id: &str) -> Result<Association, AwsFault> {
    let mut state = account.state();
    let all = state.clusters.get_mut(cluster).map(|c| &mut c.associations).ok_or_else(|| unknown(id))?;
    let at = all.iter().position(|a| a.id == id).ok_or_else(|| unknown(id))?;
    Ok(all.remove(at))
}
