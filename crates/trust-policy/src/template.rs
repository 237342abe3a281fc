//! Policy variables: `${key}`, `${key, 'default'}`, and the escapes `${*}`, `${?}`, `${$}`.
//!
//! DOC: IAM User Guide, "Policy variables". Whether claim keys of an OIDC provider may serve as
//! variables in a trust policy is not documented; they are looked up like any other key here.

use crate::context::Context;
use crate::glob::{Unit, units};

/// A value with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Box<[Piece]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Units(Box<[Unit]>),
    Variable { key: Box<str>, default: Option<Box<str>> },
}

impl Template {
    /// Reads a value; nothing if it has no `${…}`. `wild` says whether `*` and `?` outside
    /// variables are wildcards. An unclosed `${` is ordinary text.
    pub(crate) fn parse(text: &str, wild: bool) -> Option<Self> {
        if !text.contains("${") {
            return None;
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        let mut found = false;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((inside, after)) = after.split_once('}') else { break };
            found = true;
            pieces.push(Piece::Units(read(before, wild)));
            pieces.push(match inside {
                "*" => Piece::Units([Unit::Char('*')].into()),
                "?" => Piece::Units([Unit::Char('?')].into()),
                "$" => Piece::Units([Unit::Char('$')].into()),
                inside => variable(inside),
            });
            rest = after;
        }
        pieces.push(Piece::Units(read(rest, wild)));
        found.then(|| Self { pieces: pieces.into() })
    }

    /// The value with its variables replaced by literal text; nothing when a variable has no
    /// default and its key is absent or has several values.
    pub(crate) fn resolve(&self, context: &Context) -> Option<Vec<Unit>> {
        let mut all = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Units(units) => all.extend_from_slice(units),
                Piece::Variable { key, default } => {
                    let value = match (context.get(key), default) {
                        (Some([one]), _) => one.as_str(),
                        (None, Some(default)) => default,
                        _ => return None,
                    };
                    all.extend(value.chars().map(Unit::Char));
                }
            }
        }
        Some(all)
    }
}

fn read(text: &str, wild: bool) -> Box<[Unit]> {
    if wild { units(text).collect() } else { text.chars().map(Unit::Char).collect() }
}

fn variable(inside: &str) -> Piece {
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => {
            let default = default.trim();
            let bare = default.strip_prefix('\'').and_then(|d| d.strip_suffix('\'')).unwrap_or(default);
            (key, Some(bare.into()))
        }
        None => (inside, None),
    };
    Piece::Variable { key: key.trim().into(), default }
}
