//! The rotation of an issuer's certificates, where AWS compares thumbprints: the authority that is to come is
//! registered beside the one that is there, and the one that goes is taken away once nobody presents it any more.
//!
//! Nothing is remembered: where a rotation stands follows from what is registered, what each address presents, and the
//! chain that is to come, when one is given.

use serde::Serialize;

use super::action::Action;
use super::build::{step_of, withheld};
use super::lint::{Leave, Linted, Rule, lint};
use super::model::{Plan, ROTATION};
use super::owner::Owner;
use crate::evidence::{Evidence, HostChain, Observed, Provider, Source, View, certificates};
use crate::question::{MAX_THUMBPRINTS, Weighed, weigh};

mod add;
mod retire;
mod standing;

pub use retire::Retiring;
pub use standing::{Arrival, Stage};

const VERSION: u32 = 1;

/// What one address of one of the issuer's hosts presents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The host, and the address where one was asked by itself.
    pub place: String,
    /// The chain, or why it was not read.
    pub chain: Observed<HostChain>,
}

/// All that a rotation is judged by.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// What was read of one identity, or of the issuer alone.
    pub evidence: &'a Evidence,
    /// Every address of every host of the issuer.
    pub presented: &'a [Presented],
    /// The chain that is to come, for the host that is to present it.
    pub incoming: Option<&'a HostChain>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Where it stands.
    Look,
    /// Have the chain that is to come registered beside what is.
    Add,
    /// Have what is no longer presented taken away.
    Retire(Retiring),
}

/// A registered thumbprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// As it is registered.
    pub thumbprint: String,
    /// The subject of its certificate, where one that was read has it.
    pub subject: Option<String>,
    /// Who presents its certificate.
    pub presented_by: Vec<String>,
    /// Whether the chain that is to come has it.
    pub incoming: bool,
}

/// What an address presents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The host, and the address.
    pub place: String,
    /// The thumbprint that AWS takes of it (IAM User Guide, "Obtain the thumbprint": the top intermediate CA).
    pub thumbprint: Option<String>,
    /// The subject of that certificate.
    pub subject: Option<String>,
    /// When the host's own certificate expires, Unix seconds.
    pub expires: Option<i64>,
    /// Whether any certificate of it is registered.
    pub registered: bool,
    /// Whether AWS compares thumbprints here.
    pub consulted: bool,
    /// Why it is not verified, or was not read.
    pub doubt: Option<String>,
}

/// Where a rotation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// ARN of the provider; `None` where none was read.
    pub provider: Option<String>,
    /// How far it is.
    pub stage: Stage,
    /// What is registered, in the order in which IAM gives it.
    pub registered: Vec<Registered>,
    /// What is presented where.
    pub presented: Vec<Shown>,
    /// The chain that is to come.
    pub incoming: Option<Shown>,
    /// What keeps what was asked for from being done, one reason each.
    pub waits: Vec<String>,
    /// Why there is nothing to do of what was asked for.
    pub needless: Option<String>,
}

/// Where it stands, and what is to be done of what was asked for.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// Where it stands.
    pub rotation: Rotation,
    /// The evidence with every chain that counts, the one to come among them: what the plan was made and linted on.
    pub evidence: Evidence,
    /// The plan; `None` where nothing is to be done, or something keeps it from being done.
    pub plan: Option<Linted>,
}

/// What is to be done, or why nothing is.
enum Course {
    Set(Vec<String>),
    Needless(String),
    Waits(Vec<String>),
}

/// The parts that the steps are decided by.
struct Parts<'a> {
    evidence: &'a Evidence,
    provider: &'a Provider,
    /// What was read, each with its place.
    shown: Vec<(&'a str, &'a Weighed)>,
    /// What was not.
    unread: Vec<String>,
    incoming: Option<&'a Weighed>,
}

impl Parts<'_> {
    fn registers(&self, thumbprint: &str) -> bool {
        self.provider.thumbprints.iter().any(|t| t.eq_ignore_ascii_case(thumbprint))
    }

    /// The registered thumbprints that nobody who was read presents, but for those of the chain that is to come.
    fn spare(&self) -> Vec<String> {
        let used = |t: &str| self.shown.iter().any(|(_, w)| w.has(t)) || self.incoming.is_some_and(|w| w.has(t));
        self.provider.thumbprints.iter().filter(|t| !used(t)).cloned().collect()
    }
}

/// Judges where a rotation stands, and plans what is asked for. Times are judged by the servers' clock.
pub fn rotate(scene: &Scene<'_>, wish: &Wish, leave: Leave) -> Rotated {
    let mut evidence = scene.evidence.by_servers_clock().unwrap_or_else(|| scene.evidence.clone());
    let known = |chain: &HostChain, like: &Presented| Observed::Known {
        value: HostChain { differing_addresses: Vec::new(), ..chain.clone() },
        source: like.chain.source().cloned().unwrap_or_default(),
    };
    let mut chains: Vec<Observed<HostChain>> =
        scene.presented.iter().map(|p| p.chain.known().map_or_else(|| p.chain.clone(), |c| known(c, p))).collect();
    chains.extend(scene.incoming.map(|value| Observed::Known { value: value.clone(), source: to_come(&evidence) }));
    evidence.chains = chains.into();
    let mut weighed = weigh(&View::new(&evidence));
    let incoming = scene.incoming.and_then(|_| weighed.pop());
    let read = scene.presented.iter().filter(|p| p.chain.known().is_some());
    let shown = read.zip(&weighed).map(|(p, w)| (p.place.as_str(), w)).collect();
    let unread = scene.presented.iter().filter_map(|p| Some(format!("{}: {}", p.place, p.chain.gap()?))).collect();
    let mut rotation = standing::of(evidence.provider.known(), (&shown, &unread), incoming.as_ref());
    let Some(provider) = evidence.provider.known().cloned() else {
        let why = evidence.provider.gap().unwrap_or_else(|| "none is registered for this issuer".to_owned());
        rotation.waits = vec![format!("the provider was not read: {why}")];
        return Rotated { rotation, evidence, plan: None };
    };
    let parts = Parts { evidence: &evidence, provider: &provider, shown, unread, incoming: incoming.as_ref() };
    let course = match wish {
        Wish::Look => None,
        Wish::Add => Some(add::course(&parts)),
        Wish::Retire(retiring) => Some(retire::course(&parts, retiring)),
    };
    let plan = match course {
        Some(Course::Set(thumbprints)) => {
            let action = Action::SetThumbprints { provider_arn: provider.arn.clone(), thumbprints };
            planned(&evidence, &action, leave, &mut rotation.waits)
        }
        Some(Course::Needless(why)) => {
            rotation.needless = Some(why);
            None
        }
        Some(Course::Waits(why)) => {
            rotation.waits = why;
            None
        }
        None => None,
    };
    Rotated { rotation, evidence, plan }
}

fn to_come(e: &Evidence) -> Source {
    Source { what: "the chain that is to come".to_owned(), at: e.now, by_hand: None }
}

/// The plan of one step, as the linter lets it through; what another tool keeps is left to that tool.
fn planned(e: &Evidence, action: &Action, leave: Leave, waits: &mut Vec<String>) -> Option<Linted> {
    let mut plan = Plan {
        version: VERSION,
        made: e.now,
        cures: ROTATION.to_owned(),
        steps: step_of(e, action).into_iter().collect(),
        notes: Vec::new(),
        withheld: Vec::new(),
    };
    let refused = match lint(e, plan.clone(), leave) {
        Ok(linted) => return Some(linted),
        Err(refused) => refused,
    };
    if refused.iter().any(|r| r.rule != Rule::OwnedElsewhere) {
        waits.extend(refused.iter().map(ToString::to_string));
        return None;
    }
    plan.steps.clear();
    plan.withheld.extend(withheld(e, action, Owner::of(e, action).as_ref()));
    plan.notes.extend(super::build::drift(&plan));
    lint(e, plan, leave).ok()
}

/// The host of the issuer that a chain is for: the first whose name its leaf has, else the issuer's own.
pub fn host_for(e: &Evidence, chain: &[String]) -> Option<(String, u16)> {
    let hosts: Vec<(String, u16)> =
        e.chains.iter().filter_map(Observed::known).map(|c| (c.host.clone(), c.port)).collect();
    let read = certificates(chain);
    let leaf = read.first();
    let named = |(host, _): &&(String, u16)| {
        trustwalk_x509::Host::parse(host).is_ok_and(|h| leaf.is_some_and(|leaf| h.is_named_by(leaf)))
    };
    let of_provider = || {
        // As it was registered: the port is part of it where it is not 443 (RFC 3986, 3.2.3).
        let place = e.provider.known()?.url.split('/').next()?;
        let (host, port) = place.rsplit_once(':').unwrap_or((place, "443"));
        Some((host.to_owned(), port.parse().ok()?))
    };
    hosts.iter().find(named).or(hosts.first()).cloned().or_else(of_provider)
}

/// `2026-01-31 13:00Z`.
fn time(at: i64) -> String {
    crate::moment::written(at, "%Y-%m-%d %H:%MZ")
}
