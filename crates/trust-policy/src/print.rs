//! [`Document`] to JSON: what was read is written again, lists of one as a plain string.

use crate::document::{Document, DocumentStatement, Principals};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

impl Document {
    /// The document as compact JSON, ready to be sent to IAM.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(version) = &self.version {
            map.serialize_entry("Version", version)?;
        }
        if let Some(id) = &self.id {
            map.serialize_entry("Id", id)?;
        }
        map.serialize_entry("Statement", &self.statements)?;
        map.end()
    }
}

impl Serialize for DocumentStatement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(sid) = &self.sid {
            map.serialize_entry("Sid", sid)?;
        }
        if let Some(effect) = &self.effect {
            map.serialize_entry("Effect", effect)?;
        }
        if let Some(principal) = &self.principal {
            let name = if principal.negated { "NotPrincipal" } else { "Principal" };
            map.serialize_entry(name, &principals(&principal.principals))?;
        }
        for (element, name, not) in [(&self.action, "Action", "NotAction"), (&self.resource, "Resource", "NotResource")]
        {
            if let Some(list) = element {
                map.serialize_entry(if list.negated { not } else { name }, &one_or_many(&list.values))?;
            }
        }
        if !self.conditions.is_empty() || !self.empty.is_empty() {
            let mut operators = Map::new();
            for operator in &self.empty {
                operators.insert(operator.clone(), Value::Object(Map::new()));
            }
            for condition in &self.conditions {
                let keys = operators.entry(condition.operator.as_str()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(keys) = keys {
                    keys.insert(condition.key.clone(), one_or_many(&condition.values));
                }
            }
            map.serialize_entry("Condition", &operators)?;
        }
        map.end()
    }
}

fn principals(principals: &Principals) -> Value {
    match principals {
        Principals::Everyone => Value::from("*"),
        Principals::Unusable(text) => Value::from(text.as_str()),
        Principals::Listed(listed) => {
            let mut kinds: Vec<(&str, Vec<String>)> = Vec::new();
            for (kind, value) in listed {
                match kinds.iter_mut().find(|(name, _)| *name == kind.name()) {
                    Some((_, values)) => values.push(value.clone()),
                    None => kinds.push((kind.name(), vec![value.clone()])),
                }
            }
            Value::Object(kinds.into_iter().map(|(name, values)| (name.to_owned(), one_or_many(&values))).collect())
        }
    }
}

fn one_or_many(values: &[String]) -> Value {
    match values {
        [one] => Value::from(one.as_str()),
        many => Value::from(many),
    }
}
