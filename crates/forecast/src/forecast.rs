//! All that is foreseen for one identity.

use serde::Serialize;
use trustwalk_core::diagnosis::Diagnosis;
use trustwalk_core::evidence::{Evidence, Observed, Target};
use trustwalk_core::forthcoming::{Forthcoming, Presented, presented};

use crate::{DAY, Register, guards, later, limits, pinned};

/// How far ahead a report looks that is not about the future: a quarter, which is time enough for a planned change.
const AHEAD_DAYS: i64 = 90;

/// How far is looked, and by which announcements.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The announced changes.
    pub register: &'a Register,
    /// The last moment that is looked at, Unix seconds.
    pub until: i64,
}

impl<'a> Scope<'a> {
    /// As far as a diagnosis looks.
    pub fn ahead(register: &'a Register, now: i64) -> Self {
        Self { register, until: now.saturating_add(AHEAD_DAYS * DAY) }
    }
}

/// What is foreseen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Forecast {
    /// The moment it is seen from, by the servers' clock, Unix seconds.
    pub now: i64,
    /// What breaks or changes, in the order in which it comes.
    pub forthcoming: Vec<Forthcoming>,
    /// What could not be foreseen, and what would tell.
    pub unknown: Vec<String>,
}

/// What breaks for one identity, from the moment of its evidence until `scope.until`.
pub fn forecast(evidence: &Evidence, scope: Scope<'_>) -> Forecast {
    let corrected = evidence.by_servers_clock();
    let e = corrected.as_ref().unwrap_or(evidence);
    let chains = presented(e);
    let mut all = breaking(e, &chains, scope.until);
    all.extend(limits::near(e, &chains));
    all.extend(scope.register.concerning(e, &chains, |_| true));
    Forecast { now: e.now, forthcoming: in_order(all, e.now, scope.until), unknown: unknown(e) }
}

/// Adds to a diagnosis what fails soon, on a day or any day: a report about now tells nothing that is only to be known.
pub fn told(mut diagnosis: Diagnosis, evidence: &Evidence, register: &Register) -> Diagnosis {
    let corrected = evidence.by_servers_clock();
    let e = corrected.as_ref().unwrap_or(evidence);
    let until = Scope::ahead(register, e.now).until;
    let chains = presented(e);
    let mut all = breaking(e, &chains, until);
    all.extend(register.concerning(e, &chains, |change| change.fails && change.once.is_none()));
    diagnosis.forthcoming = in_order(all, e.now, until);
    diagnosis
}

/// What fails on a day that the evidence itself tells.
fn breaking(e: &Evidence, chains: &[Presented], until: i64) -> Vec<Forthcoming> {
    let mut all = later::breaks(e, chains, until);
    all.extend(pinned::ends(e, chains));
    all.extend(guards::ends(e));
    all
}

/// What is ahead until a moment, in the order in which it comes, each once.
fn in_order(mut all: Vec<Forthcoming>, now: i64, until: i64) -> Vec<Forthcoming> {
    all.retain(|f| f.when.ahead().is_none_or(|at| at > now && at <= until));
    all.sort_by(|a, b| (a.when.rank(), &a.code, &a.sentence).cmp(&(b.when.rank(), &b.code, &b.sentence)));
    all.dedup();
    all
}

/// What was not read, and would tell of a day.
fn unknown(e: &Evidence) -> Vec<String> {
    let asked = matches!(e.target, Target::Role { .. } | Target::Issuer { .. } | Target::Job { .. });
    if !asked && e.role_arn.known().is_none() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut tell = |what: &str, gap: Option<String>| all.extend(gap.map(|gap| format!("{what}: {gap}")));
    tell("which thumbprints are registered", missing(&e.provider));
    for chain in e.chains.iter() {
        tell("until when the issuer's certificates are valid", missing(chain));
    }
    if !matches!(e.target, Target::Issuer { .. }) {
        tell("whether the role's trust ends on a day", missing(&e.role));
    }
    tell("whether a policy of the role ends on a day", refused(&e.policies));
    tell("how many keys the issuer publishes", refused(&e.keys));
    all
}

/// Why something was not read; nothing where it does not exist, or nothing needs it.
fn missing<T>(observed: &Observed<T>) -> Option<String> {
    match observed {
        Observed::Known { .. } | Observed::Absent { .. } | Observed::Spared { .. } => None,
        Observed::Denied { .. } | Observed::Unreachable { .. } | Observed::NotCollected { .. } => observed.gap(),
    }
}

/// The same of what is not asked for everywhere.
fn refused<T>(observed: &Observed<T>) -> Option<String> {
    if matches!(observed, Observed::NotCollected { .. }) { None } else { missing(observed) }
}
