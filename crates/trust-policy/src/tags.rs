//! Session tags that a token carries.

use serde::Serialize;
use serde_json::{Map, Value};

/// The claim that holds session tags, nested or as the head of flat claims (DOC: IAM User Guide, "Pass session tags
/// in AWS STS"; the flat form is REPORTED, for providers that cannot nest claims).
pub const TAGS_CLAIM: &str = "https://aws.amazon.com/tags";
/// The claim that holds the source identity (DOC: IAM User Guide, "Monitor and control actions taken with assumed
/// roles").
pub const SOURCE_IDENTITY_CLAIM: &str = "https://aws.amazon.com/source_identity";

const TAGS: &str = "principal_tags";
const TRANSITIVE: &str = "transitive_tag_keys";

/// Session tags: what `aws:RequestTag/KEY`, `aws:TagKeys` and `sts:TransitiveTagKeys` are made of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct SessionTags {
    /// Keys with their values, in the token's order.
    pub tags: Vec<(String, String)>,
    /// Keys that later sessions of a chain keep.
    pub transitive: Vec<String>,
    /// Keys whose value is no list of one text: STS then refuses the token (REPORTED:
    /// `principal_tags passed in claim is not in correct format.`).
    pub malformed: Vec<String>,
}

impl SessionTags {
    /// The tags of a token's claims; nothing when it carries none.
    pub fn of(claims: &Map<String, Value>) -> Option<Self> {
        let mut found = Self::default();
        let mut any = false;
        for (name, value) in claims {
            let Some(rest) = name.strip_prefix(TAGS_CLAIM) else { continue };
            any = true;
            match rest.strip_prefix('/') {
                None if rest.is_empty() => found.nested(value),
                None => {}
                Some(TRANSITIVE) => found.transitive.extend(texts(value)),
                Some(TAGS) => found.all(value),
                Some(flat) => {
                    if let Some(key) = flat.strip_prefix(TAGS).and_then(|k| k.strip_prefix('/')) {
                        found.tag(key, value, true);
                    }
                }
            }
        }
        any.then_some(found)
    }

    /// Whether it holds no tag at all.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.transitive.is_empty() && self.malformed.is_empty()
    }

    fn nested(&mut self, value: &Value) {
        let Value::Object(fields) = value else {
            self.malformed.push(String::new());
            return;
        };
        if let Some(tags) = fields.get(TAGS) {
            self.all(tags);
        }
        if let Some(keys) = fields.get(TRANSITIVE) {
            self.transitive.extend(texts(keys));
        }
    }

    fn all(&mut self, value: &Value) {
        match value {
            Value::Object(tags) => tags.iter().for_each(|(key, value)| self.tag(key, value, false)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.malformed.push(String::new());
            }
        }
    }

    /// A tag's value is a list of one text; a flat claim may be the text itself.
    fn tag(&mut self, key: &str, value: &Value, flat: bool) {
        match value {
            Value::Array(values) => match values.as_slice() {
                [Value::String(one)] => self.tags.push((key.to_owned(), one.clone())),
                _ => self.malformed.push(key.to_owned()),
            },
            Value::String(one) if flat => self.tags.push((key.to_owned(), one.clone())),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.malformed.push(key.to_owned());
            }
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}
