//! Documents as trees that keep places and symbols.

use super::place::{Place, Said};
use super::text::{Symbol, Text};

/// A value of a document and where it stands.
pub type Node = Said<Value>;

/// A value of a document: what YAML, JSON, a template's functions or an expression came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A text, parts of which may be unknown.
    Text(Text),
    /// A list.
    List(Vec<Node>),
    /// Members in their order; a name may stand twice where the format lets it.
    Map(Vec<(Said<Text>, Node)>),
    /// A value of unknown kind.
    Unknown(Symbol),
}

impl Value {
    /// The member of a known name; of several the last, which is what readers of YAML and JSON keep.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let Self::Map(members) = self else { return None };
        members.iter().rev().find(|(key, _)| key.value.known() == Some(name)).map(|(_, node)| node)
    }

    /// Its text, also of a number or truth value, as a place that takes text would read it.
    pub fn text(&self) -> Option<Text> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Number(number) => Some(number.as_str().into()),
            Self::Bool(truth) => Some(if *truth { "true" } else { "false" }.into()),
            Self::Unknown(symbol) => Some(Text::unknown(symbol.0.clone())),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Its items.
    pub fn items(&self) -> &[Node] {
        if let Self::List(items) = self { items } else { &[] }
    }
}

impl Node {
    /// What stands at a path of names, and the place of the nearest that is there when it is not.
    pub fn at_path(&self, names: &[&str]) -> Result<&Self, &Place> {
        let mut node = self;
        for name in names {
            node = node.value.get(name).ok_or(&node.at)?;
        }
        Ok(node)
    }
}
