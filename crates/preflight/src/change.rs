//! What a change makes of trust: for each policy that differs, somebody whom it lets in and somebody whom it shuts out.
//!
//! What is unknown is the same before and after where it is written the same; each has a name that nobody has, so that
//! only what is written decides.

use std::collections::BTreeMap;

use serde::Serialize;
use trustwalk_checkout::Role;
use trustwalk_trust_policy::{Asked, Document, Identity, Policy, widened};

use crate::fill::{Fill, shown};
use crate::model::{Report, Spot};
use crate::policy::rendered;
use crate::world::{World, account_of};

/// Witnesses of one change that are told.
const WITNESSES: usize = 5;

/// What became of one role's trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustChange {
    /// The role's address in its file.
    pub role: String,
    /// Where its trust policy stands now; of one that is gone, where it stood.
    pub at: Spot,
    /// Whom it lets in whom it did not before.
    pub gains: Vec<String>,
    /// Whom it shuts out whom it let in before.
    pub loses: Vec<String>,
    /// What could not be told, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
}

/// What a change makes of every trust policy.
pub fn changes(before: &World, after: &World) -> Vec<TrustChange> {
    let old: BTreeMap<_, &Role> = before.declared.roles.iter().map(|r| (key(r), r)).collect();
    let new: BTreeMap<_, &Role> = after.declared.roles.iter().map(|r| (key(r), r)).collect();
    let mut all = Vec::new();
    for (key, role) in &new {
        // A role that moved to another file keeps its address.
        let moved = || before.declared.roles.iter().find(|r| r.from.address == role.from.address);
        let was = old.get(key).copied().or_else(|| moved().filter(|m| !new.contains_key(&self::key(m))));
        all.extend(change(was, Some(role)));
    }
    for (key, role) in &old {
        let stays = new.contains_key(key) || after.declared.roles.iter().any(|r| r.from.address == role.from.address);
        if !stays {
            all.extend(change(Some(role), None));
        }
    }
    all
}

fn key(role: &Role) -> (String, String) {
    (role.from.at.path.to_string(), role.from.address.clone())
}

/// A policy that lets nobody in.
const NOBODY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

fn text(role: Option<&Role>, account: Option<&str>) -> String {
    let Some(role) = role else { return NOBODY.to_owned() };
    let mut fill = Fill::default();
    fill.arn(&role.arn, account);
    for statement in crate::policy::statements(&role.trust) {
        for principal in statement.federated().iter().filter_map(|n| n.value.text()) {
            fill.arn(&principal, account);
        }
    }
    rendered(&role.trust, &fill)
}

fn change(before: Option<&Role>, after: Option<&Role>) -> Option<TrustChange> {
    let role = after.or(before)?;
    let account = [after, before].into_iter().flatten().find_map(|r| account_of(r, None));
    let (old, new) = (text(before, account.as_deref()), text(after, account.as_deref()));
    if old == new {
        return None;
    }
    let mut out = TrustChange {
        role: role.from.address.clone(),
        at: Spot::from(&role.trust.at),
        gains: Vec::new(),
        loses: Vec::new(),
        open: None,
    };
    let (Ok(old), Ok(new)) = (Document::parse(&old), Document::parse(&new)) else {
        out.open = Some("one of the two policies could not be understood".to_owned());
        return Some(out);
    };
    let (old, new) = (Policy::compile(&old), Policy::compile(&new));
    // Nobody is asked for: whoever comes in is told.
    let asked = Asked { identity: Identity::new("nobody"), audiences: Vec::new() };
    let told = |from: &Policy, to: &Policy| {
        widened(from, to, &asked).map(|all| {
            let mut words: Vec<String> = all.iter().map(|w| shown(&w.to_string())).collect();
            words.dedup();
            // A name with a star in it is none that anything has, where another shows the same.
            if words.iter().any(|who| !who.contains('*')) {
                words.retain(|who| !who.contains('*'));
            }
            words.truncate(WITNESSES);
            words
        })
    };
    match (told(&old, &new), told(&new, &old)) {
        (Ok(gains), Ok(loses)) => (out.gains, out.loses) = (gains, loses),
        (Err(error), _) | (_, Err(error)) => out.open = Some(error.to_string()),
    }
    Some(out)
}

impl Report {
    /// Takes in what a change makes of trust. A role that lets in somebody new, where it let in somebody before, is a
    /// finding of its own; a new role is told.
    pub fn take(&mut self, changes: Vec<TrustChange>) {
        self.changes = changes;
        let open = self.changes.iter().filter_map(|c| Some((c, c.open.as_ref()?)));
        let notes: Vec<_> = open
            .map(|(c, why)| crate::model::Note {
                text: format!("whom the change of {} lets in was not told: {why}", c.role),
                identity: None,
                at: Some(c.at.clone()),
                when: None,
            })
            .collect();
        self.undetermined.extend(notes);
    }
}

impl TrustChange {
    /// Whether it lets in somebody whom it did not before.
    pub fn widens(&self) -> bool {
        !self.gains.is_empty()
    }
}
