//! A role that pods carry and their service account does not name any more.

use super::annotate::annotate;
use super::facts::{ROLE_VARIABLE, lacking};
use super::{Draft, pod_identity, pod_trust};
use crate::cause::Cause;
use crate::evidence::{Pod, ServiceAccount, View, at_work};
use crate::finding::Confidence;

/// The annotation was removed after the pods were made. Whoever goes over to Pod Identity takes it away, and makes an
/// association that gives the same role (EKS User Guide, "Assign an IAM role to a Kubernetes service account").
pub(super) fn taken_away(e: &View<'_>, sa: &ServiceAccount, who: &str) -> Option<(Cause, Draft)> {
    let (pod, arn) = left_in_pods(e)?;
    let carried = |draft: Draft| draft.show("pod", format!("{ROLE_VARIABLE}={arn}"), format!("Pod {pod}"));
    let role = e.role().known().filter(|role| role.arn == arn);
    if let Some(draft) = pod_identity::misnamed(e, sa, Some(arn)).filter(|_| role.is_none_or(pod_trust::for_pods)) {
        return Some((Cause::AssociationForAnotherServiceAccount, carried(draft)));
    }
    let annotations = sa.annotations.keys().cloned().collect::<Vec<_>>().join(", ");
    let draft = Draft::new(format!(
        "the service account {who} names no role any more; its pods still carry the one they were made with, and \
         the next ones will have none"
    ));
    let draft = carried(draft).show("annotations", annotations, format!("ServiceAccount {who}"));
    let draft = match moved(e, arn) {
        Some(decide) => draft.unsure(Confidence::Likely, decide),
        None => draft,
    };
    Some((Cause::AnnotationMissingOnServiceAccount, annotate(e, draft, sa, arn)))
}

/// What speaks for it that an account is to have its role by a Pod Identity association from now on: what is missing is
/// then that, and no annotation.
fn moved(e: &View<'_>, arn: &str) -> Option<String> {
    let whether = "whether it is to have its role by the annotation, or by a Pod Identity association from now on";
    // A cluster of EKS has associations, and those that nobody read may hold this account's.
    if e.cluster().known().is_some() && e.associations().known().is_none() && !e.associations().is_absent() {
        return Some(format!("{whether}: {}", lacking("the associations", e.associations())));
    }
    let other = e.associations().known().into_iter().flatten().find(|a| a.role_arn.as_deref() == Some(arn));
    if let Some(a) = other {
        return Some(format!("{whether}: the one of {}/{} gives that role", a.namespace, a.service_account));
    }
    let role = e.role().known().filter(|role| role.arn == arn && pod_trust::for_pods_alone(role))?;
    Some(format!("{whether}: the role {} trusts no identity provider, and Pod Identity", role.name))
}

/// The volume that the webhook mounts the token from (amazon-eks-pod-identity-webhook).
pub(super) const WEBHOOK_VOLUME: &str = "aws-iam-token";

/// The role that pods got from the webhook when their service account still named one.
fn left_in_pods<'a>(e: &View<'a>) -> Option<(&'a str, &'a str)> {
    let template = e.workload().known().map(|w| &w.template);
    if template.is_some_and(|t| t.containers.iter().any(|c| c.has_env(ROLE_VARIABLE))) {
        return None;
    }
    // Without a template the webhook's own volume tells that the variable is not somebody's by hand.
    let by_webhook = |p: &&Pod| template.is_some() || p.spec.token_volumes.iter().any(|v| v.name == WEBHOOK_VOLUME);
    let pods = e.pods().known().into_iter().flat_map(|all| at_work(all));
    pods.filter(by_webhook)
        .flat_map(|p| p.spec.containers.iter().map(move |c| (p, c)))
        .find_map(|(p, c)| Some((p.name.as_str(), c.env_value(ROLE_VARIABLE).filter(|v| !v.is_empty())?)))
}
