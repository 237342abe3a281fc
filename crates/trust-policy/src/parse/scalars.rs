//! Texts, lists of texts, and what is read to be thrown away.

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// One text, where the language accepts booleans and numbers as text (DOC: IAM User Guide,
/// "Grammar of the IAM JSON policy language"). Borrowed unless it has escapes.
pub(super) struct Text<'de>(pub(super) Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
}

/// One text or a list of texts.
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> serde::Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Texts, E> {
        TextVisitor.visit_bool(value).map(|t| Texts(vec![t.0.into_owned()]))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Texts, E> {
        TextVisitor.visit_i64(value).map(|t| Texts(vec![t.0.into_owned()]))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Texts, E> {
        TextVisitor.visit_u64(value).map(|t| Texts(vec![t.0.into_owned()]))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Texts, E> {
        TextVisitor.visit_f64(value).map(|t| Texts(vec![t.0.into_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut values = Vec::new();
        while let Some(text) = seq.next_element::<Text<'de>>()? {
            values.push(text.0.into_owned());
        }
        Ok(Texts(values))
    }
}

/// Any value, read and thrown away one recursion per level, so that the JSON reader's depth
/// limit holds inside elements that the language does not have.
pub(super) struct Bounded;

impl<'de> serde::Deserialize<'de> for Bounded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BoundedVisitor)
    }
}

struct BoundedVisitor;

impl<'de> Visitor<'de> for BoundedVisitor {
    type Value = Bounded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E: Error>(self) -> Result<Bounded, E> {
        Ok(Bounded)
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Bounded, E> {
        Ok(Bounded)
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Bounded, E> {
        Ok(Bounded)
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Bounded, E> {
        Ok(Bounded)
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Bounded, E> {
        Ok(Bounded)
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<Bounded, E> {
        Ok(Bounded)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bounded, A::Error> {
        while seq.next_element::<Bounded>()?.is_some() {}
        Ok(Bounded)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bounded, A::Error> {
        while map.next_entry::<IgnoredAny, Bounded>()?.is_some() {}
        Ok(Bounded)
    }
}
