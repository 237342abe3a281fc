//! A later failure that lies deeper: whoever comes to it has passed every check before it.

use trustwalk_symptoms::Symptom;

use super::facts::{last, told};
use super::sts::{Refusal, Sent, by_account, from_symptom};
use crate::evidence::{LogFailure, LogIdentity, Target, View};

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

/// A later failure that lies deeper, of an identity that may be the line's.
struct Later<'a> {
    when: i64,
    line: &'a LogFailure,
    /// Whether something shows that both are of one.
    tied: bool,
}

/// Whether something shows that two lines are of one identity: they name one of it, one container wrote both, or the
/// logs are those of what was asked about. Two lines of a file may be of two workloads.
fn tied(view: &View<'_>, one: &LogFailure, other: &LogFailure) -> bool {
    let whole = match view.target() {
        Target::Log { identity, .. } => identity.as_ref().is_some_and(|i| *i != LogIdentity::default()),
        Target::Workload { .. }
        | Target::ServiceAccount { .. }
        | Target::Role { .. }
        | Target::Issuer { .. }
        | Target::Job { .. } => true,
    };
    let named = || LogIdentity::of_failure(&one.failure).shares(&LogIdentity::of_failure(&other.failure));
    whole || named() || one.places.iter().any(|p| other.places.contains(p))
}

/// The first failure by which an identity came past the check at which a line of before it failed: one that is shown to
/// be of the same, before one that may be.
fn later<'a>(view: &View<'a>, line: &LogFailure) -> Option<Later<'a>> {
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
    let all = view.logs().known().into_iter().flatten().filter_map(|other| {
        let when = last(other).filter(|when| *when > at)?;
        let deeper = came(other).is_some_and(|came| came > here);
        let same = !LogIdentity::of_failure(&other.failure).contradicts(&LogIdentity::of_failure(&line.failure));
        let tied = tied(view, line, other);
        (deeper && same && audience(other) && way(other)).then_some(Later { when, line: other, tied })
    });
    all.min_by_key(|l| (!l.tied, l.when, l.line.failure.symptom))
}

/// What shows that an identity came past the check at which a line of before it failed.
pub(super) fn came_past(view: &View<'_>, line: &LogFailure) -> Option<String> {
    let Later { when, line, .. } = later(view, line).filter(|l| l.tied)?;
    Some(format!("{} at {}, which is the answer of a later check", line.failure.symptom.name(), told(when)))
}

/// What has to be known where a later failure lies deeper and nothing shows whether it is of the same identity: one
/// that is came past what failed before, and of another it says nothing.
pub(crate) fn perhaps_past(view: &View<'_>, line: &LogFailure) -> Option<String> {
    let Later { when, line: other, .. } = later(view, line).filter(|l| !l.tied)?;
    Some(format!(
        "whether `{}` and `{}` at {} are of one workload: they name nothing in common, and may be of different \
         workloads; one workload would have come past the first, and the log of one pod alone would tell",
        line.failure.symptom.name(),
        other.failure.symptom.name(),
        told(when)
    ))
}
