//! The condition keys of a request.

use crate::call::{self, Presence};
use crate::claim_keys::claim_becomes_key;
use crate::text::Text;
use serde::Serialize;

/// What is known of one condition key of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact<'a> {
    /// The request has the key with these values.
    Known(&'a [String]),
    /// The request has the key; parts of its values are unknown.
    Partly(&'a [Text]),
    /// The request has the key; its value is unknown.
    Present,
    /// Nobody knows whether the request has the key.
    Unknown,
    /// The request does not have the key.
    Absent,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Held {
    Present,
    Unknown,
    #[serde(untagged)]
    Values(Vec<String>),
    #[serde(untagged)]
    Texts(Vec<Text>),
}

/// What a key means that was not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Unset {
    /// The request does not have it.
    #[default]
    Absent,
    /// Nobody knows whether the request has it.
    Unknown,
    /// It is as a call to STS has it: some keys are always there, and nobody knows their values.
    AsCalled {
        /// The issuer of a token of which not every claim is known.
        partial: Option<Box<str>>,
    },
}

/// Condition keys and their values. Keys are compared without regard to letter case (DOC: IAM
/// User Guide, "Condition").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Context {
    /// Keys in lower case with their values, in order of insertion; few, so searched in line.
    entries: Vec<(String, Held)>,
    #[serde(skip)]
    unset: Unset,
}

impl Context {
    /// A context without keys: what is not set is absent.
    pub fn new() -> Self {
        Self::default()
    }

    /// A context of a call to STS: what the call brings and is not set is unknown, not absent. With an issuer, so
    /// are the claims that IAM makes keys of.
    pub(crate) fn of_call(partial: Option<&str>) -> Self {
        Self { entries: Vec::new(), unset: Unset::AsCalled { partial: partial.map(Into::into) } }
    }

    /// A context of which only what is set is known: nobody knows whether the request has any other key.
    pub fn open() -> Self {
        Self { entries: Vec::new(), unset: Unset::Unknown }
    }

    /// Says that the request does not have a key.
    pub fn set_absent(&mut self, key: &str) {
        self.hold(key, Held::Values(Vec::new()));
    }

    /// Sets a key's values, replacing those it had.
    pub fn set<V: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        self.hold(key, Held::Values(values.into_iter().map(Into::into).collect()));
    }

    /// Sets values of which parts may be unknown.
    pub fn set_partly(&mut self, key: &str, values: impl IntoIterator<Item = Text>) {
        let texts: Vec<Text> = values.into_iter().collect();
        let known: Option<Vec<String>> = texts.iter().map(Text::known).collect();
        self.hold(key, known.map_or(Held::Texts(texts), Held::Values));
    }

    /// Says that the request has a key whose value is unknown.
    pub fn set_present(&mut self, key: &str) {
        self.hold(key, Held::Present);
    }

    /// Says that nobody knows whether the request has a key.
    pub fn set_unknown(&mut self, key: &str) {
        self.hold(key, Held::Unknown);
    }

    fn hold(&mut self, key: &str, held: Held) {
        let key = key.to_ascii_lowercase();
        match self.entries.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = held,
            None => self.entries.push((key, held)),
        }
    }

    /// The known values of a key, given in any letter case. A key without values counts as absent
    /// (DOC: IAM User Guide, "Condition operators", on `Null` and empty keys).
    pub fn get(&self, key: &str) -> Option<&[String]> {
        match self.fact(key) {
            Fact::Known(values) => Some(values),
            Fact::Partly(_) | Fact::Present | Fact::Unknown | Fact::Absent => None,
        }
    }

    /// What is known of a key, given in any letter case.
    pub fn fact(&self, key: &str) -> Fact<'_> {
        match self.entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, held)| held) {
            Some(Held::Values(values)) if values.is_empty() => Fact::Absent,
            Some(Held::Values(values)) => Fact::Known(values),
            Some(Held::Texts(texts)) => Fact::Partly(texts),
            Some(Held::Present) => Fact::Present,
            Some(Held::Unknown) => Fact::Unknown,
            None => self.unset(key),
        }
    }

    fn unset(&self, key: &str) -> Fact<'_> {
        let partial = match &self.unset {
            Unset::Absent => return Fact::Absent,
            Unset::Unknown => return Fact::Unknown,
            Unset::AsCalled { partial } => partial,
        };
        if let Some(issuer) = partial.as_deref()
            && let Some(claim) = claim_of(key, issuer)
        {
            return match claim {
                // Every token has both (RFC 7519; STS refuses one without: REPORTED).
                _ if ["sub", "aud"].iter().any(|c| claim.eq_ignore_ascii_case(c)) => Fact::Present,
                _ if claim_becomes_key(issuer, claim) => Fact::Unknown,
                _ => Fact::Absent,
            };
        }
        if let Some(values) = call::constant(key) {
            return Fact::Known(values);
        }
        match call::presence(key) {
            Presence::Always => Fact::Present,
            Presence::Sometimes => Fact::Unknown,
            Presence::OfToken if partial.is_some() => Fact::Unknown,
            Presence::OfToken | Presence::Never => Fact::Absent,
        }
    }

    /// All keys with known values, in lower case.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.entries.iter().filter_map(|(key, held)| match held {
            Held::Values(values) => Some((key.as_str(), values.as_slice())),
            Held::Texts(_) | Held::Present | Held::Unknown => None,
        })
    }

    /// Whether a key of an issuer, in lower case, has a value that is not wholly known.
    pub(crate) fn is_open(&self, key: &str) -> bool {
        matches!(self.fact(key), Fact::Partly(_) | Fact::Present | Fact::Unknown)
    }

    /// Whether any key of an issuer may have a value that is not wholly known.
    pub(crate) fn has_open_claims(&self) -> bool {
        let partial = matches!(&self.unset, Unset::AsCalled { partial: Some(_) });
        partial || self.entries.iter().any(|(_, held)| !matches!(held, Held::Values(_)))
    }
}

/// The claim that a key stands for, if it is one of this issuer.
fn claim_of<'k>(key: &'k str, issuer: &str) -> Option<&'k str> {
    let (head, claim) = key.split_at_checked(issuer.len())?;
    head.eq_ignore_ascii_case(issuer).then(|| claim.strip_prefix(':')).flatten()
}
