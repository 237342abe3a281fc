//! Where a plan is carried out: which account and which cluster, and that nobody else of this
//! user is at work there.

use std::fs::File;

use trustwalk_collect::World;
use trustwalk_collect::aws::Service;
use trustwalk_core::evidence::Source;
use trustwalk_core::plan::{Action, Hand, Place, Step};
use trustwalk_foreign::visible;

use crate::error::ApplyError;
use crate::home::{Home, digest};

/// The place this process is configured for.
pub(crate) async fn here(world: &World) -> Place {
    let caller = world.aws.caller().await;
    Place {
        account: caller.known().map(|c| c.account.clone()),
        endpoint: world.aws.endpoint(Service::Iam),
        cluster: world.kube.as_ref().ok().map(|k| k.server.clone()),
    }
}

/// The name under which this program signs what it did.
const TOOL: &str = concat!("trustwalk ", env!("CARGO_PKG_VERSION"));
/// Where the cluster says who asks (Kubernetes API, `authentication.k8s.io/v1`, `SelfSubjectReview`).
const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
/// Longest name that is written down.
const MOST_NAME: usize = 1024;

/// Who is at work here, as far as it can be known.
pub(crate) async fn hand(world: &World) -> Hand {
    let caller = world.aws.caller().await.known().and_then(|c| name(&c.arn));
    Hand { caller, user: user(world).await, machine: machine(), tool: TOOL.to_owned() }
}

async fn user(world: &World) -> Option<String> {
    let kube = world.kube.as_ref().ok()?;
    let review = serde_json::json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let request = http::Request::post(WHO).header("content-type", "application/json");
    let request = request.body(review.to_string().into_bytes()).ok()?;
    let source = Source { what: "SelfSubjectReview".to_owned(), at: kube.now(), by_hand: None };
    let answer = kube.observe(request, source, "create selfsubjectreviews").await;
    name(answer.known()?.pointer("/status/userInfo/username")?.as_str()?)
}

/// The host's name (proc(5), `/proc/sys/kernel/hostname`), else what the shell says.
fn machine() -> Option<String> {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    told.or_else(|| trustwalk_collect::env_var("HOSTNAME")).and_then(|text| name(text.trim()))
}

/// A name that can be written down: nothing in it hides, and it is no secret.
fn name(text: &str) -> Option<String> {
    let plain = !text.is_empty() && text.len() <= MOST_NAME && !text.chars().any(visible::is_hidden);
    plain.then(|| trustwalk_foreign::redact(text).into_owned())
}

/// Whether an action is about the account, rather than about the cluster.
fn in_account(action: &Action) -> bool {
    match action {
        Action::SetThumbprints { .. }
        | Action::AddClientId { .. }
        | Action::CreateProvider { .. }
        | Action::SetTrustPolicy { .. }
        | Action::Associate { .. }
        | Action::AttachPolicy { .. } => true,
        Action::Annotate { .. } | Action::SetWebhook { .. } | Action::Restart { .. } | Action::Renew { .. } => false,
    }
}

/// Refuses to act elsewhere than `then` says. What is unknown is like nothing that is known: a step that needs an
/// account or a cluster needs to know that it is the same one.
pub(crate) fn must_be(then: &Place, here: &Place, steps: &[&Step]) -> Result<(), ApplyError> {
    let agree = |what: &'static str, then: &Option<String>, now: &Option<String>, needed: bool| match (then, now) {
        (Some(then), Some(now)) if then == now => Ok(()),
        (Some(then), Some(now)) => Err(ApplyError::Elsewhere { what, then: then.clone(), now: now.clone() }),
        (None, None) if needed => Err(ApplyError::Unplaced { what }),
        _ if needed => {
            let told = |known: &Option<String>| known.clone().unwrap_or_else(|| "not known".to_owned());
            Err(ApplyError::Elsewhere { what, then: told(then), now: told(now) })
        }
        _ => Ok(()),
    };
    agree("AWS account", &then.account, &here.account, steps.iter().any(|s| in_account(&s.action)))?;
    agree("cluster", &then.cluster, &here.cluster, steps.iter().any(|s| !in_account(&s.action)))
}

/// Keeps every other run of this user away from this account, whatever cluster it comes with, and from this cluster.
/// The endpoint is part of the account: that of a lab has the number of every other lab's.
pub(crate) fn lock(place: &Place, home: &Home) -> Result<Vec<File>, ApplyError> {
    let account = format!("{}|{}", place.endpoint, place.account.as_deref().unwrap_or_default());
    let names = [Some(("account", account.as_str())), place.cluster.as_deref().map(|c| ("cluster", c))];
    let short = |text: &str| digest(text.as_bytes()).chars().take(16).collect::<String>();
    names.into_iter().flatten().map(|(sort, name)| home.lock(&format!("{sort}-{}", short(name)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustwalk_core::plan::{Applicability, Effect, Precondition};

    fn place(account: Option<&str>, cluster: Option<&str>) -> Place {
        let own = |s: Option<&str>| s.map(str::to_owned);
        Place { account: own(account), endpoint: "http://iam".to_owned(), cluster: own(cluster) }
    }

    fn step(action: Action) -> Step {
        Step {
            action,
            precondition: Precondition { words: String::new(), expected: String::new() },
            effect: Effect { words: String::new(), changes: Vec::new(), blast_radius: String::new(), past: None },
            inverse: None,
            applicability: Applicability::NeedsApproval,
        }
    }

    #[test]
    fn another_account_or_cluster_is_refused() {
        let then = place(Some("111122223333"), Some("https://a"));
        assert!(must_be(&then, &then, &[]).is_ok());
        let other = must_be(&then, &place(Some("444455556666"), Some("https://a")), &[]).unwrap_err().to_string();
        assert!(other.contains("`111122223333`") && other.contains("`444455556666`"), "{other}");
        let other = must_be(&then, &place(Some("111122223333"), Some("https://b")), &[]).unwrap_err().to_string();
        assert!(other.contains("cluster") && other.contains("`https://b`"), "{other}");
    }

    #[test]
    fn what_is_not_known_is_not_the_same_where_a_step_needs_it() {
        let attach = step(Action::AttachPolicy { role: "r".into(), policy_arn: "p".into() });
        let restart = step(Action::Restart { resource: "DaemonSet".into(), namespace: "n".into(), name: "d".into() });
        let here = place(Some("111122223333"), Some("https://a"));
        for then in [place(None, Some("https://a")), place(None, None)] {
            assert!(must_be(&then, &here, &[&attach]).is_err(), "a forged receipt names no account");
            assert!(must_be(&here, &then, &[&attach]).is_err());
        }
        assert!(must_be(&place(None, Some("https://a")), &here, &[&restart]).is_ok());
        assert!(must_be(&place(None, None), &here, &[&restart]).is_err());
        assert!(must_be(&place(None, None), &place(None, None), &[&restart]).is_err());
    }
}
