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
    let begins = matches!(text.pieces().first(), Some(Piece::Known(k)) if k.trim_start().starts_with(['{', '[']));
    if !begins {
        return None;
    }
    let mut all = documents(text, at)?;
    if all.len() == 1 { all.pop() } else { None }
}

/// The documents of YAML that a text holds, with their places in its file; nothing where not all of it can be read.
pub(crate) fn documents(text: &Text, at: &Place) -> Option<Vec<Node>> {
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
    let inner: Arc<str> = Arc::clone(&at.path);
    let read = read_yaml(&inner, &plain);
    let within = Within::new(&plain, at);
    read.unread.is_empty().then(|| read.all.iter().map(|node| restored(node, &symbols, &within)).collect())
}

/// The document that a text holds before its functions fill it in, so that its places are those of the file.
pub(crate) fn as_written(text: &str, at: &Place) -> Option<Node> {
    embedded(&text.into(), at)
}

fn letter(index: usize) -> Option<char> {
    let index = (index < LETTERS).then_some(index)?;
    char::from_u32(FIRST.checked_add(u32::try_from(index).ok()?)?)
}

/// Symbols where their letters stand, and places in the file.
fn restored(node: &Node, symbols: &[Symbol], at: &Within<'_>) -> Node {
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
                    (Said::new(name, at.moved(&key.at)), restored(node, symbols, at))
                })
                .collect(),
        ),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_)) => other.clone(),
    };
    Said::new(value, at.moved(&node.at))
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

/// A text in its file.
struct Within<'a> {
    at: &'a Place,
    /// Of a text of one line, the columns at which its letters begin and the last one ends, where they can be told.
    columns: Option<Vec<u32>>,
    /// Whether it is a block, whose lines are lines of the file. What is folded, or joined of several values, is none.
    block: bool,
}

impl<'a> Within<'a> {
    fn new(text: &str, at: &'a Place) -> Self {
        let wide = at.end_column.saturating_sub(at.column) as usize;
        let letters = text.chars().count();
        // What is folded or joined has one line, wherever it stands.
        let block = text.trim_end().contains('\n');
        let of = |escaped: &[char]| text.chars().filter(|c| escaped.contains(c)).count();
        // Bare, between single quotes, where only these are doubled, or between double ones.
        let (lead, escaped): (u32, &[char]) = match wide.checked_sub(letters) {
            Some(0) => (0, &[]),
            Some(more) if more == 2 + of(&['\'']) => (1, &['\'']),
            Some(more) if more == 2 + of(&['"', '\\']) => (1, &['"', '\\']),
            _ => return Self { at, columns: None, block },
        };
        if at.end_line != at.line || text.contains('\n') {
            return Self { at, columns: None, block };
        }
        let mut column = at.column.saturating_add(lead);
        let mut columns = vec![column];
        for c in text.chars() {
            column = column.saturating_add(if escaped.contains(&c) { 2 } else { 1 });
            columns.push(column);
        }
        Self { at, columns: Some(columns), block }
    }

    /// A place in the text as one of the file: of a block its own line and column, of a line its column, of another
    /// text all of it.
    fn moved(&self, inner: &Place) -> Place {
        let at = self.at;
        let last = at.end_line.saturating_sub(at.line).saturating_add(1);
        if last == 1 {
            let of = |n: u32| self.columns.as_ref()?.get(n.saturating_sub(1) as usize).copied();
            let (Some(column), Some(end_column)) = (of(inner.column), of(inner.end_column)) else { return at.clone() };
            return Place { column, end_column, ..at.clone() };
        }
        if inner.line > last || !self.block {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_in_a_text_keeps_its_symbols() {
        let at = Place { path: "t.yaml".into(), line: 4, column: 9, end_line: 6, end_column: 1 };
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

    #[test]
    fn a_block_has_its_lines_whatever_follows_and_what_is_folded_has_none() {
        let at = |text: &str| {
            let read = read_yaml(&"t.yaml".into(), text).all.remove(0);
            let node = read.value.get("p").unwrap().clone();
            let inner = as_written(node.value.text().unwrap().known().unwrap(), &node.at).unwrap();
            inner.value.get("b").unwrap().at.line
        };
        let block = "  {\"a\": 1,\n   \"b\": 2\n  }\n";
        for rest in ["", "\n\n", "q: 1\n", "\n# note\n\nq: 1\n"] {
            assert_eq!(at(&format!("p: |\n{block}{rest}")), 3, "{rest:?}");
            assert_eq!(at(&format!("p: |-\n{block}{rest}")), 3, "{rest:?}");
        }
        assert_eq!(at("p: >\n  {\"a\": 1,\n  \"b\": 2,\n  \"c\": 3}\nq: 1\n"), 2, "its whole");
    }

    #[test]
    fn a_text_of_one_line_has_its_columns_however_it_is_quoted() {
        let column = |text: &str, wide: u32| {
            let at = Place { path: "t.yaml".into(), line: 3, column: 11, end_line: 3, end_column: 11 + wide };
            let node = as_written(text, &at).unwrap();
            let b = node.at_path(&["a", "b"]).unwrap();
            (b.at.line, b.at.column, b.at.end_column)
        };
        let text = "{\"a\": {\"b\": \"c\"}}";
        let letters = u32::try_from(text.len()).unwrap();
        assert_eq!(column(text, letters), (3, 23, 26), "bare");
        assert_eq!(column(text, letters + 2), (3, 24, 27), "between single quotes");
        assert_eq!(column(text, letters + 2 + 6), (3, 28, 33), "between double quotes, each in it escaped");
        assert_eq!(column(text, letters + 5), (3, 11, 11 + letters + 5), "what is not understood is the whole of it");
    }
}
