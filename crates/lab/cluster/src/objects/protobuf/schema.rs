//! The message table, read once from its text form.

use std::{collections::BTreeMap, sync::LazyLock};

/// How often a field's value occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    List,
    Map,
}

/// What a field's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    Integer,
    Double,
    Bytes,
    Message(&'static str),
    Special(&'static str),
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) kind: Kind,
}

type Message = BTreeMap<u32, Field>;

static MESSAGES: LazyLock<BTreeMap<&'static str, Message>> =
    LazyLock::new(|| include_str!("schema.txt").lines().filter_map(line).collect());

/// The fields of a message.
pub(super) fn message(name: &str) -> Option<&'static Message> {
    MESSAGES.get(name)
}

fn line(line: &'static str) -> Option<(&'static str, Message)> {
    if line.starts_with('#') {
        return None;
    }
    let mut words = line.split(' ');
    Some((words.next()?, words.filter_map(field).collect()))
}

fn field(word: &'static str) -> Option<(u32, Field)> {
    let (number, rest) = word.split_once('=')?;
    let (name, code) = rest.split_once(':')?;
    let (shape, code) = match (code.strip_prefix('*'), code.strip_prefix('%')) {
        (Some(rest), _) => (Shape::List, rest),
        (_, Some(rest)) => (Shape::Map, rest),
        (None, None) => (Shape::One, code),
    };
    let kind = match (code, code.strip_prefix('@'), code.strip_prefix('!')) {
        ("s", ..) => Kind::Text,
        ("b", ..) => Kind::Bool,
        ("i", ..) => Kind::Integer,
        ("d", ..) => Kind::Double,
        ("y", ..) => Kind::Bytes,
        (_, Some(message), _) => Kind::Message(message),
        (_, _, Some(special)) => Kind::Special(special),
        _ => return None,
    };
    Some((number.parse().ok()?, Field { name, shape, kind }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_referenced_message_is_there() {
        for (name, fields) in MESSAGES.iter() {
            for field in fields.values() {
                if let Kind::Message(other) = field.kind {
                    assert!(MESSAGES.contains_key(other), "{name} needs {other}");
                }
            }
        }
    }
}
