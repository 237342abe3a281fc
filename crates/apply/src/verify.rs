//! Proof that a repair works: a fresh token of the workload's own kind, and a real exchange.

use std::time::Duration;

use trustwalk_collect::World;
use trustwalk_collect::aws::exchange_error;
use trustwalk_core::evidence::Evidence;
use trustwalk_core::plan::Action;

use crate::journal::Journal;

/// The annotation by which a service account asks for another audience, and the audience without it
/// (amazon-eks-pod-identity-webhook).
const AUDIENCE_ANNOTATION: &str = "eks.amazonaws.com/audience";
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";

/// IAM changes take seconds to be seen everywhere (reported up to about 12 s): refusals within this time are retried.
pub const PATIENCE: Duration = Duration::from_secs(20);
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
    let Some(role) = evidence.role_arn.known() else { return not("no role is named") };
    let kube = match &world.kube {
        Ok(kube) => kube,
        Err(why) => return not(why),
    };
    let Some(sa) = evidence.service_account.known() else { return not("the service account is not known") };
    let of_token = || evidence.token.known().and_then(|t| t.aud.first().cloned());
    let audience = asked_from_now(journal).or_else(of_token).unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned());
    let began = tokio::time::Instant::now();
    let mut tick = tokio::time::interval(PAUSE);
    loop {
        tick.tick().await;
        let token = kube.mint(&sa.namespace, &sa.name, &audience).await;
        let Some(secret) = token.known() else { return not(&token.gap().unwrap_or_default()) };
        let exchange = world.aws.exchange(role, secret.expose()).await;
        let Some(answer) = exchange.known() else { return not(&exchange.gap().unwrap_or_default()) };
        if let Some(assumed) = &answer.assumed {
            return Verification::Proven { assumed: assumed.clone() };
        }
        if began.elapsed() > PATIENCE {
            return Verification::Refused { error: exchange_error(answer).unwrap_or_default() };
        }
    }
}

/// The audience that a step of the plan has service accounts ask for; running pods still have the old one.
fn asked_from_now(journal: &Journal) -> Option<String> {
    journal.receipt().steps.iter().find_map(|s| {
        let Action::Annotate { key, value, .. } = &s.step.action else { return None };
        (key == AUDIENCE_ANNOTATION).then(|| value.clone().unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned()))
    })
}
