//! Identity providers of a cluster: issuers whose tokens its API server is told to take (EKS API reference,
//! `AssociateIdentityProviderConfig` and the others). The lab's API server takes none of theirs.

use serde_json::{Value, json};

use super::{Answer, Desk, in_use, invalid, missing, updates};
use crate::callers::request_id;
use crate::outcome::AwsFault;

/// The operations.
pub(super) fn call(desk: &Desk<'_>, method: &str, cluster: &str, rest: &[&str]) -> Option<Answer> {
    let answer = match (method, rest) {
        ("GET", []) => list(desk, cluster),
        ("POST", ["associate"]) => associate(desk, cluster),
        ("POST", ["describe"]) => describe(desk, cluster),
        ("POST", ["disassociate"]) => disassociate(desk, cluster),
        _ => return None,
    };
    Some(answer)
}

fn list(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("ListIdentityProviderConfigs", &format!("cluster/{cluster}"))?;
    desk.cluster(cluster)?;
    let all = desk.beside(cluster).identity_providers;
    desk.page("identityProviderConfigs", all.keys().map(|name| json!({"type": "oidc", "name": name})).collect())
}

fn associate(desk: &Desk<'_>, cluster: &str) -> Answer {
    desk.may("AssociateIdentityProviderConfig", &format!("cluster/{cluster}"))?;
    let held = desk.cluster(cluster)?;
    let sent = desk.sent.get("oidc").and_then(Value::as_object).cloned().unwrap_or_default();
    let need = |member: &str| {
        let text = sent.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| invalid(format!("oidc.{member} is required")))
    };
    let (name, issuer) = (need("identityProviderConfigName")?, need("issuerUrl")?);
    need("clientId")?;
    if !issuer.starts_with("https://") {
        return Err(invalid("issuerUrl must begin with https://"));
    }
    // A cluster's own issuer is none of it since Kubernetes 1.30 (reported).
    if issuer.trim_end_matches('/') == held.issuer {
        return Err(invalid("issuerUrl is the cluster's own issuer"));
    }
    if !desk.beside(cluster).identity_providers.is_empty() {
        return Err(in_use("Identity provider config already exists for the cluster"));
    }
    let arn = desk.arn(&format!("identityproviderconfig/{cluster}/oidc/{name}/{}", request_id()));
    let mut config = sent;
    config.extend([
        ("identityProviderConfigArn".to_owned(), json!(arn)),
        ("clusterName".to_owned(), json!(cluster)),
        ("status".to_owned(), json!("ACTIVE")),
    ]);
    desk.change(cluster, |beside| beside.identity_providers.insert(name.clone(), Value::Object(config)));
    desk.tag(&arn);
    desk.record("AssociateIdentityProviderConfig", cluster);
    let params = vec![("IdentityProviderConfig", json!([{"type": "oidc", "name": name}]).to_string())];
    let update = updates::begun(desk, cluster, "AssociateIdentityProviderConfig", None, params);
    Ok(json!({"update": update, "tags": desk.tags_of(&arn)}))
}

/// The config that a request names, and its name.
fn named(desk: &Desk<'_>, action: &str, cluster: &str) -> Result<(String, Value), AwsFault> {
    desk.may(action, &format!("cluster/{cluster}"))?;
    desk.cluster(cluster)?;
    let name = desk.sent.pointer("/identityProviderConfig/name").and_then(Value::as_str).unwrap_or_default();
    let found = desk.beside(cluster).identity_providers.get(name).cloned();
    found
        .map(|config| (name.to_owned(), config))
        .ok_or_else(|| missing("Identity provider config is not associated with cluster"))
}

fn describe(desk: &Desk<'_>, cluster: &str) -> Answer {
    let (_, mut config) = named(desk, "DescribeIdentityProviderConfig", cluster)?;
    let arn = config.get("identityProviderConfigArn").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(object) = config.as_object_mut() {
        object.insert("tags".to_owned(), desk.tags_of(&arn));
    }
    Ok(json!({"identityProviderConfig": {"oidc": config}}))
}

fn disassociate(desk: &Desk<'_>, cluster: &str) -> Answer {
    let (name, _) = named(desk, "DisassociateIdentityProviderConfig", cluster)?;
    desk.change(cluster, |beside| beside.identity_providers.remove(&name));
    desk.record("DisassociateIdentityProviderConfig", cluster);
    let params = vec![("IdentityProviderConfig", json!([{"type": "oidc", "name": name}]).to_string())];
    Ok(json!({"update": updates::begun(desk, cluster, "DisassociateIdentityProviderConfig", None, params)}))
}
