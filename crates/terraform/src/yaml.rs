//! YAML inside texts, read by the checkout's reader, with symbols and places kept.

use std::sync::Arc;

use trustwalk_checkout::{Node, Piece, Place, Text, Value, read_yaml};

use super::bounds::MAX_YAML;
use super::rope::{Rope, Seg};
use super::source::{Spot, to_u32};
use super::value::{Key, Kind, Sym, Val};

/// The first of the letters that stand for symbols while a text is read: private ones.
const FIRST: u32 = 0x10_0000;
/// How many there are.
const LETTERS: usize = 60_000;

/// The documents of a YAML text; `None` where it is none, or no text that can be read as one.
pub(crate) fn read(rope: &Rope) -> Option<Vec<Val>> {
    let mut flat = Flat::default();
    for seg in rope.segs() {
        flat.add(seg)?;
    }
    let (most, longest) = MAX_YAML;
    flat.lines = std::iter::once(0).chain(flat.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    if flat.text.len() > most || flat.text.lines().any(|line| line.len() > longest) {
        return None;
    }
    let documents = read_yaml(&Arc::from(""), &flat.text);
    documents.unread.is_empty().then(|| documents.all.iter().map(|node| flat.value(node)).collect())
}

/// A text of known letters, and where each of its parts stands.
#[derive(Debug, Default)]
struct Flat {
    text: String,
    /// Where its lines begin.
    lines: Vec<usize>,
    /// Offset of each part, with its spot and whether its bytes stand there.
    parts: Vec<(usize, Spot, bool)>,
    symbols: Vec<Sym>,
}

impl Flat {
    fn add(&mut self, seg: &Seg) -> Option<()> {
        match seg {
            Seg::Known { text, at, exact } => {
                if text.chars().any(|c| u32::from(c) >= FIRST) {
                    return None;
                }
                self.parts.push((self.text.len(), *at, *exact));
                self.text.push_str(text);
            }
            Seg::Unknown(sym, at) => {
                if self.symbols.len() >= LETTERS {
                    return None;
                }
                self.parts.push((self.text.len(), *at, false));
                self.text.push(char::from_u32(FIRST + to_u32(self.symbols.len()))?);
                self.symbols.push(sym.clone());
            }
        }
        Some(())
    }

    /// The spot of a place in the flat text.
    fn spot(&self, place: &Place) -> Spot {
        let offset = |line: u32, column: u32| {
            let start = self.lines.get((line as usize).saturating_sub(1)).copied().unwrap_or(self.text.len());
            let rest = self.text.get(start..).unwrap_or_default();
            start + rest.char_indices().nth((column as usize).saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
        };
        let (from, to) = (offset(place.line, place.column), offset(place.end_line, place.end_column));
        self.at(from).to(self.at(to.saturating_sub(1).max(from)))
    }

    /// The spot of the letter at an offset.
    fn at(&self, offset: usize) -> Spot {
        let number = self.parts.partition_point(|(start, _, _)| *start <= offset).saturating_sub(1);
        match self.parts.get(number) {
            Some((start, spot, true)) => {
                let first = spot.start + to_u32(offset - (*start).min(offset));
                Spot { file: spot.file, start: first, end: (first + 1).min(spot.end.max(first)) }
            }
            Some((_, spot, false)) => *spot,
            None => Spot::default(),
        }
    }

    fn rope(&self, text: &Text, at: Spot) -> Rope {
        let mut segs = Vec::new();
        for piece in text.pieces() {
            let Piece::Known(known) = piece else { continue };
            let mut plain = String::new();
            for c in known.chars() {
                let sym = u32::from(c).checked_sub(FIRST).and_then(|number| self.symbols.get(number as usize));
                let Some(sym) = sym else {
                    plain.push(c);
                    continue;
                };
                segs.push(Seg::Known { text: std::mem::take(&mut plain).into(), at, exact: false });
                segs.push(Seg::Unknown(sym.clone(), at));
            }
            segs.push(Seg::Known { text: plain.into(), at, exact: false });
        }
        Rope::of(segs)
    }

    fn value(&self, node: &Node) -> Val {
        let at = self.spot(&node.at);
        match &node.value {
            Value::Null => Val::null(at),
            Value::Bool(truth) => Val::bool(*truth, at),
            Value::Number(number) => Val::number(number, at),
            Value::Text(text) => Val::rope(self.rope(text, at), at),
            Value::List(items) => Val::list(items.iter().map(|item| self.value(item)).collect(), at),
            Value::Map(members) => {
                let members = members.iter().map(|(key, item)| {
                    let at = self.spot(&key.at);
                    (Key { name: self.rope(&key.value, at), at }, self.value(item))
                });
                Val::map(members.collect(), at)
            }
            Value::Unknown(symbol) => Val::new(Kind::Unknown(Sym::any(&*symbol.0)), at),
        }
    }
}
