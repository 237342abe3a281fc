//! EKS Auth: a pod's token for the role of its Pod Identity association.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::Account;
use crate::eks::association_arn;
use crate::jwt::Jwt;
use crate::language::{Keys, one_or_many};
use crate::outcome::AwsFault;
use crate::providers::fetch;
use crate::query::segments;
use crate::requests::always;
use crate::sigv4::{Caller, Signed};
use crate::state::{Association, Cluster, Session};
use crate::sts::role_of;
use crate::trust::admits_pods;

/// Audience of the tokens (EKS User Guide, "EKS Pod Identity").
const AUDIENCE: &str = "pods.eks.amazonaws.com";
/// Life of the sessions, seconds (EKS User Guide: six hours).
const SESSION: i64 = 6 * 3600;

/// `AssumeRoleForPodIdentity`, the service's only operation.
pub(crate) async fn call(account: &Account, caller: &Caller, request: &Signed<'_>) -> Result<Value, AwsFault> {
    let path = segments(request.path);
    let [clusters, name, action] = path.as_slice() else { return Err(no_route(request)) };
    if request.method != "POST" || clusters != "clusters" || action != "assume-role-for-pod-identity" {
        return Err(no_route(request));
    }
    let c = &account.config;
    let arn = format!("arn:{}:eks:{}:{}:cluster/{name}", c.partition, c.region, c.account_id);
    let allowed = account.authorise(caller, "eks-auth:AssumeRoleForPodIdentity", &arn);
    allowed.map_err(|f| AwsFault { status: 400, ..f.excepting() })?;
    let missing = |text: String| AwsFault::new(404, "ResourceNotFoundException", text);
    let cluster = account.state().clusters.get(name).cloned();
    let cluster = cluster.ok_or_else(|| missing(format!("No cluster found for name: {name}.")))?;
    let sent: Value = serde_json::from_slice(request.body).unwrap_or_default();
    let token = sent.get("token").and_then(Value::as_str).unwrap_or_default();
    if token.is_empty() {
        return Err(AwsFault::new(400, "InvalidParameterException", "token must not be empty"));
    }
    let jwt = verified(account, &cluster, token).await?;
    let subject = jwt.text("sub").unwrap_or_default();
    let association = cluster
        .associations
        .iter()
        .find(|a| subject == format!("system:serviceaccount:{}:{}", a.namespace, a.service_account))
        .ok_or_else(|| missing(format!("no Pod Identity association in cluster {name} for {subject}")))?;
    session(account, caller, (&cluster, &arn), association, &jwt)
}

fn no_route(request: &Signed<'_>) -> AwsFault {
    AwsFault::new(404, "NotFoundException", format!("the lab's EKS Auth has no {} {}", request.method, request.path))
}

/// EKS checks the token itself: its cluster's keys, the audience, the times. No provider in IAM and
/// no thumbprint has a part in it.
async fn verified(account: &Account, cluster: &Cluster, token: &str) -> Result<Jwt, AwsFault> {
    let invalid = |f: AwsFault| match f.code {
        "ExpiredTokenException" => f,
        _ => AwsFault::new(400, "InvalidTokenException", f.message),
    };
    let jwt = Jwt::parse(token).map_err(invalid)?;
    jwt.required().map_err(invalid)?;
    let bad = |text: &str| AwsFault::new(400, "InvalidTokenException", text);
    if jwt.text("iss").as_deref() != Some(cluster.issuer.as_str()) {
        return Err(bad("the token is not of the cluster's issuer"));
    }
    if !one_or_many(jwt.claims.get("aud")).iter().any(|a| a == AUDIENCE) {
        return Err(bad("the token's audience is not pods.eks.amazonaws.com"));
    }
    let unavailable = || AwsFault::new(503, "ServiceUnavailableException", "the cluster's keys cannot be read");
    let keys = fetch(account, &format!("{}/keys", cluster.issuer)).await.map_err(|_| unavailable())?;
    let keys = keys.json().filter(|_| keys.status == 200).ok_or_else(unavailable)?;
    jwt.check_signature(&keys).map_err(invalid)?;
    jwt.check_times(account.now().as_second()).map_err(invalid)?;
    Ok(jwt)
}

/// Tags that EKS gives each session (EKS User Guide, "Grant Pods access to AWS resources based on tags").
fn tags(cluster_arn: &str, cluster: &Cluster, a: &Association, jwt: &Jwt) -> BTreeMap<String, String> {
    let claim = |pointer: &str| jwt.claims.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    [
        ("eks-cluster-arn", cluster_arn),
        ("eks-cluster-name", cluster.name.as_str()),
        ("kubernetes-namespace", a.namespace.as_str()),
        ("kubernetes-service-account", a.service_account.as_str()),
        ("kubernetes-pod-name", claim("/kubernetes.io/pod/name")),
        ("kubernetes-pod-uid", claim("/kubernetes.io/pod/uid")),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

/// What the trust policy is asked with: the tags, and whose cluster asks, against a confused deputy (EKS User Guide,
/// "EKS Pod Identity role").
fn keys(account: &Account, caller: &Caller, cluster_arn: &str, tags: &BTreeMap<String, String>) -> Keys {
    let mut keys = always(account, &caller.origin);
    keys.insert("aws:sourceaccount".to_owned(), vec![account.config.account_id.clone()]);
    keys.insert("aws:sourcearn".to_owned(), vec![cluster_arn.to_owned()]);
    keys.insert("aws:tagkeys".to_owned(), tags.keys().cloned().collect());
    keys.insert("sts:transitivetagkeys".to_owned(), tags.keys().cloned().collect());
    for (key, value) in tags {
        keys.insert(format!("aws:requesttag/{key}"), vec![value.clone()]);
    }
    keys
}

fn session(
    account: &Account,
    caller: &Caller,
    (cluster, cluster_arn): (&Cluster, &str),
    a: &Association,
    jwt: &Jwt,
) -> Result<Value, AwsFault> {
    let beside = account.state().beside.get(&cluster.name).cloned().unwrap_or_default();
    let plain = beside.associations.get(&a.id).is_some_and(|more| more.no_tags);
    let tags = if plain { BTreeMap::new() } else { tags(cluster_arn, cluster, a, jwt) };
    let keys = keys(account, caller, cluster_arn, &tags);
    let role =
        role_of(account, &a.role_arn).filter(|r| admits_pods(&r.trust_policy, &keys, !plain)).ok_or_else(|| {
            AwsFault::new(
                400,
                "AccessDeniedException",
                format!(
                    "Unauthorized Exception! EKS does not have permissions to assume the associated role: {}",
                    a.role_arn
                ),
            )
        })?;
    let pod = jwt.claims.pointer("/kubernetes.io/pod/name").and_then(Value::as_str).unwrap_or("pod");
    let name = format!("eks-{}-{pod}-{}", cluster.name, crate::callers::request_id());
    let name: String = name.chars().take(64).collect();
    // All of its tags go on (EKS User Guide, "EKS Pod Identity", "session tags").
    let transitive = tags.keys().cloned().collect();
    let opened = Session { tags, transitive, ..account.session_of(&role.name, &name) };
    let id = format!("{}:{name}", opened.role_id);
    let given = account.open_session(opened, SESSION);
    let arn = crate::arns::session_arn(account, &role.name, &name);
    Ok(json!({
        "subject": {"namespace": a.namespace, "serviceAccount": a.service_account},
        "audience": AUDIENCE,
        "podIdentityAssociation": {
            "associationArn": association_arn(account, a, &cluster.name), "associationId": a.id,
        },
        "assumedRoleUser": {"arn": arn, "assumeRoleId": id},
        "credentials": {
            "accessKeyId": given.access_key_id, "secretAccessKey": given.secret_access_key,
            "sessionToken": given.session_token, "expiration": given.expires.map(jiff::Timestamp::as_second),
        },
    }))
}
