//! Which failures still say something about now, and what became of those that do not.

use trustwalk_symptoms::{Outcome, Symptom};

use super::changes::cure;
use super::facts::{last, moment};
use super::sts::{Sent, by_account, from_symptom, succeeded};
use super::{asked_since, further, tale, whose};
use crate::evidence::{LogFailure, Pod, View, at_work};
use crate::observation::{Fate, Witness};

/// Whether an exchange with a fresh token of the same identity shows that a refusal is over: it does where it sent the
/// same, and what was refused is not what only the client chooses, as its session's name, its region, or how old a
/// token it sends.
pub(super) fn cured_by_own(view: &View<'_>, symptom: Symptom, sent: Sent<'_>) -> bool {
    let ours = view.token().known().and_then(super::facts::effective_audience);
    let host = view.exchange().known().map(|x| x.endpoint.as_str()).unwrap_or_default();
    let at = |region: &str| host.contains(&format!(".{region}.")) || !host.contains(".amazonaws.com");
    by_account(symptom, sent)
        && succeeded(view)
        && sent.audience.is_none_or(|a| Some(a) == ours)
        && sent.region.is_none_or(at)
}

/// Failures that count for what is configured now: neither over nor set aside, nor such as our own exchange with
/// the same configuration did not meet.
pub(crate) fn recent<'a>(view: &View<'a>) -> Vec<&'a LogFailure> {
    speaking(view).into_iter().filter(|l| !differs(view, l)).collect()
}

/// Refusals by STS that a fresh token of the same identity did not meet: the workload did something else.
pub(crate) fn differing<'a>(view: &View<'a>) -> Vec<&'a LogFailure> {
    speaking(view).into_iter().filter(|l| differs(view, l)).collect()
}

/// Failures that are neither over nor set aside.
pub(crate) fn speaking<'a>(view: &View<'a>) -> Vec<&'a LogFailure> {
    sorted(view).into_iter().filter(|l| matches!(fate(view, l), Fate::Unexplained)).collect()
}

/// The lines, in an order that their origin does not change.
pub(super) fn sorted<'a>(view: &View<'a>) -> Vec<&'a LogFailure> {
    let mut all: Vec<&LogFailure> = view.logs().known().into_iter().flatten().collect();
    all.sort_by(|a, b| (a.failure.symptom, &a.origin, &a.sample).cmp(&(b.failure.symptom, &b.origin, &b.sample)));
    all
}

fn differs(view: &View<'_>, line: &LogFailure) -> bool {
    succeeded(view) && from_symptom(line.failure.symptom).is_some() && sts_decides(line.failure.symptom)
}

/// Seconds that containers which were started anew have to run, for what failed before to be over: the kubelet's first
/// pauses between restarts are shorter (Kubernetes documentation, "Pod Lifecycle", "Container restarts").
const LASTED: i64 = 60;

/// What became of a line before any cause is looked for.
pub(super) fn fate(view: &View<'_>, line: &LogFailure) -> Fate {
    if let Some(by) = whose::foreign(view, line) {
        return Fate::Foreign { by };
    }
    let waits = matches!(line.failure.symptom, Symptom::IpamdWaiting | Symptom::IpamdInitFailure);
    if waits && view.pods_up() {
        return Fate::Over { by: "every start of the CNI waits for its daemon, and every pod is ready now".to_owned() };
    }
    // Where the sequence tells a cause, that it works now is not all there is to say.
    if let Some(success) = line.neighbours.recovered.as_ref().filter(|_| !tale::tells(view, line)) {
        return Fate::Over { by: format!("the same succeeded {}", success.words()) };
    }
    if let Some(by) =
        repeated(view, line).or_else(|| whose::works_since(view, line)).or_else(|| whose::injected_since(view, line))
    {
        return Fate::Over { by };
    }
    // What was just cured is better known than what may have been.
    if let Some(by) = last(line).and_then(|at| repaired(view, line.failure.symptom, at)) {
        return if succeeded(view) { Fate::Over { by } } else { Fate::SetAside { by } };
    }
    if let Some(by) = whose::over_with_its_run(view, line).filter(|_| differs(view, line)) {
        return Fate::SetAside { by };
    }
    if let Some(by) = asked_since::no_longer_asked(view, line) {
        return Fate::SetAside { by };
    }
    if let Some(by) = further::came_past(view, line) {
        return Fate::SetAside { by };
    }
    let Some(at) = last(line) else { return Fate::Unexplained };
    let pods = view.pods().known().filter(|_| view.pods_up()).into_iter().flat_map(|all| at_work(all));
    if pods.clone().map(|p| p.created).min().is_some_and(|born| at < born) {
        return Fate::Over { by: "it is older than every pod, and every pod is ready now".to_owned() };
    }
    let started = |p: &Pod| p.runs.iter().map(|r| r.started).min().flatten();
    // What fails at each start is ready for a moment after each.
    let lasted = |start: i64| at < start && view.now() - start >= LASTED;
    if pods.map(started).min().flatten().is_some_and(lasted) && !tale::tells(view, line) {
        return Fate::Over { by: "every container was started anew after it, and every pod is ready now".to_owned() };
    }
    cure(view, line, at).map_or(Fate::Unexplained, |by| Fate::SetAside { by })
}

/// The repair just made, for a failure from before it of which what it cures could be the cause.
///
/// Pods that were made since are the repair's own: what came before the newest of them may be of those before.
pub(super) fn repaired(view: &View<'_>, symptom: Symptom, at: i64) -> Option<String> {
    let newest = view.pods().known().and_then(|all| all.iter().map(|p| p.created).max()).unwrap_or(i64::MIN);
    let repair = view.repair().filter(|r| at <= r.at.max(newest))?;
    let cause = repair.causes.iter().find(|c| c.shows().contains(&symptom))?;
    let works = if succeeded(view) { ", and an exchange of the same identity succeeds now" } else { "" };
    Some(format!("trustwalk's own repair of {} {}{works}", cause.code(), cause.name()))
}

/// A later success of the same subject for the same role.
fn repeated(view: &View<'_>, line: &LogFailure) -> Option<String> {
    let (subject, role) = (line.failure.subject.as_ref()?, line.failure.role_arn.as_ref()?);
    let at = last(line)?;
    let records = view.besides().records.iter().map(|r| &r.record);
    let later = records
        .filter(|r| r.event.is_exchange() && r.outcome == Outcome::Succeeded)
        .filter(|r| r.subject.as_ref() == Some(subject) && r.role_arn.as_ref() == Some(role))
        .filter(|r| whose::same_place(r, &line.failure))
        .filter_map(|r| r.at.as_deref().filter(|text| moment(text).is_some_and(|m| m > at)))
        .min();
    if let Some(when) = later {
        return Some(format!("CloudTrail has a success of the same subject for the same role at {when}"));
    }
    // A record shows what was sent; where that is what our own exchange sent, the same thing works now.
    let place = Sent {
        audience: line.failure.audience.as_deref(),
        region: line.failure.region.as_ref().map(trustwalk_symptoms::Region::as_str),
    };
    let same = line.witness == Witness::Trail
        && cured_by_own(view, line.failure.symptom, place)
        && view.role_arn().known() == Some(role)
        && view.token().known().and_then(|t| t.sub.as_deref()) == Some(subject.as_str());
    same.then(|| "an exchange of the same subject for the same role succeeds now".to_owned())
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

/// The first recent failure with one of these meanings.
pub(crate) fn find<'a>(view: &View<'a>, wanted: &[Symptom]) -> Option<&'a LogFailure> {
    recent(view).into_iter().find(|l| wanted.contains(&l.failure.symptom))
}

/// Signs that the workload runs without the identity it should have.
pub(crate) const WITHOUT_IDENTITY: &[Symptom] = &[
    Symptom::NodeRoleUsed,
    Symptom::NoCredentials,
    Symptom::WebIdentityNotGiven,
    Symptom::WebIdentityNotAsked,
    Symptom::NoInstanceRole,
    Symptom::ImdsUnreachable,
];
