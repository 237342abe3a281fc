//! Policy variables: `${key}`, `${key, 'default'}`, and the escapes `${*}`, `${?}`, `${$}`.
//!
//! DOC: IAM User Guide, "Policy variables". What a variable without a value does is said in several ways there: it
//! "might cause the entire statement to be invalid", an attempt to match it "causes the statement to be invalid",
//! plain comparisons do not match, and negated ones do, with a Deny as the example. Here each way is taken where it
//! admits nobody: an Allow with such a variable does not apply, and a Deny with a negated comparison does. Whether
//! claim keys of an OIDC provider may serve as variables in a trust policy is not documented; they are looked up like
//! any other key here.

use crate::context::{Context, Fact};
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

    /// The value with its variables replaced by literal text.
    pub(crate) fn resolve(&self, context: &Context) -> Resolved {
        let mut all = Vec::new();
        let mut unknown = false;
        for piece in &self.pieces {
            match piece {
                Piece::Units(units) => all.extend_from_slice(units),
                Piece::Variable { key, default } => {
                    let value = match (context.fact(key), default) {
                        (Fact::Known([one]), _) => one.as_str(),
                        (Fact::Absent, Some(default)) => default,
                        (Fact::Absent | Fact::Known(_), _) => return Resolved::NoValue,
                        (Fact::Partly(_) | Fact::Present | Fact::Unknown, _) => {
                            unknown = true;
                            continue;
                        }
                    };
                    all.extend(value.chars().map(Unit::Char));
                }
            }
        }
        if unknown { Resolved::Unknown } else { Resolved::Units(all) }
    }
}

/// What a value with variables comes to in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// This pattern.
    Units(Vec<Unit>),
    /// Nothing: a variable has no default, and its key is absent or has several values.
    NoValue,
    /// It hangs on a key whose value is unknown.
    Unknown,
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
