//! Each action: reading what it would replace, doing it, and telling whether it is already done.

use http::Request;
use serde_json::{Value, json};
use trustwalk_collect::World;
use trustwalk_collect::kube_api::{KubeApi, resource};
use trustwalk_core::evidence::{Observed, Source};
use trustwalk_core::plan::Action;

use crate::error::ApplyError;

/// The annotation `kubectl rollout restart` sets on the pod template.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// What an action would replace, in the form preconditions are written in.
pub(crate) async fn current(world: &World, action: &Action) -> Result<String, ApplyError> {
    let failed = |reason: String| ApplyError::Step { step: words(action), reason };
    let list = |items: &[String]| json!(items).to_string();
    match action {
        Action::SetThumbprints { provider_arn, .. } => {
            let provider = world.aws.provider(provider_arn).await;
            known(&provider, |p| list(&p.thumbprints)).map_err(failed)
        }
        Action::AddClientId { provider_arn, .. } => {
            let provider = world.aws.provider(provider_arn).await;
            known(&provider, |p| list(&p.client_ids)).map_err(failed)
        }
        Action::CreateProvider { url, .. } => {
            let providers = world.aws.providers().await;
            let suffix = format!(":oidc-provider/{}", url.trim_start_matches("https://"));
            let exists = |all: &Vec<String>| all.iter().any(|a| a.ends_with(&suffix));
            known(&providers, |all| if exists(all) { "present" } else { "absent" }.to_owned()).map_err(failed)
        }
        Action::SetTrustPolicy { role, .. } => {
            let role = world.aws.role(role).await;
            known(&role, |r| r.trust_policy.clone()).map_err(failed)
        }
        Action::Annotate { namespace, service_account, key, .. } => {
            let sa = cluster(world)?.service_account(namespace, service_account).await;
            known(&sa, |s| s.annotations.get(key).cloned().unwrap_or_default()).map_err(failed)
        }
        Action::AttachPolicy { role, policy_arn } => {
            let policies = world.aws.role_policies(role, None).await;
            let attached = |all: &Vec<_>| {
                all.iter().any(|p: &trustwalk_core::evidence::RolePolicy| p.arn.as_deref() == Some(policy_arn))
            };
            known(&policies, |all| if attached(all) { "attached" } else { "not attached" }.to_owned()).map_err(failed)
        }
        Action::Restart { .. } => Ok(String::new()),
    }
}

fn known<T>(observed: &Observed<T>, read: impl FnOnce(&T) -> String) -> Result<String, String> {
    match observed.known() {
        Some(value) => Ok(read(value)),
        None => Err(observed.gap().unwrap_or_default()),
    }
}

/// What [`current`] says once the action is done; `None` when it cannot be told from the state.
pub(crate) fn wanted(action: &Action, before: &str) -> Option<String> {
    match action {
        Action::SetThumbprints { thumbprints, .. } => Some(json!(thumbprints).to_string()),
        Action::AddClientId { client_id, .. } => {
            let mut ids: Vec<String> = serde_json::from_str(before).unwrap_or_default();
            if !ids.contains(client_id) {
                ids.push(client_id.clone());
            }
            Some(json!(ids).to_string())
        }
        Action::CreateProvider { .. } => Some("present".to_owned()),
        Action::SetTrustPolicy { document, .. } => Some(document.clone()),
        Action::Annotate { value, .. } => Some(value.clone().unwrap_or_default()),
        Action::AttachPolicy { .. } => Some("attached".to_owned()),
        Action::Restart { .. } => None,
    }
}

/// Whether two states are the same: JSON by value, lists of names as sets, anything else as text.
pub(crate) fn same(a: &str, b: &str) -> bool {
    match (serde_json::from_str::<Value>(a), serde_json::from_str::<Value>(b)) {
        (Ok(Value::Array(mut x)), Ok(Value::Array(mut y))) => {
            let key = |v: &Value| v.to_string().to_ascii_lowercase();
            x.sort_by_key(key);
            y.sort_by_key(key);
            x.len() == y.len() && x.iter().zip(&y).all(|(p, q)| key(p) == key(q))
        }
        (Ok(x), Ok(y)) => x == y,
        _ => a == b,
    }
}

/// Does it.
pub(crate) async fn perform(world: &World, action: &Action, now: i64) -> Result<(), ApplyError> {
    let failed = |reason: String| ApplyError::Step { step: words(action), reason };
    let aws = &world.aws;
    let outcome = match action {
        Action::SetThumbprints { provider_arn, thumbprints } => aws.set_thumbprints(provider_arn, thumbprints).await,
        Action::AddClientId { provider_arn, client_id } => aws.add_client_id(provider_arn, client_id).await,
        Action::CreateProvider { url, client_ids, thumbprints } => {
            aws.create_provider(url, client_ids, thumbprints).await.map(drop)
        }
        Action::SetTrustPolicy { role, document } => aws.set_trust_policy(role, document).await,
        Action::AttachPolicy { role, policy_arn } => aws.attach_policy(role, policy_arn).await,
        Action::Annotate { namespace, service_account, key, value } => {
            let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}");
            let change = json!({"metadata": {"annotations": {key.as_str(): value}}});
            return merge_patch(cluster(world)?, &path, &change, "patch serviceaccounts").await.map_err(failed);
        }
        Action::Restart { resource: kind, namespace, name } => {
            let Some(r) = resource(kind) else { return Err(failed(format!("`{kind}` cannot be restarted"))) };
            if r.kind == "Pod" {
                return delete(cluster(world)?, &format!("/api/v1/namespaces/{namespace}/pods/{name}"))
                    .await
                    .map_err(failed);
            }
            let path = format!("{}/namespaces/{namespace}/{}/{name}", r.api, r.plural);
            let at = jiff::Timestamp::from_second(now).map_or_else(|_| now.to_string(), |t| t.to_string());
            let change = json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}});
            let permission = format!("patch {}", r.plural);
            return merge_patch(cluster(world)?, &path, &change, &permission).await.map_err(failed);
        }
    };
    outcome.map_err(|e| failed(e.to_string()))
}

/// Undoes it: the inverse where the plan gives one, else what only undoing needs.
pub(crate) async fn undo(world: &World, action: &Action, inverse: Option<&Action>, now: i64) -> Result<(), ApplyError> {
    let failed = |e: trustwalk_collect::aws::AwsError| ApplyError::Step {
        step: format!("undo {}", words(action)),
        reason: e.to_string(),
    };
    match (action, inverse) {
        (_, Some(inverse)) => perform(world, inverse, now).await,
        (Action::AddClientId { provider_arn, client_id }, None) => {
            world.aws.remove_client_id(provider_arn, client_id).await.map_err(failed)
        }
        (Action::CreateProvider { url, .. }, None) => {
            let suffix = format!(":oidc-provider/{}", url.trim_start_matches("https://"));
            let all = world.aws.providers().await;
            match all.known().into_iter().flatten().find(|a| a.ends_with(&suffix)) {
                Some(arn) => world.aws.delete_provider(arn).await.map_err(failed),
                None => Ok(()),
            }
        }
        (Action::AttachPolicy { role, policy_arn }, None) => {
            world.aws.detach_policy(role, policy_arn).await.map_err(failed)
        }
        (
            Action::Restart { .. }
            | Action::SetThumbprints { .. }
            | Action::SetTrustPolicy { .. }
            | Action::Annotate { .. },
            None,
        ) => Ok(()),
    }
}

/// The action in words, for errors and progress.
pub(crate) fn words(action: &Action) -> String {
    match action {
        Action::SetThumbprints { provider_arn, thumbprints } => {
            format!("set {} thumbprints of {provider_arn}", thumbprints.len())
        }
        Action::AddClientId { provider_arn, client_id } => format!("register audience {client_id} with {provider_arn}"),
        Action::CreateProvider { url, .. } => format!("register provider {url}"),
        Action::SetTrustPolicy { role, .. } => format!("set trust policy of role {role}"),
        Action::Annotate { namespace, service_account, key, .. } => {
            format!("annotate serviceaccount {namespace}/{service_account} {key}")
        }
        Action::AttachPolicy { role, policy_arn } => format!("attach {policy_arn} to role {role}"),
        Action::Restart { resource, namespace, name } => {
            format!("restart {} {namespace}/{name}", resource.to_ascii_lowercase())
        }
    }
}

fn cluster(world: &World) -> Result<&KubeApi, ApplyError> {
    world.kube.as_ref().map_err(|why| ApplyError::NoCluster(why.clone()))
}

async fn merge_patch(kube: &KubeApi, path: &str, change: &Value, permission: &str) -> Result<(), String> {
    let request = Request::patch(format!("{path}?fieldManager=trustwalk"))
        .header("content-type", "application/merge-patch+json")
        .body(change.to_string().into_bytes())
        .map_err(|e| e.to_string())?;
    send(kube, request, path, permission).await
}

async fn delete(kube: &KubeApi, path: &str) -> Result<(), String> {
    let request = Request::delete(path).body(Vec::new()).map_err(|e| e.to_string())?;
    send(kube, request, path, "delete pods").await
}

async fn send(kube: &KubeApi, request: Request<Vec<u8>>, what: &str, permission: &str) -> Result<(), String> {
    let source = Source { what: what.to_owned(), at: kube.now(), by_hand: None };
    let outcome = kube.observe(request, source, permission).await;
    match &outcome {
        Observed::Known { .. } => Ok(()),
        Observed::Denied { message, .. } => Err(format!("{} ({message})", outcome.gap().unwrap_or_default())),
        Observed::Absent { .. } | Observed::Unreachable { .. } | Observed::NotCollected { .. } => {
            Err(outcome.gap().unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_compared_by_meaning() {
        assert!(same(r#"["b","A"]"#, r#"["a","b"]"#));
        assert!(!same(r#"["a","a"]"#, r#"["a"]"#));
        assert!(same(r#"{"a": 1, "b": 2}"#, r#"{"b":2,"a":1}"#));
        assert!(same("plain", "plain") && !same("plain", "other"));
    }

    #[test]
    fn adding_an_audience_keeps_the_others() {
        let action = Action::AddClientId { provider_arn: "p".into(), client_id: "b".into() };
        assert_eq!(wanted(&action, r#"["a"]"#).as_deref(), Some(r#"["a","b"]"#));
        assert_eq!(wanted(&action, r#"["b"]"#).as_deref(), Some(r#"["b"]"#));
    }
}
