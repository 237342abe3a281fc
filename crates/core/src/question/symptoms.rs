//! Which failures in logs still say something about now, and what became of those that do not.

use trustwalk_symptoms::Symptom;

use super::facts::moment;
use super::sts::{Refusal, from_symptom};
use crate::evidence::{Evidence, LogFailure, TrailEvent, View};
use crate::observation::{Fate, Observation, Witness};

/// Every failure that was seen, with those that are over or set aside told apart from those that speak.
pub(crate) fn observed(e: &Evidence) -> Vec<Observation> {
    let view = View::new(e);
    let logs = sorted(&view).into_iter().map(|line| Observation {
        witness: Witness::Log,
        origin: line.origin.clone(),
        count: line.count,
        at: last(line),
        symptom: line.failure.symptom,
        text: line.failure.message.clone(),
        fate: fate(&view, line),
    });
    own(e).into_iter().chain(logs).collect()
}

/// The answer of STS to trustwalk's own exchange, read as a log's line is.
fn own(e: &Evidence) -> Option<Observation> {
    let exchange = e.exchange.known().filter(|x| x.assumed.is_none())?;
    let text = format!("{}: {}", exchange.code.as_deref()?, exchange.message.as_deref().unwrap_or_default());
    let symptom = trustwalk_symptoms::classify(&text)?.symptom;
    Some(Observation {
        witness: Witness::OwnExchange,
        origin: "sts:AssumeRoleWithWebIdentity".to_owned(),
        count: 1,
        at: e.exchange.source().map(|s| s.at),
        symptom,
        text,
        fate: Fate::Unexplained,
    })
}

/// Failures that count for what is configured now: neither over nor set aside, nor such as our own exchange with
/// the same configuration did not meet.
pub(crate) fn recent<'a>(view: &View<'a>) -> Vec<&'a LogFailure> {
    sorted(view).into_iter().filter(|l| speaks(view, l) && !differs(view, l)).collect()
}

/// Refusals by STS that a fresh token of the same identity did not meet: the workload did something else.
pub(crate) fn differing<'a>(view: &View<'a>) -> Vec<&'a LogFailure> {
    sorted(view).into_iter().filter(|l| speaks(view, l) && differs(view, l)).collect()
}

fn sorted<'a>(view: &View<'a>) -> Vec<&'a LogFailure> {
    let mut all: Vec<&LogFailure> = view.logs().known().into_iter().flatten().collect();
    all.sort_by(|a, b| (a.failure.symptom, &a.origin, &a.sample).cmp(&(b.failure.symptom, &b.origin, &b.sample)));
    all
}

fn speaks(view: &View<'_>, line: &LogFailure) -> bool {
    matches!(fate(view, line), Fate::Unexplained)
}

fn differs(view: &View<'_>, line: &LogFailure) -> bool {
    view.exchange().known().is_some_and(|x| x.assumed.is_some())
        && from_symptom(line.failure.symptom).is_some()
        && sts_decides(line.failure.symptom)
}

fn last(line: &LogFailure) -> Option<i64> {
    line.last.as_deref().or(line.failure.ts.as_deref()).and_then(moment)
}

/// What became of a line before any cause is looked for.
fn fate(view: &View<'_>, line: &LogFailure) -> Fate {
    let waits = matches!(line.failure.symptom, Symptom::IpamdWaiting | Symptom::IpamdInitFailure);
    if waits && view.pods_up() {
        return Fate::Over { by: "every start of the CNI waits for its daemon, and every pod is ready now".to_owned() };
    }
    let Some(at) = last(line) else { return Fate::Unexplained };
    let born = view.pods().known().filter(|_| view.pods_up()).and_then(|p| p.iter().map(|p| p.created).min());
    if born.is_some_and(|born| at < born) {
        return Fate::Over { by: "it is older than every pod, and every pod is ready now".to_owned() };
    }
    match cure(view, line.failure.symptom).filter(|c| at < c.at) {
        Some(change) => Fate::SetAside { by: format!("{} by {}", change.name, change.who) },
        None => Fate::Unexplained,
    }
}

/// The newest change that could have cured this kind of failure.
fn cure<'a>(view: &View<'a>, symptom: Symptom) -> Option<&'a TrailEvent> {
    let changes: &[&str] = match from_symptom(symptom)? {
        Refusal::NoProvider => &["CreateOpenIDConnectProvider"],
        Refusal::Thumbprint => &["UpdateOpenIDConnectProviderThumbprint", "CreateOpenIDConnectProvider"],
        Refusal::Audience => &["AddClientIDToOpenIDConnectProvider", "CreateOpenIDConnectProvider"],
        Refusal::Denied => &["UpdateAssumeRolePolicy", "CreateRole"],
        Refusal::Parameters | Refusal::Token | Refusal::Keys => return None,
    };
    let events = view.trail().known()?;
    events
        .iter()
        .filter(|t| t.error.is_none() && changes.contains(&t.name.as_str()) && t.at <= view.now())
        .max_by_key(|t| t.at)
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
pub(crate) const WITHOUT_IDENTITY: &[Symptom] =
    &[Symptom::NodeRoleUsed, Symptom::NoCredentials, Symptom::NoInstanceRole, Symptom::ImdsUnreachable];
