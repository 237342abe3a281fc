//! What an environment that stands in a log shows: that an identity was given, so that nothing kept it away.

use trustwalk_symptoms::{SuccessKind, Symptom};

use super::own_chain::own_chain;
use super::symptoms::WITHOUT_IDENTITY;
use super::{Draft, Judged};
use crate::cause::Cause;
use crate::evidence::{LogFailure, LogSuccess, Target, View};
use crate::finding::Confidence;

/// Causes by which a container is given nothing, as the question of the injection names them.
pub(super) const NOT_INJECTED: &[Cause] = &[
    Cause::WebhookAbsentOrNotRunning,
    Cause::PodCreatedBeforeAnnotationOrWebhook,
    Cause::WebhookMisconfiguredCabundle,
    Cause::ContainerInjectedAfterWebhook,
    Cause::WebhookMisconfiguredApiVersion,
    Cause::WebhookSaCacheRace,
    Cause::ContainerSkippedByAnnotation,
    Cause::PodIdentityAssociationCacheRace,
];

/// The same, as the question of the service account names them.
pub(super) const NOT_ANNOTATED: &[Cause] = &[
    Cause::AnnotationMissingOnServiceAccount,
    Cause::AnnotationOnPodNotServiceAccount,
    Cause::AddonAnnotatesOneOfSeveralServiceAccounts,
    Cause::AnnotationKeyWrong,
];

/// The line of a log alone that shows an environment with such an identity.
fn given<'a>(view: &View<'a>, kind: SuccessKind) -> Option<&'a LogSuccess> {
    let alone = matches!(view.target(), Target::Log { .. });
    view.besides().successes.iter().find(|s| alone && s.success.kind == kind)
}

/// Rules out what would have kept role and token from the container whose environment is shown.
pub(super) fn rule_out(view: &View<'_>, mut judged: Judged, causes: &[Cause]) -> Judged {
    let kinds = [SuccessKind::WebIdentityGiven, SuccessKind::PodIdentityGiven];
    let Some(seen) = kinds.into_iter().find_map(|kind| given(view, kind)) else { return judged };
    let by = format!("the environment that the log shows has the identity: {}", seen.success.message);
    let named: Vec<Cause> = judged.found.iter().map(|f| f.cause).collect();
    for cause in causes.iter().filter(|c| !named.contains(c)) {
        judged.exclude(*cause, by.clone());
    }
    judged
}

/// The client came to no identity although the environment that the log shows has one.
pub(super) fn unused(view: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let symptom = line.failure.symptom;
    if !WITHOUT_IDENTITY.contains(&symptom) || symptom == Symptom::WebIdentityNotGiven {
        return None;
    }
    let shown =
        |draft: Draft, seen: &LogSuccess| draft.show("environment", seen.success.message.clone(), seen.origin.clone());
    if let Some(seen) = given(view, SuccessKind::WebIdentityGiven) {
        let (cause, draft) = own_chain(view, line);
        let decide = "which source of credentials the application asks: its configuration, its SDK's version, its log \
                      at debug level";
        return Some((cause, shown(draft.hear(line), seen).unsure(Confidence::Possible, decide)));
    }
    let seen = given(view, SuccessKind::PodIdentityGiven)?;
    let draft = Draft::new(
        "container credentials are in the environment and the application does not use them: its SDK does not know \
         Pod Identity",
    )
    .hear(line)
    .unsure(Confidence::Possible, "the SDK's version; EKS User Guide lists the first that knows Pod Identity")
    .cure("use an image with a newer AWS SDK", &[("note", "or use the role-arn annotation instead".to_owned())]);
    Some((Cause::AppOrSdkLacksPodIdentitySupport, shown(draft, seen)))
}

/// The service account that the log shows names its role under a key that is not the webhook's.
pub(super) fn another_key(line: &LogFailure) -> (Cause, Draft) {
    let key = line.failure.detail.as_deref().unwrap_or("another key");
    let draft =
        Draft::new(format!("the service account names its role under `{key}`, which EKS's webhook does not read"))
            .hear(line)
            .show("key read", "eks.amazonaws.com/role-arn", "amazon-eks-pod-identity-webhook")
            .unsure(Confidence::Likely, "whether the webhook is one of your own with another --annotation-prefix")
            .cure("name the role under eks.amazonaws.com/role-arn, and recreate the pods", &[]);
    (Cause::AnnotationKeyWrong, draft)
}

/// What was given for a role: the ARN of a session, which a refusal names, or what STS does not take for an ARN.
pub(super) fn not_a_role(session: bool) -> &'static str {
    if session {
        "the client asks for the ARN of a session, where a role's belongs"
    } else {
        "STS says that what it was asked for is not a role's ARN"
    }
}
