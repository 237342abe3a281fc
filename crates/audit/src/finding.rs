//! A finding: what, where, and the token that shows it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};
use trustwalk_trust_policy::Identity;

use crate::inventory::Place;
use crate::rule::Rule;
use crate::sarif::Level;

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "arn")]
pub enum About {
    /// A role.
    Role(String),
    /// An identity provider.
    Provider(String),
    /// An account.
    Account(String),
}

impl About {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Role(arn) | Self::Provider(arn) => arn,
            Self::Account(number) => number,
        }
    }
}

/// A token that the role admits: made up, whole, and of somebody outside of the zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Witness {
    /// The provider that it comes under: an ARN, or the name of a built-in one.
    pub provider: String,
    /// Its claims.
    pub claims: Map<String, Value>,
    /// What the caller has to choose beside it, by condition key: the name of the session, the region.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub call: BTreeMap<String, String>,
}

impl From<&Identity> for Witness {
    fn from(identity: &Identity) -> Self {
        let (provider, claims) = (identity.provider_arn.clone(), identity.claims.clone());
        Self { provider, claims, call: BTreeMap::new() }
    }
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is of: the rule's code.
    #[serde(rename = "code")]
    pub rule: Rule,
    /// How bad it is.
    pub level: Level,
    /// What it is about.
    pub about: About,
    /// Position of the statement, where it is one's.
    pub statement: Option<usize>,
    /// What is so, in words: a sentence without a full stop.
    pub message: String,
    /// The token that shows it.
    pub witness: Option<Witness>,
    /// A policy to replace the role's with, where one was proved.
    pub document: Option<String>,
    /// Where it stands.
    pub place: Option<Place>,
    /// When it breaks, Unix seconds, where a day is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<i64>,
    /// The same for the same finding, however often it is found.
    pub fingerprint: String,
}

impl Finding {
    /// A finding; `parts` tell it from others of the same rule and subject.
    pub(crate) fn new(rule: Rule, about: About, message: String, parts: &[&str]) -> Self {
        let fingerprint = fingerprint(&[&[rule.code(), about.name()], parts].concat());
        let level = rule.level();
        let (statement, witness, document, place, when) = (None, None, None, None, None);
        Self { rule, level, about, statement, message, witness, document, place, when, fingerprint }
    }

    /// The same at a statement.
    pub(crate) fn at(mut self, statement: usize) -> Self {
        self.statement = Some(statement);
        self
    }

    /// The same in a place.
    pub(crate) fn in_place(mut self, place: Option<&Place>) -> Self {
        self.place = place.cloned();
        self
    }

    /// The same, shown by a token.
    pub(crate) fn shown_by(mut self, identity: &Identity) -> Self {
        self.witness = Some(identity.into());
        self
    }

    /// The same, with what the caller chose.
    pub(crate) fn called(mut self, chosen: &BTreeMap<String, String>) -> Self {
        if let Some(witness) = &mut self.witness {
            witness.call.clone_from(chosen);
        }
        self
    }
}

/// FNV-1a over the parts, each ended: no secret and no safeguard, a name that stays the same.
fn fingerprint(parts: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|p| p.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut out = String::new();
    let _ = write!(out, "{hash:016x}");
    out
}
