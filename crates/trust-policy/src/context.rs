//! The condition keys of a request.

use serde::Serialize;

/// Condition keys and their values. Keys are compared without regard to letter case (DOC: IAM
/// User Guide, "Condition").
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Context {
    /// Keys in lower case with their values, in order of insertion; few, so searched in line.
    entries: Vec<(String, Vec<String>)>,
}

impl Context {
    /// A context without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key's values, replacing those it had.
    pub fn set<V: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        let key = key.to_ascii_lowercase();
        let values = values.into_iter().map(Into::into).collect();
        match self.entries.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = values,
            None => self.entries.push((key, values)),
        }
    }

    /// The values of a key, given in any letter case. A key without values counts as absent
    /// (DOC: IAM User Guide, "Condition operators", on `Null` and empty keys).
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.entries
            .iter()
            .find(|(k, _)| k.eq_ignore_ascii_case(key))
            .map(|(_, v)| v.as_slice())
            .filter(|v| !v.is_empty())
    }

    /// All keys, in lower case, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.entries.iter().map(|(k, v)| (k.as_str(), v.as_slice()))
    }
}
