//! Values of expressions: with places, and with symbols for what is not known.

use std::rc::Rc;

use super::bounds::MAX_VALUE_DEPTH;
use super::rope::Rope;
use super::source::Spot;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Val {
    pub(crate) kind: Kind,
    pub(crate) at: Spot,
    /// How deep lists and maps are in it.
    deep: u16,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Rc<str>),
    Text(Rope),
    /// The JSON text of a value, kept as the value so that its parts keep their places.
    Json(Rc<Val>),
    List(Rc<[Val]>),
    Map(Rc<[(Key, Val)]>),
    Unknown(Sym),
    /// What Terraform would refuse; `try` goes on past it, elsewhere it is unknown.
    Fault(Sym),
    Thing(Thing),
}

/// A name of a member and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: Rope,
    pub(crate) at: Spot,
}

/// A symbol, with what is known of whatever it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sym {
    pub(crate) name: Rc<str>,
    /// Which characters the text can have.
    pub(crate) chars: Chars,
    /// That an attribute of something that exists will have a value.
    pub(crate) sure: bool,
    /// That it stands behind what is not known, so that there may be no such thing.
    pub(crate) risky: bool,
    /// The module call that is not understood and that it comes from.
    pub(crate) from: Option<u32>,
}

/// Which characters an unknown text can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chars {
    /// Any.
    Any,
    /// Letters, digits, `-`: account, region, partition.
    Word,
    /// Those of the URL of a cluster's issuer without its scheme, `oidc.eks.REGION.SUFFIX/id/NUMBER`
    /// (<https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html>).
    Address,
}

impl Chars {
    pub(crate) fn has(self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::Word => c.is_ascii_alphanumeric() || c == '-',
            Self::Address => c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/'),
        }
    }

    /// Whether a text can stand in it; an issuer's address has no path but `/id/`.
    pub(crate) fn holds(self, text: &str) -> bool {
        text.chars().all(|c| self.has(c)) && !(self == Self::Address && text.contains("provider/"))
    }
}

impl Sym {
    pub(crate) fn any(name: impl Into<Rc<str>>) -> Self {
        Self { name: name.into(), chars: Chars::Any, sure: false, risky: false, from: None }
    }

    pub(crate) fn sure(name: impl Into<Rc<str>>, chars: Chars) -> Self {
        Self { name: name.into(), chars, sure: true, risky: false, from: None }
    }
}

/// An instance of a block, by numbers that the evaluator gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Thing {
    /// A resource or data source: the scope, the block, the number of the instance.
    Resource { scope: usize, block: usize, instance: usize },
    /// A module call: the scope that it made.
    Module { scope: usize },
}

impl Val {
    pub(crate) fn new(kind: Kind, at: Spot) -> Self {
        let deep = match &kind {
            Kind::List(items) => items.iter().map(|item| item.deep + 1).max().unwrap_or(1),
            Kind::Map(members) => members.iter().map(|(_, item)| item.deep + 1).max().unwrap_or(1),
            Kind::Json(value) => value.deep + 1,
            _ => 0,
        };
        if usize::from(deep) > MAX_VALUE_DEPTH {
            return Self { kind: Kind::Fault(Sym::any("(a value that is nested too deep)")), at, deep: 0 };
        }
        Self { kind, at, deep }
    }

    /// The same at another place.
    pub(crate) fn moved(self, at: Spot) -> Self {
        Self { at, ..self }
    }

    pub(crate) fn null(at: Spot) -> Self {
        Self::new(Kind::Null, at)
    }

    pub(crate) fn unknown(name: impl Into<Rc<str>>, at: Spot) -> Self {
        Self::new(Kind::Unknown(Sym::any(name)), at)
    }

    pub(crate) fn fault(name: impl Into<Rc<str>>, at: Spot) -> Self {
        Self::new(Kind::Fault(Sym::any(name)), at)
    }

    pub(crate) fn text(text: impl Into<Rc<str>>, at: Spot) -> Self {
        Self::new(Kind::Text(Rope::made(text, at)), at)
    }

    pub(crate) fn rope(rope: Rope, at: Spot) -> Self {
        match rope.single() {
            Some(sym) => Self::new(Kind::Unknown(sym.clone()), at),
            None => Self::new(Kind::Text(rope), at),
        }
    }

    pub(crate) fn number(number: impl std::fmt::Display, at: Spot) -> Self {
        Self::new(Kind::Number(format!("{number}").into()), at)
    }

    pub(crate) fn bool(truth: bool, at: Spot) -> Self {
        Self::new(Kind::Bool(truth), at)
    }

    pub(crate) fn list(items: Vec<Self>, at: Spot) -> Self {
        Self::new(Kind::List(items.into()), at)
    }

    pub(crate) fn map(members: Vec<(Key, Self)>, at: Spot) -> Self {
        Self::new(Kind::Map(members.into()), at)
    }

    /// Whether it is anything but an empty text, which sets nothing.
    pub(crate) fn is_some_text(&self) -> bool {
        !matches!(&self.kind, Kind::Text(rope) if rope.segs().is_empty())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        if let Kind::List(items) = &self.kind { Some(items) } else { None }
    }

    pub(crate) fn as_map(&self) -> Option<&[(Key, Self)]> {
        if let Kind::Map(members) = &self.kind { Some(members) } else { None }
    }

    /// The member of a name; of several the last.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let members = self.as_map()?;
        members.iter().rev().find(|(key, _)| key.name.known().as_deref() == Some(name)).map(|(_, value)| value)
    }

    /// Its text, as a place that takes text reads it; `None` for what is no text, or unknown.
    pub(crate) fn known_text(&self) -> Option<String> {
        self.as_rope()?.known()
    }

    /// Its text with its unknown parts.
    pub(crate) fn as_rope(&self) -> Option<Rope> {
        match &self.kind {
            Kind::Text(rope) => Some(rope.clone()),
            Kind::Number(number) => Some(Rope::made(Rc::clone(number), self.at)),
            Kind::Bool(truth) => Some(Rope::made(if *truth { "true" } else { "false" }, self.at)),
            Kind::Unknown(sym) | Kind::Fault(sym) => Some(Rope::unknown(sym.clone(), self.at)),
            Kind::Json(value) => super::json::write(value),
            Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Thing(_) => None,
        }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        match &self.kind {
            Kind::Number(number) => number.parse().ok().or_else(|| whole(number)),
            Kind::Text(rope) => rope.known()?.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(truth) => Some(*truth),
            Kind::Text(rope) => rope.known()?.parse().ok(),
            _ => None,
        }
    }

    /// The symbol, of a value that is unknown as a whole.
    pub(crate) fn symbol(&self) -> Option<&Sym> {
        match &self.kind {
            Kind::Unknown(sym) | Kind::Fault(sym) => Some(sym),
            _ => None,
        }
    }
}

/// `2.0` and `2e0` are the whole number 2.
fn whole(number: &str) -> Option<i64> {
    let value: f64 = number.parse().ok()?;
    format!("{value:.0}").parse().ok().filter(|_| value.fract() == 0.0)
}
