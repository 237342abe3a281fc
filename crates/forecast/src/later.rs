//! The same questions at a later time: the evidence as it will be if nobody changes anything, judged at each moment at
//! which the answer may become another.

use std::collections::BTreeSet;

use trustwalk_core::cause::Cause;
use trustwalk_core::diagnosis::{Diagnosis, diagnose};
use trustwalk_core::evidence::{Besides, Clock, Evidence, Observed, Source, TokenClaims, TokenSource};
use trustwalk_core::finding::{Confidence, Finding};
use trustwalk_core::forthcoming::{Basis, Forthcoming, Presented, When};
use trustwalk_x509::is_known_public;

use crate::{DAY, dates};

/// Moments that are judged of one identity: each costs a diagnosis, and what breaks first matters most.
const MOST: usize = 24;
/// Seconds for which STS takes a token after its end (IAM User Guide, OIDC providers).
const GRACE: i64 = 300;
/// The longest life of a token that whoever uses it gets anew by itself: a kubelet's (EKS User Guide, service
/// accounts). What lives longer was made once.
const RENEWED: i64 = DAY;

/// What breaks until a moment, by the questions of a diagnosis.
pub(crate) fn breaks(e: &Evidence, chains: &[Presented], until: i64) -> Vec<Forthcoming> {
    let moments: Vec<(i64, Basis)> =
        moments(e, chains).into_iter().filter(|(at, _)| *at > e.now && *at <= until).take(MOST).collect();
    if moments.is_empty() {
        return Vec::new();
    }
    let mut known: BTreeSet<Cause> = named(&diagnose(&at(e, e.now))).map(|f| f.cause).collect();
    let mut all = Vec::new();
    for (moment, basis) in moments {
        for finding in named(&diagnose(&at(e, moment))) {
            if known.insert(finding.cause) {
                all.push(broken(finding, basis, moment));
            }
        }
    }
    all
}

fn broken(finding: &Finding, basis: Basis, moment: i64) -> Forthcoming {
    Forthcoming {
        confidence: finding.confidence,
        proof: finding.proof.clone(),
        advice: finding.cures.first().map(|cure| cure.title.clone()).unwrap_or_default(),
        ..Forthcoming::of(finding.cause, basis, When::On { at: moment }, finding.sentence.clone())
    }
}

/// What fails by a diagnosis, and is more than possible.
fn named(d: &Diagnosis) -> impl Iterator<Item = &Finding> {
    d.root_cause.iter().chain(&d.also).filter(|f| f.confidence > Confidence::Possible)
}

/// The moments at which an answer may become another, in order, each with what changes then.
fn moments(e: &Evidence, chains: &[Presented]) -> BTreeSet<(i64, Basis)> {
    let policies = dates::named(e).into_iter().map(|at| (at, Basis::Policy));
    // Whoever runs a host that everybody uses renews its certificate; of others nobody knows.
    let own = chains.iter().filter(|c| c.consulted && !is_known_public(&c.host));
    let leaves = own.filter_map(|c| c.certificates.first()).map(|leaf| (after(leaf.not_after()), Basis::Certificate));
    let token = e.token.known().filter(|t| is_lasting(t)).and_then(|t| t.exp);
    let token = token.map(|end| (after(end.saturating_add(GRACE)), Basis::Token));
    policies.chain(leaves).chain(token).collect()
}

fn after(end: i64) -> i64 {
    end.saturating_add(1)
}

/// Whether a token is used until its end, and not renewed before.
fn is_lasting(token: &TokenClaims) -> bool {
    let life = token.exp.zip(token.iat).map(|(end, start)| end.saturating_sub(start));
    token.source == TokenSource::HandedIn && life.is_some_and(|life| life > RENEWED)
}

/// The evidence at a later moment: what happened until now has happened, nobody has asked STS, and what is renewed by
/// itself was.
fn at(e: &Evidence, moment: i64) -> Evidence {
    let later = moment.saturating_sub(e.now);
    let mut e = e.clone();
    let source = Source { what: "the moment that is looked at".to_owned(), at: moment, by_hand: None };
    e.now = moment;
    e.clock = Observed::Known { value: Clock { server: "the moment that is looked at".to_owned(), ahead: 0 }, source };
    e.repair = None;
    e.exchange = spared();
    e.logs = spared();
    e.besides = Besides::default();
    e.logs_given = false;
    *e.trail = spared();
    if let Some(token) = e.token.known_mut().filter(|t| !is_lasting(t)) {
        for time in [&mut token.exp, &mut token.iat, &mut token.nbf].into_iter().flatten() {
            *time = time.saturating_add(later);
        }
    }
    e
}

fn spared<T>() -> Observed<T> {
    Observed::Spared { reason: "it has not happened yet".to_owned() }
}
