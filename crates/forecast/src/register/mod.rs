//! Changes that somebody announced: what, from when, whom it concerns, and where it was said. Those that everybody is
//! concerned by come with trustwalk; users add their own in the same form.

mod whom;

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};
use trustwalk_core::cause::Cause;
use trustwalk_core::evidence::Evidence;
use trustwalk_core::finding::Confidence;
use trustwalk_core::forthcoming::{Basis, Forthcoming, Presented, When};
use trustwalk_core::link::Link;

pub use whom::{SubjectForm, Whom};

/// The register that comes with trustwalk.
const BUILT_IN: &str = include_str!("../../register.toml");
/// Largest file of a register, bytes: some thousand entries.
pub const MAX_REGISTER_BYTES: u64 = 1 << 20;
/// Most entries of one register.
const MAX_CHANGES: usize = 1_000;

/// Why a text is no register.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// It is no TOML, or not of this form.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// Two entries of one name.
    #[error("`{0}` stands twice")]
    Twice(String),
    /// An entry without something that it needs.
    #[error("`{id}` {lacks}")]
    Lacks {
        /// The entry.
        id: String,
        /// What it lacks.
        lacks: &'static str,
    },
    /// Too many entries.
    #[error("it has more than {MAX_CHANGES} entries")]
    TooMany,
}

/// One announced change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Change {
    /// Its name, once in all registers.
    pub id: String,
    /// From when, Unix seconds; in a file a day, `2027-03-15`, which begins at midnight UTC, or a moment of RFC 3339.
    #[serde(deserialize_with = "moment")]
    pub from: i64,
    /// What has to happen for it to take effect, as a clause, where the day alone does nothing.
    #[serde(default)]
    pub once: Option<String>,
    /// Whether it is still to be told when the day is past: it may take effect any day.
    #[serde(default)]
    pub lasts: bool,
    /// Whether something fails by it; else it is only to be known.
    #[serde(default)]
    pub fails: bool,
    /// The cause that it will be.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// The link that it concerns; that of the cause where it has one.
    #[serde(default)]
    pub link: Option<Link>,
    /// What changes, in one sentence without a full stop.
    pub says: String,
    /// What to do before.
    #[serde(rename = "do")]
    pub advice: String,
    /// Where it was announced, addresses.
    pub sources: Vec<String>,
    /// Whom it concerns.
    pub whom: Whom,
}

fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = String::deserialize(from)?;
    let moment = trustwalk_trust_policy::date(&text).filter(|_| text.contains('-'));
    moment.map(jiff::Timestamp::as_second).ok_or_else(|| serde::de::Error::custom("a day is written 2027-03-15"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    change: Vec<Change>,
}

/// Announced changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Register {
    changes: Vec<Change>,
}

impl Register {
    /// The one that comes with trustwalk. A test holds that it can be read.
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN).unwrap_or_default()
    }

    /// Reads a register.
    pub fn parse(text: &str) -> Result<Self, RegisterError> {
        let File { change: changes } = toml::from_str(text)?;
        Self::default().with(Self { changes })
    }

    /// The same with further entries.
    pub fn with(mut self, more: Self) -> Result<Self, RegisterError> {
        self.changes.extend(more.changes);
        if self.changes.len() > MAX_CHANGES {
            return Err(RegisterError::TooMany);
        }
        let mut names = BTreeSet::new();
        for change in &self.changes {
            let lacks = |lacks| RegisterError::Lacks { id: change.id.clone(), lacks };
            if !names.insert(&change.id) {
                return Err(RegisterError::Twice(change.id.clone()));
            }
            if change.whom == Whom::default() {
                return Err(lacks("does not say whom it concerns; `everybody = true` is everybody"));
            }
            if change.sources.is_empty() {
                return Err(lacks("has no source"));
            }
            if change.cause.is_none() && change.link.is_none() {
                return Err(lacks("names neither a cause nor a link"));
            }
        }
        Ok(self)
    }

    /// The entries, in their order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What concerns an identity and is ahead, or may come any day, of the entries that are asked for.
    pub(crate) fn concerning(
        &self,
        e: &Evidence,
        chains: &[Presented],
        asked: impl Fn(&Change) -> bool,
    ) -> Vec<Forthcoming> {
        let ahead = self.changes.iter().filter(|c| c.from > e.now || c.lasts || c.once.is_some()).filter(|c| asked(c));
        ahead.filter_map(|c| Some((c, c.whom.concerned(e, chains)?))).map(|(c, proof)| c.told(e.now, proof)).collect()
    }
}

impl Change {
    fn told(&self, now: i64, proof: Vec<trustwalk_core::finding::Exhibit>) -> Forthcoming {
        let when = match &self.once {
            Some(what) => When::Once { what: what.clone(), since: Some(self.from) },
            None if self.from > now => When::On { at: self.from },
            None => When::Since { at: self.from },
        };
        Forthcoming {
            code: self.cause.map(|c| c.code().to_owned()),
            name: self.cause,
            link: self.cause.map(Cause::link).or(self.link).unwrap_or(Link::Workload),
            when,
            basis: Basis::Announced,
            fails: self.fails,
            confidence: Confidence::Likely,
            sentence: self.says.clone(),
            proof,
            advice: self.advice.clone(),
            entry: Some(self.id.clone()),
            sources: self.sources.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_can_be_read_and_every_entry_has_an_address() {
        let register = Register::parse(BUILT_IN).unwrap();
        assert!(register.changes().len() >= 15, "{}", register.changes().len());
        for change in register.changes() {
            assert!(change.sources.iter().all(|s| s.starts_with("https://")), "{}", change.id);
            assert!(!change.says.ends_with('.') && !change.advice.ends_with('.'), "{}", change.id);
        }
    }

    #[test]
    fn a_register_that_says_too_little_is_refused_with_the_entry() {
        let entry = |more: &str| {
            let text = format!(
                "[[change]]\nid = \"x\"\nfrom = \"2027-01-01\"\nsays = \"s\"\ndo = \"d\"\nlink = \"tls\"\n{more}"
            );
            Register::parse(&text)
        };
        let source = "sources = [\"https://example.com\"]\n";
        assert!(entry(&format!("{source}whom.everybody = true")).is_ok());
        for (more, words) in [
            ("sources = []\nwhom.everybody = true".to_owned(), "has no source"),
            (format!("{source}[change.whom]"), "whom it concerns"),
            (format!("{source}whom.somebody = true"), "unknown field"),
            (format!("{source}from = 3\nwhom.everybody = true"), "duplicate key"),
        ] {
            let error = entry(&more).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let built_in = Register::built_in();
        assert!(matches!(built_in.clone().with(built_in), Err(RegisterError::Twice(_))));
    }
}
