//! The version of the admission review in which API server and webhook speak, and what cannot be told from it.

use trustwalk_foreign::shell;
use trustwalk_symptoms::Symptom;

use super::Draft;
use super::registered::{Base, Complaint, idle, injecting, is_ours_by_name, set, show, trusted};
use crate::cause::Cause;
use crate::evidence::{View, Webhook};
use crate::finding::Confidence;
use crate::plan::{WebhookField, ways};

/// A version of the admission review that API servers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Review {
    V1,
    V1beta1,
}

/// The version in which the API server asks: the first of the list that it knows (`k8s.io/apiserver`,
/// `CreateAdmissionObjects`).
fn asked_in(hook: &Webhook) -> Option<Review> {
    hook.review_versions.iter().find_map(|version| match version.as_str() {
        "v1" => Some(Review::V1),
        "v1beta1" => Some(Review::V1beta1),
        _ => None,
    })
}

/// Up to this version the webhook answers without `apiVersion` and `kind`, which API servers take for an answer in
/// `v1beta1` alone (amazon-eks-pod-identity-webhook, `pkg/handler/handler.go` of v0.6.17; changed by its pull request
/// 310; `k8s.io/apiserver`, `VerifyAdmissionResponse`).
const UNVERSIONED: [u32; 3] = [0, 6, 17];

/// Whether the webhook's image is of such a version, as far as its tag tells.
fn unversioned(hook: &Webhook) -> Option<bool> {
    let image = hook.image.as_deref()?.split('@').next()?;
    let tag = image.rsplit('/').next()?.split_once(':')?.1;
    let numbers = tag.strip_prefix('v').unwrap_or(tag).split(['-', '+']).next()?.split('.');
    let numbers: Vec<u32> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
    let version: [u32; 3] = numbers.try_into().ok()?;
    Some(version <= UNVERSIONED)
}

pub(super) const OLDER_FIRST: &str = "list v1beta1 before v1, or run a webhook newer than 0.6.17, which answers in \
                                      the version that it is asked in; then recreate the pods";
const NEWER_FIRST: &str = "list v1 before v1beta1, as the webhook answers in v1; then recreate the pods";

/// The command that changes the list, found by the webhook's name.
pub(super) fn relist(configuration: &str, webhook: &str, versions: &[&str]) -> String {
    let change = serde_json::json!({"webhooks": [{"name": webhook, "admissionReviewVersions": versions}]});
    let template = "kubectl patch mutatingwebhookconfiguration {} --type=strategic -p {}";
    shell::line(template, &[configuration, &change.to_string()])
}

fn relisted(e: &View<'_>, hook: &Webhook, draft: Draft) -> Draft {
    let (title, versions) = match asked_in(hook) {
        Some(Review::V1) | None => (OLDER_FIRST, ["v1beta1", "v1"]),
        Some(Review::V1beta1) => (NEWER_FIRST, ["v1", "v1beta1"]),
    };
    let action = set(hook, WebhookField::ReviewVersions(versions.map(str::to_owned).to_vec()));
    let by_hand = ways(e, &action);
    if !is_ours_by_name(hook) {
        return draft.cure(title, &by_hand);
    }
    draft.act(title, vec![action], &by_hand)
}

fn versions(hook: &Webhook, draft: Draft) -> Draft {
    let draft = show(hook, draft, "admissionReviewVersions", hook.review_versions.join(", "));
    match &hook.image {
        Some(image) => draft.show("image of the webhook", image.clone(), hook.endpoint.clone()),
        None => draft,
    }
}

/// API server and webhook do not agree on a version of the review: the API server says so, or knows none of the list.
pub(super) fn disagreed(
    e: &View<'_>,
    hook: &Webhook,
    base: &Base<'_>,
    complaint: Option<Complaint<'_>>,
) -> Option<(Cause, Draft)> {
    let name = &hook.configuration;
    let draft = if let Some(said) = complaint.filter(|c| c.symptom() == Symptom::WebhookReviewVersion) {
        said.on(base(format!(
            "the API server does not take the answer of the webhook {name}: the two do not agree on a version of the \
             admission review"
        )))
    } else if !hook.review_versions.is_empty() && asked_in(hook).is_none() {
        let listed = hook.review_versions.join(", ");
        base(format!("the webhook {name} is registered for admission reviews {listed}, which no API server knows"))
    } else {
        return None;
    };
    Some((Cause::WebhookMisconfiguredApiVersion, relisted(e, hook, versions(hook, draft))))
}

/// It is asked in `v1`, gives nothing to a pod made now, and is not known to be new enough to answer in that.
pub(super) fn asked_in_v1(e: &View<'_>, hook: &Webhook, base: &Base<'_>) -> Option<(Cause, Draft)> {
    let old = unversioned(hook);
    if asked_in(hook) != Some(Review::V1) || old == Some(false) {
        return None;
    }
    let name = &hook.configuration;
    let which = if old.is_some() { "which is of such a version" } else { "whose version is not known" };
    let draft = base(format!(
        "the webhook {name}, {which}, is asked in admission.k8s.io/v1, the first of its list: up to version 0.6.17 it \
         answers without a version, which the API server does not take, and a new pod gets no role"
    ));
    let draft = versions(hook, draft).unsure(
        if is_unverified(hook, old) { Confidence::Possible } else { Confidence::Likely },
        "the API server's log: `expected webhook response of admission.k8s.io/v1` beside the webhook's name",
    );
    Some((Cause::WebhookMisconfiguredApiVersion, relisted(e, hook, draft)))
}

/// Whether nothing tells an answer that is not taken from a certificate that is not trusted: a webhook that is called
/// at a URL shows neither its image nor, where only the API server reaches it, its certificate.
fn is_unverified(hook: &Webhook, old: Option<bool>) -> bool {
    old.is_none() && hook.ca_verifies.is_none()
}

/// What explains as well that the webhook gives nothing to a new pod, where only its registration could be read.
pub(super) fn beside(e: &View<'_>, found: Cause, base: &Base<'_>) -> Option<(Cause, Draft)> {
    let hook = injecting(e).into_iter().next()?;
    if found != Cause::WebhookMisconfiguredApiVersion || !is_unverified(hook, unversioned(hook)) || !idle(e) {
        return None;
    }
    let draft = base(format!(
        "what the webhook {} serves at {} could not be read: where it does not verify against its caBundle, the API \
         server calls it in vain, and a new pod gets no role",
        hook.configuration, hook.endpoint
    ));
    let draft = show(hook, draft, "caBundle SHA-256", hook.ca_sha256.join(", ")).unsure(
        Confidence::Possible,
        "the API server's log: `x509: certificate signed by unknown authority` beside the webhook's name",
    );
    Some((Cause::WebhookMisconfiguredCabundle, trusted(e, hook, draft)))
}

#[cfg(test)]
mod tests {
    use super::{Webhook, unversioned};

    #[test]
    fn the_tag_tells_whether_an_answer_has_a_version() {
        let of = |image: &str| unversioned(&Webhook { image: Some(image.to_owned()), ..Webhook::default() });
        for old in ["r.example:5000/x/hook:v0.6.11", "hook:0.6.17-eks-1", "a/hook:v0.6.17@sha256:00", "hook:v0.1.0"] {
            assert_eq!(of(old), Some(true), "{old}");
        }
        for new in ["hook:v0.6.18", "hook:v0.7.0", "a/hook:1.0.0"] {
            assert_eq!(of(new), Some(false), "{new}");
        }
        for silent in ["hook", "r.example:5000/hook", "hook:latest", "hook:v0.6", "hook@sha256:00"] {
            assert_eq!(of(silent), None, "{silent}");
        }
    }
}
