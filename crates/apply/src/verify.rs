//! Proof that a repair works: a fresh token of the workload's own kind, and a real exchange.

use std::time::Duration;

use trustwalk_collect::World;
use trustwalk_collect::aws::exchange_error;
use trustwalk_core::evidence::{Evidence, Exchange};
use trustwalk_core::plan::{Action, ReceiptStep, StepState};

use crate::journal::Journal;

/// The annotation by which a service account asks for another audience, and the audience without it
/// (amazon-eks-pod-identity-webhook).
const AUDIENCE_ANNOTATION: &str = "eks.amazonaws.com/audience";
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";

/// STS's code where it does not reach the issuer.
const NO_ISSUER: &str = "IDPCommunicationError";

/// IAM changes take seconds to be seen everywhere (reported up to about 12 s): refusals within this time are retried.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// What was taken away is asked about for as long as changes of IAM's are reported to lag.
pub const LINGERS: Duration = Duration::from_secs(12);
/// Pause between tries.
pub const PAUSE: Duration = Duration::from_millis(500);

/// What the verification showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// STS gave the role.
    Proven {
        /// The session's ARN.
        assumed: String,
    },
    /// STS refused to the end.
    Refused {
        /// Its words.
        error: String,
    },
    /// STS answered to the end that it cannot say: it is asked too often, is in trouble, or does not reach the issuer.
    Unjudged {
        /// Its words.
        error: String,
    },
    /// It could not be tried.
    NotTried {
        /// Why.
        reason: String,
    },
}

/// Mints a token for the evidence's service account, with the audience that pods made from now on will have, and
/// shows it to STS.
pub async fn verify(world: &World, evidence: &Evidence, journal: &Journal) -> Verification {
    let not = |reason: &str| Verification::NotTried { reason: reason.to_owned() };
    let Some(role) = evidence.role_arn.known() else { return not(without_role(evidence)) };
    let kube = match &world.kube {
        Ok(kube) => kube,
        Err(why) => return not(why),
    };
    let Some(sa) = evidence.service_account.known() else { return not("the service account is not known") };
    let of_token = || evidence.token.known().and_then(|t| t.aud.first().cloned());
    let audience = asked_from_now(journal).or_else(of_token).unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned());
    let (began, retired) = (tokio::time::Instant::now(), has_retired(journal));
    let mut tick = tokio::time::interval(PAUSE);
    loop {
        tick.tick().await;
        let token = kube.mint(&sa.namespace, &sa.name, &audience).await;
        let Some(secret) = token.known() else { return not(&token.gap().unwrap_or_default()) };
        let exchange = world.aws.exchange(role, secret.expose()).await;
        let Some(answer) = exchange.known() else { return not(&exchange.gap().unwrap_or_default()) };
        match (&answer.assumed, unproven(answer)) {
            // What was taken away may still count where STS looks, so that one success proves little.
            (Some(_), _) if retired && began.elapsed() < LINGERS => {}
            (Some(assumed), _) => return Verification::Proven { assumed: assumed.clone() },
            // It was given before, and nobody gets in until what was taken away is put back.
            (None, refused @ Verification::Refused { .. }) if retired => return refused,
            (None, seen) if began.elapsed() > PATIENCE => return seen,
            (None, _) => {}
        }
    }
}

/// Whether a rotation took a thumbprint away that is not put back, and added none.
pub fn has_retired(journal: &Journal) -> bool {
    let stands = |s: &ReceiptStep| matches!(s.state, StepState::Done | StepState::AlreadyDone);
    let receipt = journal.receipt();
    receipt.is_rotation() && receipt.retires() && receipt.added().is_empty() && receipt.steps.iter().any(stands)
}

/// What an answer without a role says of a repair: nothing, where STS did not come to judge the token. Then nobody
/// knows whether it helped (STS API reference, `AssumeRoleWithWebIdentity`, "Errors": `IDPCommunicationError` passes).
pub fn unproven(answer: &Exchange) -> Verification {
    let error = exchange_error(answer).unwrap_or_default();
    if answer.is_passing() || answer.code.as_deref() == Some(NO_ISSUER) {
        return Verification::Unjudged { error };
    }
    Verification::Refused { error }
}

/// Why there is no exchange to try. The role of an association is EKS's to assume (EKS User Guide, "How EKS Pod
/// Identity works").
fn without_role(evidence: &Evidence) -> &'static str {
    let own = evidence.service_account.known().is_some_and(|sa| {
        let all = evidence.associations.known().into_iter().flatten();
        all.into_iter().any(|a| a.namespace == sa.namespace && a.service_account == sa.name)
    });
    if own {
        "EKS alone assumes the role of a Pod Identity association: what the pods ask for next tells"
    } else {
        "no role is named"
    }
}

/// The audience that a step of the plan has service accounts ask for; running pods still have the old one.
fn asked_from_now(journal: &Journal) -> Option<String> {
    journal.receipt().steps.iter().find_map(|s| {
        let Action::Annotate { key, value, .. } = &s.step.action else { return None };
        (key == AUDIENCE_ANNOTATION).then(|| value.clone().unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned()))
    })
}
