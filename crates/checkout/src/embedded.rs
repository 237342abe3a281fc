//! Documents in texts: a policy that is written as JSON in a template's text, with what is unknown of it.

use std::sync::Arc;

use crate::node::{Node, Value};
use crate::place::{Place, Said};
use crate::text::{Piece, Symbol, Text};
use crate::yaml::read_yaml;

/// The first letter of those that stand for symbols while a text is read: private ones, which no policy has.
const FIRST: u32 = 0xF_0000;
/// How many there are.
const LETTERS: usize = 60_000;

/// The document that a text holds; nothing where it holds none. Places are those of its lines where it is a block, and
/// else that of the text.
pub fn embedded(text: &Text, at: &Place) -> Option<Node> {
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut plain = String::new();
    for piece in text.pieces() {
        match piece {
            Piece::Known(known) => plain.push_str(known),
            Piece::Unknown(symbol) => {
                let index = symbols.iter().position(|s| s == symbol).unwrap_or_else(|| {
                    symbols.push(symbol.clone());
                    symbols.len() - 1
                });
                plain.push(letter(index)?);
            }
        }
    }
    let trimmed = plain.trim_start();
    if !trimmed.starts_with(['{', '[']) {
        return None;
    }
    let inner: Arc<str> = Arc::clone(&at.path);
    let read = read_yaml(&inner, &plain);
    let [only] = read.all.as_slice() else { return None };
    (read.unread.is_empty()).then(|| restored(only, &symbols, at))
}

fn letter(index: usize) -> Option<char> {
    let index = (index < LETTERS).then_some(index)?;
    char::from_u32(FIRST.checked_add(u32::try_from(index).ok()?)?)
}

/// Symbols where their letters stand, and places in the file.
fn restored(node: &Node, symbols: &[Symbol], at: &Place) -> Node {
    let value = match &node.value {
        Value::Text(text) => match text.known() {
            Some(known) => Value::Text(back(known, symbols)),
            None => Value::Text(text.clone()),
        },
        Value::List(items) => Value::List(items.iter().map(|n| restored(n, symbols, at)).collect()),
        Value::Map(members) => Value::Map(
            members
                .iter()
                .map(|(key, node)| {
                    let name = key.value.known().map_or_else(|| key.value.clone(), |known| back(known, symbols));
                    (Said::new(name, moved(&key.at, at)), restored(node, symbols, at))
                })
                .collect(),
        ),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_)) => other.clone(),
    };
    Said::new(value, moved(&node.at, at))
}

fn back(text: &str, symbols: &[Symbol]) -> Text {
    let mut out = Text::default();
    let mut known = String::new();
    for c in text.chars() {
        let index = u32::from(c).checked_sub(FIRST).and_then(|n| usize::try_from(n).ok());
        match index.and_then(|n| symbols.get(n)) {
            Some(Symbol(expression)) => {
                out.push(std::mem::take(&mut known).into());
                out.push(Text::unknown(Arc::clone(expression)));
            }
            None => known.push(c),
        }
    }
    out.push(known.into());
    out
}

/// A place in a text as one of the file: of a block its own line and column, of another text all of it.
fn moved(inner: &Place, at: &Place) -> Place {
    let last = at.end_line.saturating_sub(at.line).saturating_add(1);
    if last == 1 || inner.line > last {
        return at.clone();
    }
    // A block begins where its first letter stands, and all its lines are indented as that one.
    let line = |n: u32| at.line.saturating_add(n).saturating_sub(1);
    let column = |n: u32| at.column.saturating_add(n).saturating_sub(1);
    Place {
        path: Arc::clone(&at.path),
        line: line(inner.line),
        column: column(inner.column),
        end_line: line(inner.end_line).max(line(inner.line)),
        end_column: column(inner.end_column),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_in_a_text_keeps_its_symbols() {
        let at = Place { path: "t.yaml".into(), line: 4, column: 9, end_line: 8, end_column: 1 };
        let mut text = Text::from("{\"a\": {\n \"");
        text.push(Text::unknown("Url"));
        text.push(":sub\": [\"x".into());
        text.push(Text::unknown("Ns"));
        text.push("\"]}}".into());
        let node = embedded(&text, &at).unwrap();
        let Value::Map(members) = &node.value.get("a").unwrap().value else { panic!() };
        assert_eq!(members[0].0.value.to_string(), "${Url}:sub");
        assert_eq!((members[0].0.at.line, members[0].0.at.column), (5, 10));
        assert_eq!(members[0].1.value.items()[0].value.text().unwrap().to_string(), "x${Ns}");
        assert_eq!(embedded(&"plain".into(), &at), None);
        assert_eq!(embedded(&"{a: [".into(), &at), None);
    }
}
