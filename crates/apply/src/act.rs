//! Each action: reading what it would replace, doing it, and telling whether it is already done.

use http::Request;
use serde_json::{Value, json};
use trustwalk_collect::World;
use trustwalk_collect::aws::AwsError;
use trustwalk_collect::kube_api::{KubeApi, RESTARTED_AT, resource};
use trustwalk_collect::percent::segment;
use trustwalk_core::evidence::{Observed, PodIdentityAssociation};
use trustwalk_core::plan::Action;

use crate::error::ApplyError;
use crate::patch;
use crate::state::{Failure, same};
use crate::verify::{PATIENCE, PAUSE};

/// What an action would replace, in the form preconditions are written in.
pub(crate) async fn current(world: &World, action: &Action) -> Result<String, ApplyError> {
    let failed = |unread: Unread| unread.told(action);
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
            let policies = world.aws.policy_names(role).await;
            let attached = |all: &Vec<_>| {
                all.iter().any(|p: &trustwalk_core::evidence::RolePolicy| p.arn.as_deref() == Some(policy_arn))
            };
            known(&policies, |all| if attached(all) { "attached" } else { "not attached" }.to_owned()).map_err(failed)
        }
        Action::SetWebhook { configuration, webhook, set } => {
            let object = cluster(world)?.webhook_configuration(configuration).await;
            let read = |v: &Value| patch::webhook(v, webhook, set);
            let gone = || Unread::Gone(format!("{configuration} has no webhook {webhook} any more"));
            known(&object, read).and_then(|found| found.ok_or_else(gone)).map_err(failed)
        }
        Action::Associate { cluster, namespace, service_account, association, .. } => {
            let all = world.aws.associations(cluster, Some(namespace)).await;
            let own = |a: &&PodIdentityAssociation| match association {
                Some(id) => a.id == *id,
                None => a.namespace == *namespace && a.service_account == *service_account,
            };
            let found = known(&all, |all| all.iter().find(own).cloned()).map_err(failed)?;
            let Some(found) = found else {
                let Some(id) = association else { return Ok("absent".to_owned()) };
                return Err(failed(Unread::Gone(format!("there is no association {id} any more"))));
            };
            let gap = found.undescribed.map(|gap| gap.to_string()).unwrap_or_default();
            found.role_arn.ok_or_else(|| failed(Unread::Gap(gap)))
        }
        Action::Restart { .. } | Action::Renew { .. } => Ok(String::new()),
    }
}

/// Why a state was not read.
enum Unread {
    /// What it is a state of is not there.
    Gone(String),
    /// Nobody knows.
    Gap(String),
}

impl Unread {
    fn told(self, action: &Action) -> ApplyError {
        let step = words(action);
        match self {
            Self::Gone(why) => ApplyError::Gone { step, why },
            Self::Gap(reason) => ApplyError::Step { step, reason },
        }
    }
}

fn known<T, U>(observed: &Observed<T>, read: impl FnOnce(&T) -> U) -> Result<U, Unread> {
    let gap = || observed.gap().unwrap_or_default();
    match observed.known() {
        Some(value) => Ok(read(value)),
        None if observed.is_absent() => Err(Unread::Gone(gap())),
        None => Err(Unread::Gap(gap())),
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
        Action::SetWebhook { set, .. } => Some(set.text()),
        Action::Associate { role_arn, .. } => Some(role_arn.clone()),
        Action::Restart { .. } | Action::Renew { .. } => None,
    }
}

/// Does it; the ARN of a provider that was made. `from` is what it replaces: a call that replaces a whole value is
/// made again only while that is still there.
pub(crate) async fn perform(world: &World, action: &Action, from: &str, now: i64) -> Result<Option<String>, Failure> {
    let aws = &world.aws;
    let still = async || current(world, action).await.is_ok_and(|found| same(&found, from));
    match action {
        Action::SetThumbprints { provider_arn, thumbprints } => {
            let sent = aws.set_thumbprints(provider_arn, thumbprints, still).await;
            arrived(world, action, from, sent).await?;
        }
        Action::AddClientId { provider_arn, client_id } => aws.add_client_id(provider_arn, client_id).await?,
        Action::CreateProvider { url, client_ids, thumbprints } => {
            return Ok(Some(aws.create_provider(url, client_ids, thumbprints).await?));
        }
        Action::SetTrustPolicy { role, document } => {
            let sent = aws.set_trust_policy(role, document, still).await;
            arrived(world, action, from, sent).await?;
        }
        Action::AttachPolicy { role, policy_arn } => aws.attach_policy(role, policy_arn).await?,
        Action::Annotate { namespace, service_account, key, value } => {
            let place = patch::account(namespace, service_account);
            let sent = patch::annotate(world, &place, (key, value.as_deref()), from).await;
            seen(world, action, from, sent).await?;
        }
        Action::SetWebhook { configuration, webhook, set } => {
            let sent = patch::set_webhook(world, configuration, (webhook, set), from).await;
            seen(world, action, from, sent).await?;
        }
        Action::Associate { cluster, namespace, service_account, role_arn, association: None } => {
            let made = aws.associate(cluster, (namespace, service_account), role_arn).await?;
            return Ok(Some(made));
        }
        Action::Associate { cluster, role_arn, association: Some(id), .. } => {
            let sent = aws.associate_with(cluster, id, role_arn, still).await;
            arrived(world, action, from, sent).await?;
        }
        Action::Restart { resource: kind, namespace, name } => {
            let Some(r) = resource(kind).filter(|r| r.kind != "Pod") else {
                return Err(Failure::Refused(format!("`{kind}` cannot be restarted")));
            };
            let path = format!("{}/namespaces/{}/{}/{}", r.api, segment(namespace), r.plural, segment(name));
            let at = jiff::Timestamp::from_second(now).map_or_else(|_| now.to_string(), |t| t.to_string());
            let change = json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: at}}}}});
            merge_patch(world, &path, &change).await?;
        }
        // Each pod is waited for: that is the roll-out's part.
        Action::Renew { .. } => {}
    }
    Ok(None)
}

/// A whole value whose answer was lost is looked at: it may have arrived all the same.
async fn arrived(world: &World, action: &Action, from: &str, sent: Result<(), AwsError>) -> Result<(), Failure> {
    seen(world, action, from, sent.map_err(Failure::from)).await
}

/// The same for any way of sending.
async fn seen(world: &World, action: &Action, from: &str, sent: Result<(), Failure>) -> Result<(), Failure> {
    let Err(failure) = sent else { return Ok(()) };
    let after = wanted(action, from);
    let is_there = async || match (&after, current(world, action).await) {
        (Some(after), Ok(found)) => same(after, &found) && !same(from, &found),
        (None, _) | (_, Err(_)) => false,
    };
    if matches!(failure, Failure::Lost(_)) && is_there().await { Ok(()) } else { Err(failure) }
}

/// Takes away what a step added. What that is was looked at right before, by [`crate::standing`].
pub(crate) async fn take_away(world: &World, action: &Action, made: Option<&str>) -> Result<(), Failure> {
    match action {
        Action::AddClientId { provider_arn, client_id } => world.aws.remove_client_id(provider_arn, client_id).await?,
        Action::CreateProvider { .. } => {
            if let Some(arn) = made {
                world.aws.delete_provider(arn).await?;
            }
        }
        Action::AttachPolicy { role, policy_arn } => world.aws.detach_policy(role, policy_arn).await?,
        Action::Associate { cluster, association: None, .. } => {
            if let Some(id) = made {
                world.aws.dissociate(cluster, id).await?;
            }
        }
        Action::Restart { .. }
        | Action::Renew { .. }
        | Action::SetWebhook { .. }
        | Action::Associate { association: Some(_), .. }
        | Action::SetThumbprints { .. }
        | Action::SetTrustPolicy { .. }
        | Action::Annotate { .. } => {}
    }
    Ok(())
}

/// Whether a write is there, by what is there now; for what cannot be told from that, `None`.
pub(crate) async fn is_there(world: &World, action: &Action, from: &str) -> Option<bool> {
    let after = wanted(action, from)?;
    let found = current(world, action).await.ok()?;
    Some(holds(action, &after, &found) && !same(from, &found))
}

/// Waits until a write can be seen, and says what was seen instead. IAM has no conditional write, so another's change
/// may have come between; and its answers lag behind its writes (IAM User Guide, "Changes that I make are not always
/// immediately visible"), so that a value of before is waited out for [`PATIENCE`].
pub(crate) async fn settled(world: &World, action: &Action, before: &str, after: &str) -> Option<String> {
    let began = tokio::time::Instant::now();
    loop {
        let found = current(world, action).await.ok()?;
        if holds(action, after, &found) {
            return None;
        }
        if !same(&found, before) {
            return Some(format!("somebody else is writing there too: right after the write it was `{found}`"));
        }
        if began.elapsed() >= PATIENCE {
            return Some(format!("it cannot be seen yet, {} s after the write was taken", PATIENCE.as_secs()));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether what is there is what was written. An audience that another added beside ours takes nothing from it.
pub(crate) fn holds(action: &Action, after: &str, found: &str) -> bool {
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
    let beside = if let Action::AddClientId { client_id, .. } = action {
        [after, found].into_iter().all(|text| list(text).contains(client_id))
    } else {
        false
    };
    beside || same(after, found)
}

/// Asks the API server what it would say to the write, with nothing written (Kubernetes API concepts, "Dry-run").
/// Why it would be refused; `None` when it would not, and where nobody can tell.
pub(crate) async fn rehearsed(world: &World, action: &Action) -> Result<Option<String>, ApplyError> {
    let (path, change) = match action {
        Action::Annotate { namespace, service_account, key, value } => {
            let path =
                format!("/api/v1/namespaces/{}/serviceaccounts/{}", segment(namespace), segment(service_account));
            (path, json!({"metadata": {"annotations": {key.as_str(): value}}}))
        }
        Action::SetWebhook { configuration, .. } => {
            let all = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
            (format!("{all}/{}", segment(configuration)), json!({}))
        }
        Action::Restart { resource: kind, namespace, name } => {
            let Some(r) = resource(kind) else { return Ok(None) };
            (format!("{}/namespaces/{}/{}/{}", r.api, segment(namespace), r.plural, segment(name)), json!({}))
        }
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::SetTrustPolicy { .. }
        | Action::AttachPolicy { .. }
        | Action::Associate { .. }
        | Action::Renew { .. } => return Ok(None),
    };
    let request = Request::patch(format!("{path}?fieldManager=trustwalk&dryRun=All"))
        .header("content-type", "application/merge-patch+json")
        .body(change.to_string().into_bytes());
    match request {
        Ok(request) => Ok(cluster(world)?.would_refuse(request).await),
        Err(error) => Ok(Some(error.to_string())),
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
        Action::SetWebhook { configuration, webhook, set } => {
            format!("set {} of webhook {webhook} in {configuration}", set.name())
        }
        Action::Associate { namespace, service_account, role_arn, association, .. } => match association {
            None => format!("associate {namespace}/{service_account} with {role_arn}"),
            Some(id) => format!("have association {id} of {namespace}/{service_account} give {role_arn}"),
        },
        Action::Restart { resource, namespace, name } => {
            format!("restart {} {namespace}/{name}", resource.to_ascii_lowercase())
        }
        Action::Renew { resource, namespace, name, pods } => {
            let pods = if pods.len() == 1 { "1 pod".to_owned() } else { format!("{} pods", pods.len()) };
            format!("renew {pods} of {} {namespace}/{name}", resource.to_ascii_lowercase())
        }
    }
}

/// Its undoing in words, which say what goes.
pub(crate) fn undo_words(action: &Action) -> String {
    let goes = match action {
        Action::CreateProvider { .. } => " (the provider is deleted)",
        Action::AddClientId { .. } => " (the audience is taken away)",
        Action::AttachPolicy { .. } => " (the policy is detached)",
        Action::Associate { association: None, .. } => " (the association is deleted)",
        Action::SetThumbprints { .. }
        | Action::SetTrustPolicy { .. }
        | Action::Annotate { .. }
        | Action::SetWebhook { .. }
        | Action::Associate { .. }
        | Action::Restart { .. }
        | Action::Renew { .. } => "",
    };
    format!("undo: {}{goes}", words(action))
}

pub(crate) fn cluster(world: &World) -> Result<&KubeApi, ApplyError> {
    world.kube.as_ref().map_err(|why| ApplyError::NoCluster(why.clone()))
}

async fn merge_patch(world: &World, path: &str, change: &Value) -> Result<(), Failure> {
    let kube = world.kube.as_ref().map_err(|why| Failure::Refused(format!("the cluster is out of reach: {why}")))?;
    let request = Request::patch(format!("{path}?fieldManager=trustwalk"))
        .header("content-type", "application/merge-patch+json")
        .body(change.to_string().into_bytes())
        .map_err(|e| Failure::Refused(e.to_string()))?;
    Ok(kube.write(request).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_compared_by_meaning() {
        assert!(same(r#"["b0","AA"]"#, r#"["aa","b0"]"#), "thumbprints");
        assert!(!same(r#"["Vault"]"#, r#"["vault"]"#), "audiences");
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
