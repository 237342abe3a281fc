//! Texts that know for each part where it was written.

use std::rc::Rc;

use trustwalk_checkout::Text;

use super::source::{Spot, to_u32};
use super::value::Sym;

/// A text of parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rope(Rc<[Seg]>);

/// A part of a text.
#[derive(Debug, Clone)]
pub(crate) enum Seg {
    /// Known text. Where `exact`, the bytes at the spot are this text.
    Known { text: Rc<str>, at: Spot, exact: bool },
    /// An unknown part.
    Unknown(Sym, Spot),
}

impl Seg {
    /// The part of known text between two offsets in it.
    fn slice(text: &str, at: Spot, exact: bool, from: usize, to: usize) -> Self {
        let part: Rc<str> = text.get(from..to).unwrap_or_default().into();
        let at =
            if exact { Spot { file: at.file, start: at.start + to_u32(from), end: at.start + to_u32(to) } } else { at };
        Self::Known { text: part, at, exact }
    }
}

impl Rope {
    /// Text that stands as it is at a spot.
    pub(crate) fn exact(text: impl Into<Rc<str>>, at: Spot) -> Self {
        Self::of(vec![Seg::Known { text: text.into(), at, exact: true }])
    }

    /// Text that something at a spot makes.
    pub(crate) fn made(text: impl Into<Rc<str>>, at: Spot) -> Self {
        Self::of(vec![Seg::Known { text: text.into(), at, exact: false }])
    }

    pub(crate) fn unknown(sym: Sym, at: Spot) -> Self {
        Self::of(vec![Seg::Unknown(sym, at)])
    }

    pub(crate) fn of(segs: Vec<Seg>) -> Self {
        let kept = |seg: &Seg| !matches!(seg, Seg::Known { text, .. } if text.is_empty());
        Self(segs.into_iter().filter(kept).collect())
    }

    pub(crate) fn segs(&self) -> &[Seg] {
        &self.0
    }

    /// The symbol that is all of it.
    pub(crate) fn single(&self) -> Option<&Sym> {
        if let [Seg::Unknown(sym, _)] = &*self.0 { Some(sym) } else { None }
    }

    /// All of it, when all is known.
    pub(crate) fn known(&self) -> Option<String> {
        let mut all = String::new();
        for seg in &*self.0 {
            let Seg::Known { text, .. } = seg else { return None };
            all.push_str(text);
        }
        Some(all)
    }

    /// How many bytes of it are known.
    pub(crate) fn length(&self) -> usize {
        self.0.iter().map(|seg| if let Seg::Known { text, .. } = seg { text.len() } else { 0 }).sum()
    }

    pub(crate) fn join<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        Self(parts.into_iter().flat_map(|part| part.0.iter().cloned()).collect())
    }

    pub(crate) fn to_text(&self) -> Text {
        self.0
            .iter()
            .map(|seg| match seg {
                Seg::Known { text, .. } => Text::from(&**text),
                Seg::Unknown(sym, _) => Text::unknown(&*sym.name),
            })
            .collect()
    }

    /// As `to_text`, compared.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.to_text() == other.to_text()
    }

    /// That the two can never be equal: their known beginnings or ends differ.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        if let (Some(one), Some(two)) = (self.known(), other.known()) {
            return one != two;
        }
        let (one, two) = (self.head(), other.head());
        let (one_end, two_end) = (self.tail(), other.tail());
        let apart = |a: &str, b: &str| !(a.starts_with(b) || b.starts_with(a));
        let apart_end = |a: &str, b: &str| !(a.ends_with(b) || b.ends_with(a));
        let short = |whole: &Self, part: &Self| whole.known().is_some_and(|text| text.len() < part.length());
        apart(&one, &two) || apart_end(&one_end, &two_end) || short(self, other) || short(other, self)
    }

    /// The known text that it begins with.
    pub(crate) fn head(&self) -> String {
        self.0.iter().map_while(known_text).collect()
    }

    /// The known text that it ends with.
    pub(crate) fn tail(&self) -> String {
        let parts: Vec<&str> = self.0.iter().rev().map_while(known_text).collect();
        parts.into_iter().rev().collect()
    }

    /// Without so many bytes of its known beginning.
    pub(crate) fn skip(&self, mut bytes: usize) -> Self {
        let mut kept = Vec::new();
        for seg in &*self.0 {
            match seg {
                Seg::Known { text, at, exact } if bytes > 0 => {
                    let from = bytes.min(text.len());
                    bytes -= from;
                    kept.push(Seg::slice(text, *at, *exact, from, text.len()));
                }
                other => kept.push(other.clone()),
            }
        }
        Self::of(kept)
    }

    /// Without so many bytes of its known end.
    pub(crate) fn shorten(&self, mut bytes: usize) -> Self {
        let mut kept = Vec::new();
        for seg in self.0.iter().rev() {
            match seg {
                Seg::Known { text, at, exact } if bytes > 0 => {
                    let to = text.len() - bytes.min(text.len());
                    bytes -= text.len() - to;
                    kept.push(Seg::slice(text, *at, *exact, 0, to));
                }
                other => kept.push(other.clone()),
            }
        }
        kept.reverse();
        Self::of(kept)
    }

    /// Its pieces between the occurrences of a separator; `None` where unknown parts could hold or touch one.
    pub(crate) fn split(&self, separator: &str) -> Option<Vec<Self>> {
        if separator.is_empty() || self.could_hide(separator) {
            return None;
        }
        let mut pieces = vec![Vec::new()];
        for seg in self.merged() {
            let Seg::Known { text, at, exact } = &seg else {
                pieces.last_mut()?.push(seg);
                continue;
            };
            let mut from = 0;
            for (found, _) in text.match_indices(separator) {
                pieces.last_mut()?.push(Seg::slice(text, *at, *exact, from, found));
                pieces.push(Vec::new());
                from = found + separator.len();
            }
            pieces.last_mut()?.push(Seg::slice(text, *at, *exact, from, text.len()));
        }
        Some(pieces.into_iter().map(Self::of).collect())
    }

    /// Known parts side by side made one, so that nothing is missed at their seams.
    fn merged(&self) -> Vec<Seg> {
        let mut all: Vec<Seg> = Vec::new();
        for seg in &*self.0 {
            if let (Some(Seg::Known { text, at, exact }), Seg::Known { text: more, at: there, exact: also }) =
                (all.last_mut(), seg)
            {
                *exact = *exact && *also && at.file == there.file && at.end == there.start;
                *at = at.to(*there);
                *text = format!("{text}{more}").into();
            } else {
                all.push(seg.clone());
            }
        }
        all
    }

    /// Whether a needle could stand in an unknown part, or over its edge.
    fn could_hide(&self, needle: &str) -> bool {
        let segs = self.merged();
        segs.iter().enumerate().any(|(number, seg)| {
            let Seg::Unknown(sym, _) = seg else { return false };
            let fits = |part: &str| sym.chars.holds(part);
            let around = |at: Option<usize>| match at.map(|at| segs.get(at)) {
                Some(Some(Seg::Known { text, .. })) => Some(text.to_string()),
                Some(Some(Seg::Unknown(..))) => None,
                Some(None) | None => Some(String::new()),
            };
            let (before, after) = (around(number.checked_sub(1)), around(Some(number + 1)));
            fits(needle)
                || cuts(needle).any(|(left, right)| {
                    fits(right) && before.as_ref().is_none_or(|text| text.ends_with(left))
                        || fits(left) && after.as_ref().is_none_or(|text| text.starts_with(right))
                })
                || crosses(needle, before.as_deref(), after.as_deref())
        })
    }
}

/// Each way to cut a text in two parts that are not empty.
fn cuts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.char_indices().skip(1).filter_map(|(at, _)| text.split_at_checked(at))
}

/// Whether a needle could begin before an unknown part and end after it.
fn crosses(needle: &str, before: Option<&str>, after: Option<&str>) -> bool {
    cuts(needle).any(|(left, rest)| {
        before.is_none_or(|text| text.ends_with(left))
            && rest
                .char_indices()
                .filter_map(|(at, _)| rest.get(at..))
                .any(|right| after.is_none_or(|text| text.starts_with(right)))
    })
}

fn known_text(seg: &Seg) -> Option<&str> {
    if let Seg::Known { text, .. } = seg { Some(text) } else { None }
}
