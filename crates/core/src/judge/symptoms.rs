//! Which failures in logs still say something about now.

use trustwalk_symptoms::Symptom;

use super::facts::moment;
use super::sts::from_symptom;
use crate::evidence::{Evidence, LogFailure};
use crate::rule::{Kind, View};

/// Failures that count: not older than the configuration or the pods they are about, and not
/// contradicted by an exchange that succeeded.
pub(crate) fn recent<'a>(view: &View<'a>) -> Vec<&'a LogFailure> {
    let e = view.reading(Kind::Logs);
    view.reading(Kind::Exchange);
    view.reading(Kind::Pods);
    view.reading(Kind::Trail);
    let accepted = e.exchange.known().is_some_and(|x| x.assumed.is_some());
    let since = settled_since(e);
    let up = e.pods_up();
    let mut all: Vec<&LogFailure> = e
        .logs
        .known()
        .into_iter()
        .flatten()
        // Every start of the CNI waits for its daemon first; where the pods came up, that is no failure.
        .filter(|l| !(up && matches!(l.failure.symptom, Symptom::IpamdWaiting | Symptom::IpamdInitFailure)))
        .filter(|l| !(accepted && from_symptom(l.failure.symptom).is_some_and(|_| sts_decides(l.failure.symptom))))
        .filter(|l| match (l.last.as_deref().or(l.failure.ts.as_deref()).and_then(moment), since) {
            (Some(last), Some(since)) => last >= since,
            _ => true,
        })
        .collect();
    all.sort_by(|a, b| (a.failure.symptom, &a.origin, &a.sample).cmp(&(b.failure.symptom, &b.origin, &b.sample)));
    all
}

/// Answers that a fresh token from this very identity would have got too.
fn sts_decides(symptom: Symptom) -> bool {
    !matches!(
        symptom,
        Symptom::ExpiredToken
            | Symptom::NotAJwt
            | Symptom::SessionNameInvalid
            | Symptom::TokenParameterInvalid
            | Symptom::DurationExceeds
    )
}

/// The moment before which lines are history: the newest change of the configuration, or, when every
/// pod is ready, the birth of the oldest pod.
fn settled_since(e: &Evidence) -> Option<i64> {
    const CHANGES: [&str; 5] = [
        "UpdateOpenIDConnectProviderThumbprint",
        "CreateOpenIDConnectProvider",
        "AddClientIDToOpenIDConnectProvider",
        "UpdateAssumeRolePolicy",
        "CreateRole",
    ];
    let changed = e
        .trail
        .known()
        .into_iter()
        .flatten()
        .filter(|t| t.error.is_none() && CHANGES.contains(&t.name.as_str()) && t.at <= e.now)
        .map(|t| t.at)
        .max();
    let pods = e.pods.known().filter(|_| e.pods_up());
    let born = pods.and_then(|pods| pods.iter().map(|p| p.created).min());
    changed.max(born)
}

/// The first recent failure with one of these meanings.
pub(crate) fn find<'a>(view: &View<'a>, wanted: &[Symptom]) -> Option<&'a LogFailure> {
    recent(view).into_iter().find(|l| wanted.contains(&l.failure.symptom))
}

/// Signs that the workload runs without the identity it should have.
pub(crate) const WITHOUT_IDENTITY: &[Symptom] =
    &[Symptom::NodeRoleUsed, Symptom::NoCredentials, Symptom::NoInstanceRole, Symptom::ImdsUnreachable];
