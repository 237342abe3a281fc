//! JSON text to [`Document`], by visitors that build the typed value directly.
//!
//! No intermediate tree: an inventory of a hundred thousand roles spends most of its time here.

mod scalars;

use crate::document::{
    Document, DocumentCondition, DocumentStatement, Effect, ListElement, PrincipalElement, PrincipalKind, Principals,
    Version, Warning,
};
use scalars::{Bounded, Text, Texts};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The longest document read, in bytes: the most that `UpdateAssumeRolePolicy` accepts on the
/// wire (DOC: IAM API model), far above the quota for a stored trust policy.
pub const MAX_DOCUMENT_BYTES: usize = 131_072;

/// The most condition keys read in one statement. A document within IAM's largest quota of
/// 4,096 characters cannot hold as many; the search for duplicates is quadratic in this.
pub const MAX_CONDITION_KEYS: usize = 1_000;

/// Why a text is no policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text is longer than [`MAX_DOCUMENT_BYTES`].
    #[error("policy of {bytes} bytes is longer than {MAX_DOCUMENT_BYTES}")]
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// The text nests deeper than the JSON reader follows (128 levels; the language needs five).
    #[error("policy nests too deeply at line {line} column {column}")]
    TooDeep {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The text is no JSON.
    #[error("policy is no valid JSON: {message}")]
    Json {
        /// What the reader found, with line and column.
        message: String,
    },
    /// The JSON is no policy.
    #[error("policy does not follow the policy language: {message}")]
    Shape {
        /// What was found, with line and column.
        message: String,
    },
}

impl Document {
    /// Reads a policy document.
    ///
    /// # Errors
    /// The text is too long, too deep, no JSON, or has a value of the wrong kind. Missing
    /// elements are no error here; [`Document::lint`] reports them as IAM would.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(ParseError::TooLong { bytes: text.len() });
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut document =
            reader.deserialize_map(DocumentVisitor).and_then(|d| reader.end().map(|()| d)).map_err(|e| classify(&e))?;
        document.counted_length = counted_length(text);
        Ok(document)
    }
}

fn classify(error: &serde_json::Error) -> ParseError {
    let message = error.to_string();
    if message.starts_with("recursion limit exceeded") {
        return ParseError::TooDeep { line: error.line(), column: error.column() };
    }
    if error.is_data() { ParseError::Shape { message } } else { ParseError::Json { message } }
}

/// Characters as IAM counts them: white space between tokens is free (DOC: IAM User Guide,
/// "IAM and AWS STS quotas").
fn counted_length(text: &str) -> usize {
    // Compact documents, the usual ones, need no look at single bytes.
    if text.bytes().filter(|b| *b <= b' ').count() == 0 {
        return text.chars().count();
    }
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        let continuation = byte & 0xC0 == 0x80;
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        } else if byte == b'"' {
            quoted = true;
        }
        count += usize::from(!continuation);
    }
    count
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        let mut seen: Vec<Text<'de>> = Vec::new();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            match &*name.0 {
                "Version" => document.version = Some(version(&map.next_value::<Text<'de>>()?.0)?),
                "Id" => document.id = Some(map.next_value::<Text<'de>>()?.0.into_owned()),
                "Statement" => {
                    let (statements, warnings) = map.next_value_seed(Statements)?;
                    document.statements = statements;
                    document.warnings.retain(|w| matches!(w, Warning::ElementDropped { statement: None, .. }));
                    document.warnings.extend(warnings);
                }
                other => {
                    map.next_value::<Bounded>()?;
                    document.unknown.push(other.to_owned());
                }
            }
            if seen.iter().any(|s| s.0 == name.0) {
                document.warnings.push(Warning::ElementDropped { statement: None, element: name.0.into_owned() });
            } else if seen.len() < MAX_CONDITION_KEYS {
                seen.push(name);
            } else {
                return Err(A::Error::custom("too many elements"));
            }
        }
        Ok(document)
    }
}

fn version<E: Error>(text: &str) -> Result<Version, E> {
    match text {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        other => Err(E::custom(format_args!("unknown version `{other}`"))),
    }
}

/// `Statement`: one object or a list of them.
struct Statements;

impl<'de> DeserializeSeed<'de> for Statements {
    type Value = (Vec<DocumentStatement>, Vec<Warning>);
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Statements {
    type Value = (Vec<DocumentStatement>, Vec<Warning>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement or a list of statements")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut warnings = Vec::new();
        let statement = StatementVisitor { index: 0, warnings: &mut warnings }.visit_map(map)?;
        Ok((vec![statement], warnings))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        // Most policies have one statement; room for four would be a large block each time.
        let (mut statements, mut warnings) = (Vec::with_capacity(1), Vec::new());
        while let Some(statement) =
            seq.next_element_seed(StatementVisitor { index: statements.len(), warnings: &mut warnings })?
        {
            statements.push(statement);
        }
        Ok((statements, warnings))
    }
}

struct StatementVisitor<'w> {
    index: usize,
    warnings: &'w mut Vec<Warning>,
}

impl<'de> DeserializeSeed<'de> for StatementVisitor<'_> {
    type Value = DocumentStatement;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<DocumentStatement, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for StatementVisitor<'_> {
    type Value = DocumentStatement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DocumentStatement, A::Error> {
        let mut s = DocumentStatement::default();
        let mut conditions = None;
        let mut unknown_left = MAX_CONDITION_KEYS;
        while let Some(name) = map.next_key::<Text<'de>>()? {
            let name = name.0;
            let dropped = match &*name {
                "Sid" => s.sid.replace(map.next_value::<Text<'de>>()?.0.into_owned()).is_some(),
                "Effect" => s.effect.replace(effect(&map.next_value::<Text<'de>>()?.0)?).is_some(),
                "Principal" | "NotPrincipal" => {
                    let seed = PrincipalsSeed { index: self.index, warnings: &mut *self.warnings };
                    let principals = map.next_value_seed(seed)?;
                    let negated = name == "NotPrincipal";
                    let before = s.principal.replace(PrincipalElement { negated, principals });
                    beside(&mut s.exclusive, "Principal", before.map(|p| p.negated), negated)
                }
                "Action" | "NotAction" => {
                    let (values, negated) = (map.next_value::<Texts>()?.0, name == "NotAction");
                    let before = s.action.replace(ListElement { negated, values });
                    beside(&mut s.exclusive, "Action", before.map(|p| p.negated), negated)
                }
                "Resource" | "NotResource" => {
                    let (values, negated) = (map.next_value::<Texts>()?.0, name == "NotResource");
                    let before = s.resource.replace(ListElement { negated, values });
                    beside(&mut s.exclusive, "Resource", before.map(|p| p.negated), negated)
                }
                "Condition" => {
                    let read = map.next_value_seed(Conditions { index: self.index, warnings: &mut *self.warnings })?;
                    conditions.replace(read).is_some()
                }
                _ => {
                    map.next_value::<Bounded>()?;
                    unknown_left = unknown_left.checked_sub(1).ok_or_else(|| A::Error::custom("too many elements"))?;
                    s.unknown.push(name.clone().into_owned());
                    false
                }
            };
            if dropped {
                self.warnings.push(Warning::ElementDropped { statement: Some(self.index), element: name.into_owned() });
            }
        }
        (s.conditions, s.empty) = conditions.unwrap_or_default();
        Ok(s)
    }
}

/// Whether an element was dropped for another of its name; one beside its `Not…` form is noted.
fn beside(exclusive: &mut Vec<&'static str>, element: &'static str, before: Option<bool>, negated: bool) -> bool {
    if before == Some(!negated) && !exclusive.contains(&element) {
        exclusive.push(element);
    }
    before == Some(negated)
}

fn effect<E: Error>(text: &str) -> Result<Effect, E> {
    match text {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(E::custom(format_args!("unknown effect `{other}`"))),
    }
}

struct PrincipalsSeed<'w> {
    index: usize,
    warnings: &'w mut Vec<Warning>,
}

impl<'de> DeserializeSeed<'de> for PrincipalsSeed<'_> {
    type Value = Principals;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Principals, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PrincipalsSeed<'_> {
    type Value = Principals;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`*` or an object of principals")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Principals, E> {
        Ok(if text == "*" { Principals::Everyone } else { Principals::Unusable(text.to_owned()) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Principals, A::Error> {
        let mut listed: Vec<(PrincipalKind, String)> = Vec::with_capacity(1);
        while let Some(name) = map.next_key::<Text<'de>>()? {
            let kind = match &*name.0 {
                "AWS" => PrincipalKind::Aws,
                "Service" => PrincipalKind::Service,
                "Federated" => PrincipalKind::Federated,
                "CanonicalUser" => PrincipalKind::CanonicalUser,
                other => return Err(A::Error::custom(format_args!("unknown kind of principal `{other}`"))),
            };
            let values = map.next_value::<Texts>()?.0;
            if listed.iter().any(|(k, _)| *k == kind) {
                let (dropped, kept): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(k, _)| *k == kind);
                listed = kept;
                self.warnings.push(Warning::PrincipalsDropped {
                    statement: self.index,
                    principal: kind,
                    values: dropped.into_iter().map(|(_, value)| value).collect(),
                });
            }
            listed.extend(values.into_iter().map(|v| (kind, v)));
        }
        Ok(Principals::Listed(listed))
    }
}

struct Conditions<'w> {
    index: usize,
    warnings: &'w mut Vec<Warning>,
}

impl<'de> DeserializeSeed<'de> for Conditions<'_> {
    type Value = (Vec<DocumentCondition>, Vec<String>);
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Conditions<'_> {
    type Value = (Vec<DocumentCondition>, Vec<String>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of condition operators")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all: Vec<DocumentCondition> = Vec::with_capacity(2);
        let mut operators = 0;
        let mut empty: Vec<String> = Vec::new();
        while let Some(operator) = map.next_key::<Text<'de>>()? {
            let operator = operator.0;
            operators += 1;
            let keys: Vec<String> = all.iter().filter(|c| c.operator == *operator).map(|c| c.key.clone()).collect();
            if !keys.is_empty() {
                all.retain(|c| c.operator != *operator);
                let operator = operator.clone().into_owned();
                self.warnings.push(Warning::OperatorDropped { statement: self.index, operator, keys });
            }
            let seed = Keys { index: self.index, operator: &operator, all: &mut all, warnings: &mut *self.warnings };
            map.next_value_seed(seed)?;
            if all.iter().all(|c| c.operator != *operator) && empty.iter().all(|e| *e != *operator) {
                empty.push(operator.into_owned());
            }
            if operators > MAX_CONDITION_KEYS {
                return Err(A::Error::custom("too many condition operators"));
            }
        }
        Ok((all, empty))
    }
}

struct Keys<'a> {
    index: usize,
    operator: &'a str,
    all: &'a mut Vec<DocumentCondition>,
    warnings: &'a mut Vec<Warning>,
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of condition keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let (key, values) = (key.0.into_owned(), map.next_value::<Texts>()?.0);
            let operator = self.operator.to_owned();
            if let Some(at) = self.all.iter().position(|c| c.operator == self.operator && c.key == key) {
                self.all.remove(at);
                let (operator, key) = (operator.clone(), key.clone());
                self.warnings.push(Warning::KeyDropped { statement: self.index, operator, key });
            }
            let alike = |c: &&DocumentCondition| c.operator == self.operator && c.key.eq_ignore_ascii_case(&key);
            if let Some(first) = self.all.iter().find(alike).map(|c| c.key.clone()) {
                let (operator, other) = (operator.clone(), key.clone());
                let twice = Warning::KeyInTwoSpellings { statement: self.index, operator, key: first, other };
                self.warnings.push(twice);
            }
            self.all.push(DocumentCondition { operator, key, values });
            if self.all.len() > MAX_CONDITION_KEYS {
                return Err(A::Error::custom("too many condition keys"));
            }
        }
        Ok(())
    }
}
