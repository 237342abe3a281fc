//! What would take a diagnosis further: the fact not read that decides most of what is open.

use std::collections::BTreeMap;

use super::model::{Diagnosis, LinkState};
use crate::cause::Cause;
use crate::evidence::{Evidence, Kind};
use crate::finding::{Confidence, Standing};
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
