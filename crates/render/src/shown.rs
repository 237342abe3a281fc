//! Text that went through the gate, and documents: what alone is written to a screen.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use trustwalk_foreign::visible;

/// Marks, and what stands for them where there is nothing but ASCII.
const PLAIN: [(char, &str); 8] = [
    ('\u{221a}', "+"),
    ('\u{d7}', "x"),
    ('\u{203c}', "!"),
    ('\u{2193}', "v"),
    ('\u{b7}', "."),
    ('\u{25ba}', ">"),
    ('\u{2026}', "..."),
    ('\u{2013}', "-"),
];

/// Text that went through the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub(crate) text: String,
    /// Whether a machine reads it.
    pub(crate) document: bool,
}

impl Shown {
    /// A JSON document, laid out for people.
    pub fn json(document: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::printed(serde_json::to_string_pretty(document)? + "\n"))
    }

    /// The same as YAML.
    pub fn yaml(document: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::printed(crate::yaml::text(&serde_json::to_value(document)?)))
    }

    /// A JSON document on a line of its own.
    pub fn json_line(document: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::printed(serde_json::to_string(document)? + "\n"))
    }

    /// The text of a JSON document that is laid out already.
    pub fn json_text(text: String) -> Self {
        Self::printed(text)
    }

    fn printed(text: String) -> Self {
        let inert = match visible::json(&text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(inert) => Some(inert),
        };
        Self { text: inert.unwrap_or(text), document: true }
    }

    /// As it goes to the screen.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same for a screen that has nothing but ASCII: marks by others, every other sign by its number. A document
    /// is the same everywhere.
    #[must_use]
    pub fn in_ascii(&self) -> Self {
        if self.document || self.text.is_ascii() {
            return self.clone();
        }
        let mut text = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            match PLAIN.iter().find(|(sign, _)| *sign == c) {
                Some((_, plain)) => text.push_str(plain),
                None if c.is_ascii() => text.push(c),
                None => {
                    let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
                }
            }
        }
        Self { text, document: false }
    }
}
