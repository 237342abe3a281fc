//! What can be known of a plan's rights before anything is written: that nothing be left half done for the want of
//! one.
//!
//! The API server is asked to rehearse each write. IAM has no rehearsals: its simulator is asked, where the caller
//! may, and where it may not, or cannot say, that is told.

use trustwalk_collect::World;
use trustwalk_collect::aws::Simulated;
use trustwalk_collect::kube_api::Evicted;
use trustwalk_core::plan::{Action, Hand, Step};

use crate::act;
use crate::error::ApplyError;

/// What was found of a plan that is not known to be refused.
#[derive(Debug, Default)]
pub(crate) struct Foreseen {
    /// Permissions of which it is not known whether they are given.
    pub(crate) unknown: Vec<String>,
    /// What will be waited for, as things are now.
    pub(crate) waits: Vec<String>,
}

/// Refuses a plan of which a step is known to be refused; says of which steps it is not known, and which will wait.
pub(crate) async fn rights(world: &World, steps: &[&Step], by: &Hand) -> Result<Foreseen, ApplyError> {
    let (mut unknown, mut waits) = (Vec::new(), Vec::new());
    let source = principal(world, by.caller.as_deref()).await;
    for (index, step) in steps.iter().enumerate() {
        let refused = |reason: String| ApplyError::NotAllowed {
            number: index + 1,
            of: steps.len(),
            step: act::words(&step.action),
            reason,
        };
        if let Some(reason) = act::rehearsed(world, &step.action).await? {
            return Err(refused(reason));
        }
        match evictions(world, &step.action).await? {
            Rehearsed::Would => {}
            Rehearsed::Refused(reason) => return Err(refused(reason)),
            Rehearsed::Waits(why) => waits.push(why),
            Rehearsed::Unknown => unknown.push(EVICT.to_owned()),
        }
        let Some((permission, resource)) = permission(&step.action, by) else { continue };
        match &source {
            Source::Root => {}
            Source::Unknown => unknown.push(permission.to_owned()),
            Source::Principal(arn) => match world.aws.simulate(arn, permission, resource.as_deref()).await {
                Simulated::Allowed => {}
                Simulated::Unknown => unknown.push(permission.to_owned()),
                Simulated::Denied { decision } => {
                    let on = resource.unwrap_or_else(|| "*".to_owned());
                    return Err(refused(format!("{arn} is not allowed {permission} on {on} ({decision})")));
                }
            },
        }
    }
    Ok(Foreseen { unknown, waits })
}

/// What evicting a pod needs (Kubernetes documentation, "API-initiated Eviction").
const EVICT: &str = "create pods/eviction";

/// What is known of evictions beforehand.
enum Rehearsed {
    /// They would be taken, or there are none.
    Would,
    /// They would be refused for good; why.
    Refused(String),
    /// A disruption budget allows none now; its words.
    Waits(String),
    /// The server did not say.
    Unknown,
}

/// Asks the API server what it would say to the first eviction of a step, with nothing evicted: the pods of a workload
/// have the same labels, which are what budgets and policies go by.
async fn evictions(world: &World, action: &Action) -> Result<Rehearsed, ApplyError> {
    let Action::Renew { namespace, pods, .. } = action else { return Ok(Rehearsed::Would) };
    let kube = act::cluster(world)?;
    for pod in pods {
        return Ok(match kube.rehearse_eviction(namespace, &pod.name, &pod.uid).await {
            Evicted::Gone => continue,
            Evicted::Goes => Rehearsed::Would,
            Evicted::Budget { why, .. } => {
                Rehearsed::Waits(format!("a disruption budget stands in the way as things are now: {why}"))
            }
            Evicted::Refused(why) => Rehearsed::Refused(why),
            Evicted::Busy { .. } | Evicted::Lost(_) => Rehearsed::Unknown,
        });
    }
    Ok(Rehearsed::Would)
}

/// Whose policies the simulator is asked about.
enum Source {
    /// The account's root user, who may do everything that no organization forbids.
    Root,
    /// A user or role.
    Principal(String),
    /// Nobody that can be named.
    Unknown,
}

/// The user or role behind a caller. A session names its role without the path, which the role itself tells.
async fn principal(world: &World, caller: Option<&str>) -> Source {
    let Some(arn) = caller else { return Source::Unknown };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let Some(name) = parts.last() else { return Source::Unknown };
    if *name == "root" {
        return Source::Root;
    }
    if name.starts_with("user/") {
        return Source::Principal(arn.to_owned());
    }
    let role = name.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    let Some(role) = role else { return Source::Unknown };
    match world.aws.role(role).await.known() {
        Some(role) => Source::Principal(role.arn.clone()),
        None => Source::Unknown,
    }
}

/// The permission that an action needs, and on what; `None` for one that is about the cluster (Service Authorization
/// Reference, "Actions, resources, and condition keys for AWS Identity and Access Management").
fn permission(action: &Action, by: &Hand) -> Option<(&'static str, Option<String>)> {
    // In the caller's own account: a step elsewhere was refused before.
    let account = by.caller.as_deref().and_then(|arn| arn.split(':').nth(4)).unwrap_or_default();
    let partition = by.caller.as_deref().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
    let role = |name: &str| Some(format!("arn:{partition}:iam::{account}:role/{name}"));
    Some(match action {
        Action::SetThumbprints { provider_arn, .. } => {
            ("iam:UpdateOpenIDConnectProviderThumbprint", Some(provider_arn.clone()))
        }
        Action::AddClientId { provider_arn, .. } => {
            ("iam:AddClientIDToOpenIDConnectProvider", Some(provider_arn.clone()))
        }
        Action::CreateProvider { url, .. } => {
            let bare = url.trim_start_matches("https://");
            ("iam:CreateOpenIDConnectProvider", Some(format!("arn:{partition}:iam::{account}:oidc-provider/{bare}")))
        }
        Action::SetTrustPolicy { role: name, .. } => ("iam:UpdateAssumeRolePolicy", role(name)),
        Action::AttachPolicy { role: name, .. } => ("iam:AttachRolePolicy", role(name)),
        Action::Associate { association: None, .. } => ("eks:CreatePodIdentityAssociation", None),
        Action::Associate { association: Some(_), .. } => ("eks:UpdatePodIdentityAssociation", None),
        Action::Annotate { .. } | Action::SetWebhook { .. } | Action::Restart { .. } | Action::Renew { .. } => {
            return None;
        }
    })
}
