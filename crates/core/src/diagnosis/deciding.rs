//! What would take a diagnosis further: the fact not read that decides most of what is open.

use std::collections::{BTreeMap, BTreeSet};

use trustwalk_symptoms::Subject;

use super::model::{Diagnosis, LinkState};
use crate::cause::Cause;
use crate::evidence::{Evidence, Kind, LogFailure, Target};
use crate::finding::{Confidence, Finding, Standing};
use crate::habitat::Habitat;

/// A fact that was not read, and would decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// The fact.
    pub kind: Kind,
    /// Why it is not known.
    pub gap: String,
    /// The command with which a person reads it, where one is known.
    pub by_hand: Option<String>,
}

/// The fact that decides most of the causes that are open. One that was asked for in vain goes before one that
/// nobody asked for: mostly the second waits for the first.
pub fn deciding(e: &Evidence, d: &Diagnosis) -> Option<Deciding> {
    let habitat = Habitat::of(e);
    let mut votes: BTreeMap<Kind, usize> = BTreeMap::new();
    for cause in open(d) {
        for kind in cause.decided_by().iter().filter(|k| e.unread(**k).is_some() && habitat.has(**k)) {
            *votes.entry(*kind).or_default() += 1;
        }
    }
    let (kind, _) = votes
        .into_iter()
        .max_by_key(|(kind, votes)| (e.read_from(*kind).is_some(), *votes, std::cmp::Reverse(*kind)))?;
    Some(Deciding { kind, gap: e.unread(kind)?, by_hand: e.read_from(kind).and_then(|s| s.by_hand.clone()) })
}

/// The causes between which it is not decided: those named, else those that can show what was seen, else those of
/// the links that could not be judged.
fn open(d: &Diagnosis) -> Vec<Cause> {
    let unsure = d.root_cause.iter().filter(|f| f.confidence != Confidence::Proven);
    let named: Vec<Cause> = unsure.chain(&d.possible).map(|f| f.cause).collect();
    if !named.is_empty() {
        return named;
    }
    let left = d.candidates.iter().filter(|c| !matches!(c.standing, Standing::Excluded { .. }));
    let left: Vec<Cause> = left.map(|c| c.cause).collect();
    if !left.is_empty() {
        return left;
    }
    let unjudged = |cause: &Cause| d.links.iter().any(|l| l.link == cause.link() && l.state == LinkState::Undetermined);
    Cause::ALL.iter().copied().filter(unjudged).collect()
}

/// The identity that the failures of a log name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Named<'a> {
    /// The role's ARN.
    pub role: Option<&'a str>,
    /// The token's subject.
    pub subject: Option<&'a str>,
    /// Namespace and name of the service account, where the subject is one.
    pub account: Option<(&'a str, &'a str)>,
}

/// Whom the failures of the logs name: one failure's role and subject, not those of two; that of the line that a
/// finding rests on, where one is told.
pub fn named_in_logs<'a>(e: &'a Evidence, by: Option<&Finding>) -> Named<'a> {
    let told = |l: &LogFailure| by.is_some_and(|f| rests_on(f, l));
    let mut lines: Vec<&LogFailure> = e.logs.known().into_iter().flatten().collect();
    lines.sort_by_key(|l| !told(l));
    let failures = || lines.iter().map(|l| &l.failure);
    let role = failures().find_map(|f| f.role_arn.as_deref());
    let of_it = || failures().filter(move |f| role.is_none() || f.role_arn.as_deref() == role);
    let subject = of_it().find_map(|f| f.subject.as_ref().map(Subject::as_str));
    let by_subject = subject.and_then(|s| s.strip_prefix("system:serviceaccount:")).and_then(|s| s.split_once(':'));
    // A consumer of the account's role, or the webhook, names the account and no subject.
    let by_name = || of_it().find_map(|f| f.service_account.as_ref()?.as_str().split_once('/'));
    Named { role, subject, account: by_subject.or_else(by_name) }
}

/// Whether a finding shows a line among its proof.
fn rests_on(f: &Finding, line: &LogFailure) -> bool {
    f.proof.iter().any(|x| x.origin == line.origin && (x.value == line.sample || x.value == line.failure.message))
}

/// Whom the failures of a log are of, where they are of several: the role that each names, else its subject.
fn whose(line: &LogFailure) -> Option<&str> {
    line.failure.role_arn.as_deref().or_else(|| line.failure.subject.as_ref().map(Subject::as_str))
}

/// Identities named of those of one log.
const NAMED: usize = 5;

/// Says of findings from a log of several identities whose failure each is of; and that they are several.
pub(super) fn of_several(e: &Evidence, findings: &mut [Finding]) -> Option<String> {
    let lines = e.logs.known().filter(|_| matches!(e.target, Target::Log { .. }))?;
    let all: BTreeSet<&str> = lines.iter().filter_map(whose).collect();
    if all.len() < 2 {
        return None;
    }
    for f in findings {
        let line = lines.iter().find(|l| rests_on(f, l));
        if let Some(who) = line.and_then(whose) {
            f.sentence = format!("of {who}: {}", f.sentence);
        }
    }
    let named = all.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if all.len() > NAMED { " and others" } else { "" };
    Some(format!("the log tells of {} identities ({named}{more}): each is asked about by itself", all.len()))
}
