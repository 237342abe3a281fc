//! Values for symbols, each the one that speaks most for the files: what is refused even so is refused whatever they
//! are.

use std::collections::{BTreeMap, BTreeSet};

use trustwalk_checkout::{Piece, Symbol, Text};

/// Steps of one comparison; beyond this two texts are taken for such as may be equal.
const STEPS: usize = 20_000;
/// Stands for an account that nobody names. No account has such a number by chance, and it is shown as its symbol.
pub(crate) const ACCOUNT: &str = "990000000001";

/// What each symbol is taken for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fill {
    values: BTreeMap<Symbol, String>,
    /// Those of them that nothing but the wish speaks for.
    assumed: BTreeSet<Symbol>,
}

impl Fill {
    /// A text with its symbols' values; one without a value is a name that nobody has.
    pub(crate) fn text(&self, text: &Text) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Known(known) => known.clone(),
            Piece::Unknown(symbol) => self.values.get(symbol).cloned().unwrap_or_else(|| unnamed(symbol)),
        };
        text.pieces().iter().map(piece).collect()
    }

    /// Takes a symbol for a value, where it has none yet.
    fn take(&mut self, symbol: &Symbol, value: &str) {
        self.values.entry(symbol.clone()).or_insert_with(|| value.to_owned());
    }

    /// Whether the files tell what a symbol is.
    pub(crate) fn is_told(&self, symbol: &Symbol) -> bool {
        self.values.contains_key(symbol) && !self.assumed.contains(symbol)
    }

    /// Takes symbols for values that nothing but the wish speaks for.
    pub(crate) fn assume(&mut self, symbols: Vec<(Symbol, String)>) {
        for (symbol, value) in symbols {
            if !self.values.contains_key(&symbol) {
                self.values.insert(symbol.clone(), value);
                self.assumed.insert(symbol);
            }
        }
    }

    /// Takes symbols for values that the way in which the files are wired speaks for.
    pub(crate) fn wire(&mut self, symbols: Vec<(Symbol, String)>) {
        for (symbol, value) in symbols {
            self.take(&symbol, &value);
        }
    }

    /// Account and partition of an ARN: of several accounts that are not known none is told from another.
    pub(crate) fn arn(&mut self, arn: &Text, account: Option<&str>) {
        let mut before = String::new();
        for piece in arn.pieces() {
            match piece {
                Piece::Known(known) => before.push_str(known),
                Piece::Unknown(symbol) => {
                    if before == "arn:" {
                        self.take(symbol, "aws");
                    } else if before.matches(':').count() == 4 && before.ends_with(':') {
                        self.take(symbol, account.unwrap_or(ACCOUNT));
                    }
                    before.push_str(&self.text(&Text::unknown(symbol.0.clone())));
                }
            }
        }
    }

    /// What was assumed of the symbols of these texts, in words.
    pub(crate) fn assumptions<'t>(&self, of: impl IntoIterator<Item = &'t Text>) -> Vec<String> {
        let used: BTreeSet<&Symbol> = of.into_iter().flat_map(Text::symbols).collect();
        let assumed = used.into_iter().filter(|s| self.assumed.contains(*s));
        assumed.map(|s| format!("`{}`", s.0)).collect()
    }

    /// An ARN with its symbols' values, all of it in letters that an ARN has.
    pub(crate) fn arn_text(&self, arn: &Text) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-/:".contains(c) { c } else { '-' };
        self.text(arn).replace(OPEN, OPEN_IN_ARN).replace(CLOSE, CLOSE_IN_ARN).chars().map(plain).collect()
    }

    /// A text for people: what stands for a symbol is shown as the symbol.
    pub(crate) fn shown(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (symbol, value) in &self.values {
            if value == ACCOUNT {
                out = out.replace(value, &format!("${{{}}}", symbol.0));
            }
        }
        shown(&out)
    }
}

/// The names that stand for symbols, as symbols.
pub(crate) fn shown(text: &str) -> String {
    text.replace(OPEN, "${")
        .replace(CLOSE, "}")
        .replace(OPEN_IN_ARN, "${")
        .replace(CLOSE_IN_ARN, "}")
        .replace(COLON, ":")
        .replace(BLANK, " ")
        .replace(ACCOUNT, "ACCOUNT")
}

/// What a symbol's name stands between: letters that no name of AWS or Kubernetes has.
const OPEN: &str = "\u{2039}";
const CLOSE: &str = "\u{203a}";
/// Stand for a colon and a blank in the name of a symbol.
const COLON: &str = "\u{a789}";
const BLANK: &str = "\u{2420}";
/// The same in an ARN, of letters that a role's name may have and none has.
const OPEN_IN_ARN: &str = "=@.,";
const CLOSE_IN_ARN: &str = ",.@=";

fn unnamed(symbol: &Symbol) -> String {
    // A colon would end a key, and a blank is taken for a slip.
    let plain = symbol.0.replace(':', COLON).replace(char::is_whitespace, BLANK);
    format!("{OPEN}{plain}{CLOSE}")
}

/// What stands for symbols in a text, each run from mark to mark.
pub(crate) fn runs(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        let from = rest.get(start..).unwrap_or_default();
        let end = from.find(CLOSE).map_or(from.len(), |end| end + CLOSE.len());
        let (run, after) = from.split_at_checked(end).unwrap_or((from, ""));
        all.push(run);
        rest = after;
    }
    all
}

/// Whether a text stands for a symbol, in whole or in part, the number of an account aside.
pub(crate) fn is_made_up_arn(text: &str) -> bool {
    [OPEN, OPEN_IN_ARN].iter().any(|mark| text.contains(mark))
}

/// Whether a text stands for a symbol, in whole or in part.
pub(crate) fn is_made_up(text: &str) -> bool {
    [OPEN, OPEN_IN_ARN, ACCOUNT].iter().any(|mark| text.contains(mark))
}

/// One letter, or what stands for many.
#[derive(Debug, Clone)]
enum Item<'t> {
    Letter(char),
    Any,
    One,
    Symbol(&'t Symbol),
}

/// What the symbols of a pattern have to be for it to be a text; nothing where they can be nothing. Wildcards count
/// where they are told to.
pub(crate) fn unified(pattern: &Text, text: &str, wildcards: bool) -> Option<Vec<(Symbol, String)>> {
    let mut items = Vec::new();
    for piece in pattern.pieces() {
        match piece {
            Piece::Unknown(symbol) => items.push(Item::Symbol(symbol)),
            Piece::Known(known) => items.extend(known.chars().map(|c| match c {
                '*' if wildcards => Item::Any,
                '?' if wildcards => Item::One,
                letter => Item::Letter(letter),
            })),
        }
    }
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut left = STEPS;
    matched(&items, &letters, &mut found, &mut left).then_some(found)
}

fn matched(items: &[Item<'_>], letters: &[char], found: &mut Vec<(Symbol, String)>, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    let Some((item, after)) = items.split_first() else { return letters.is_empty() };
    match item {
        Item::Letter(letter) => {
            letters.split_first().is_some_and(|(c, rest)| c == letter && matched(after, rest, found, left))
        }
        Item::One => letters.split_first().is_some_and(|(_, rest)| matched(after, rest, found, left)),
        Item::Any => (0..=letters.len()).any(|n| matched(after, letters.get(n..).unwrap_or_default(), found, left)),
        Item::Symbol(symbol) => {
            if let Some((_, value)) = found.iter().find(|(s, _)| s == *symbol) {
                let own: Vec<char> = value.chars().collect();
                return letters.strip_prefix(own.as_slice()).is_some_and(|rest| matched(after, rest, found, left));
            }
            // A value is seldom empty, and then no wish is to depend on it.
            for n in (1..=letters.len()).chain([0]) {
                let (own, rest) = letters.split_at_checked(n).unwrap_or_default();
                found.push(((*symbol).clone(), own.iter().collect()));
                if matched(after, rest, found, left) {
                    return true;
                }
                found.pop();
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(parts: &[&str]) -> Text {
        let part = |p: &&str| p.strip_prefix('$').map_or_else(|| Text::from(*p), Text::unknown);
        parts.iter().map(part).collect()
    }

    fn of(parts: &[&str], text: &str, wildcards: bool) -> Option<Vec<String>> {
        Some(unified(&template(parts), text, wildcards)?.into_iter().map(|(s, v)| format!("{}={v}", s.0)).collect())
    }

    #[test]
    fn symbols_are_what_makes_two_texts_one() {
        assert_eq!(of(&["a:", "$x", ":c"], "a:b:c", false), Some(vec!["x=b".to_owned()]));
        assert_eq!(of(&["a:", "$x", ":d"], "a:b:c", false), None);
        assert_eq!(of(&["$x", "-", "$x"], "b-b", false), Some(vec!["x=b".to_owned()]));
        assert_eq!(of(&["$x", "-", "$x"], "b-c", false), None);
        assert_eq!(of(&["repo:", "$o", "/*"], "repo:acme/shop", true), Some(vec!["o=acme".to_owned()]));
        assert_eq!(of(&["repo:", "$o", "/*"], "repo:acme/shop", false), None);
    }

    proptest! {
        /// What is found makes the pattern the text.
        #[test]
        fn what_is_found_holds(parts in prop::collection::vec("\\$[xy]|[ab]{1,2}", 0..5), text in "[ab]{0,6}") {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let pattern = template(&parts);
            if let Some(found) = unified(&pattern, &text, false) {
                let mut fill = Fill::default();
                fill.wire(found);
                prop_assert_eq!(fill.text(&pattern), text);
            }
        }
    }
}
