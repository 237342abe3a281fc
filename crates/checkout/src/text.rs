//! Texts of which parts are not known.

use std::fmt;
use std::sync::Arc;

/// A value that the files do not tell, by the expression that stands for it, such as `var.namespace` or
/// `module.eks.aws_eks_cluster.this.name`. Two symbols of the same expression in the same scope are the same value,
/// whatever it is; of two others nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub Arc<str>);

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// Known text, never empty.
    Known(String),
    /// An unknown part, which may also be empty.
    Unknown(Symbol),
}

/// A text of known and unknown parts. No two known parts stand side by side, so equal texts are equal values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(Vec<Piece>);

impl Text {
    /// The unknown value of an expression.
    pub fn unknown(expression: impl Into<Arc<str>>) -> Self {
        Self(vec![Piece::Unknown(Symbol(expression.into()))])
    }

    /// Its parts.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// All of it, when all of it is known.
    pub fn known(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Known(text)] => Some(text),
            _ => None,
        }
    }

    /// Adds another text at its end.
    pub fn push(&mut self, other: Self) {
        for piece in other.0 {
            match (self.0.last_mut(), piece) {
                (_, Piece::Known(text)) if text.is_empty() => {}
                (Some(Piece::Known(last)), Piece::Known(text)) => last.push_str(&text),
                (_, piece) => self.0.push(piece),
            }
        }
    }

    /// The symbols in it, in their order.
    pub fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Known(_) => None,
            Piece::Unknown(symbol) => Some(symbol),
        })
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(if text.is_empty() { Vec::new() } else { vec![Piece::Known(text)] })
    }
}

impl FromIterator<Self> for Text {
    fn from_iter<I: IntoIterator<Item = Self>>(texts: I) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.push(text);
        }
        all
    }
}

/// As people write it: `system:serviceaccount:${var.namespace}:app`.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Known(text) => f.write_str(text)?,
                Piece::Unknown(Symbol(expression)) => write!(f, "${{{expression}}}")?,
            }
        }
        Ok(())
    }
}
