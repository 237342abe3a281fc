//! A later failure that lies deeper: whoever comes to it has passed every check before it.

use trustwalk_symptoms::Symptom;

use super::facts::{last, told};
use super::sts::{Refusal, Sent, by_account, from_symptom};
use crate::evidence::{LogFailure, LogIdentity, View};

/// How far an identity came, in the order in which a chain is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    /// STS was not reached.
    NotToSts,
    /// To a check of STS, which refused.
    To(Refusal),
    /// STS gave a session, and something was refused to it.
    PastSts,
}

fn came(line: &LogFailure) -> Option<Came> {
    use Symptom as S;
    let own_session = || line.failure.caller_arn.as_deref().is_some_and(is_session_of_a_workload);
    let symptom = line.failure.symptom;
    if let Some(refusal) = from_symptom(symptom) {
        return Some(Came::To(refusal));
    }
    if matches!(symptom, S::StsDns | S::StsRefused | S::StsTimeout | S::StsUnreachable | S::StsTlsUntrusted) {
        return Some(Came::NotToSts);
    }
    let refused = matches!(symptom, S::AccessDeniedAction | S::AssumeRoleDenied | S::AssumeRoleSelf);
    (refused && own_session()).then_some(Came::PastSts)
}

/// Whether an ARN is a session's that no node has: those are named by the instance.
fn is_session_of_a_workload(arn: &str) -> bool {
    let session = arn.rsplit_once('/').filter(|(role, _)| role.contains(":assumed-role/"));
    session.is_some_and(|(_, name)| !name.starts_with("i-"))
}

/// Whether what failed is decided by what every exchange of the identity meets: the way to STS, or the account. What a
/// token was, or what was asked for, another exchange had otherwise.
fn is_shared(line: &LogFailure) -> bool {
    let sent = Sent {
        audience: line.failure.audience.as_deref(),
        region: line.failure.region.as_ref().map(trustwalk_symptoms::Region::as_str),
    };
    match came(line) {
        Some(Came::NotToSts | Came::To(Refusal::Keys)) => true,
        Some(Came::To(_)) => by_account(line.failure.symptom, sent),
        Some(Came::PastSts) | None => false,
    }
}

/// What shows that an identity came past the check at which a line of before it failed.
pub(super) fn came_past(view: &View<'_>, line: &LogFailure) -> Option<String> {
    let (at, here) = (last(line)?, came(line).filter(|_| is_shared(line))?);
    let audience = |other: &LogFailure| {
        let (a, b) = (&line.failure.audience, &other.failure.audience);
        here != Came::To(Refusal::Audience) || a == b
    };
    // Another machine has another way.
    let way = |other: &LogFailure| {
        let place = line.places.is_empty() || line.places.iter().any(|p| other.places.contains(p));
        here != Came::NotToSts || place
    };
    let later = view.logs().known().into_iter().flatten().filter_map(|other| {
        let when = last(other).filter(|when| *when > at)?;
        let deeper = came(other).is_some_and(|came| came > here);
        let same = !LogIdentity::of_failure(&other.failure).contradicts(&LogIdentity::of_failure(&line.failure));
        (deeper && same && audience(other) && way(other)).then_some((when, other.failure.symptom))
    });
    let (when, symptom) = later.min()?;
    Some(format!("{} at {}, which is the answer of a later check", symptom.name(), told(when)))
}
