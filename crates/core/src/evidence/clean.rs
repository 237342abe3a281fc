//! Whether any text of a thing would be redacted, found out without taking the thing apart: most have none.

use std::fmt;

use serde::Serialize;
use serde::ser::{self, Impossible, Serializer};
use trustwalk_foreign::redact;

use super::kept::VERBATIM;

/// Whether no text of a thing would be redacted, but what is [`VERBATIM`]. What cannot be looked through is not clean.
pub(super) fn is_clean(thing: &impl Serialize) -> bool {
    thing.serialize(Look).is_ok()
}

/// Ends the look through a thing: there is something to redact, or something that cannot be looked at.
#[derive(Debug)]
struct Found;

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is something to redact")
    }
}

impl std::error::Error for Found {}

impl ser::Error for Found {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

type Outcome = Result<(), Found>;

#[derive(Clone, Copy)]
struct Look;

fn member<T: Serialize + ?Sized>(name: &str, value: &T) -> Outcome {
    if VERBATIM.contains(&name) { Ok(()) } else { value.serialize(Look) }
}

macro_rules! nothing_to_redact {
    ($($of:ident: $type:ty,)+) => { $(fn $of(self, _: $type) -> Outcome { Ok(()) })+ };
}

impl Serializer for Look {
    type Ok = ();
    type Error = Found;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Named;
    type SerializeMap = Named;
    type SerializeStruct = Self;
    type SerializeStructVariant = Named;

    nothing_to_redact! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_char(self, c: char) -> Outcome {
        self.serialize_str(c.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Outcome {
        match redact(text) {
            std::borrow::Cow::Borrowed(_) => Ok(()),
            std::borrow::Cow::Owned(_) => Err(Found),
        }
    }

    fn serialize_none(self) -> Outcome {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Outcome {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Outcome {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Outcome {
        member(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Found> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Found> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Found> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, of: &'static str, _: usize) -> Result<Named, Found> {
        Ok(Named { verbatim: VERBATIM.contains(&of) })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Named, Found> {
        Ok(Named { verbatim: false })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Found> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, of: &'static str, _: usize) -> Result<Named, Found> {
        Ok(Named { verbatim: VERBATIM.contains(&of) })
    }
}

/// What is in a list, whatever kind of list it is.
macro_rules! listed {
    ($($of:ident: $element:ident,)+) => { $(
        impl ser::$of for Look {
            type Ok = ();
            type Error = Found;

            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome {
                value.serialize(*self)
            }

            fn end(self) -> Outcome {
                Ok(())
            }
        }
    )+ };
}

listed! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
}

impl ser::SerializeStruct for Look {
    type Ok = ();
    type Error = Found;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Outcome {
        member(name, value)
    }

    fn end(self) -> Outcome {
        Ok(())
    }
}

/// The members of a map, or what stands under the name of a variant.
struct Named {
    /// Whether what comes next, or all of it, stands under a name whose texts are left as they are.
    verbatim: bool,
}

impl ser::SerializeMap for Named {
    type Ok = ();
    type Error = Found;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Outcome {
        self.verbatim = key.serialize(Key).unwrap_or(false);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome {
        if self.verbatim { Ok(()) } else { value.serialize(Look) }
    }

    fn end(self) -> Outcome {
        Ok(())
    }
}

impl ser::SerializeTupleVariant for Named {
    type Ok = ();
    type Error = Found;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome {
        if self.verbatim { Ok(()) } else { value.serialize(Look) }
    }

    fn end(self) -> Outcome {
        Ok(())
    }
}

impl ser::SerializeStructVariant for Named {
    type Ok = ();
    type Error = Found;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Outcome {
        if self.verbatim { Ok(()) } else { member(name, value) }
    }

    fn end(self) -> Outcome {
        Ok(())
    }
}

/// Whether a map's key is a name whose texts are left as they are; no text is none.
struct Key;

macro_rules! no_name {
    ($($of:ident: $type:ty,)+) => { $(fn $of(self, _: $type) -> Result<bool, Found> { Ok(false) })+ };
}

impl Serializer for Key {
    type Ok = bool;
    type Error = Found;
    type SerializeSeq = Impossible<bool, Found>;
    type SerializeTuple = Impossible<bool, Found>;
    type SerializeTupleStruct = Impossible<bool, Found>;
    type SerializeTupleVariant = Impossible<bool, Found>;
    type SerializeMap = Impossible<bool, Found>;
    type SerializeStruct = Impossible<bool, Found>;
    type SerializeStructVariant = Impossible<bool, Found>;

    no_name! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_str(self, name: &str) -> Result<bool, Found> {
        Ok(VERBATIM.contains(&name))
    }

    fn serialize_none(self) -> Result<bool, Found> {
        Ok(false)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<bool, Found> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<bool, Found> {
        Ok(false)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<bool, Found> {
        Ok(VERBATIM.contains(&variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<bool, Found> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<bool, Found> {
        Err(Found)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Found> {
        Err(Found)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Found> {
        Err(Found)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Found> {
        Err(Found)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Found> {
        Err(Found)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Found> {
        Err(Found)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Found> {
        Err(Found)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Found> {
        Err(Found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_clean_is_what_redaction_leaves_as_it_is() {
        let secret = format!("AKIA{}", "IOSFODNN7EXAMPLE");
        assert_ne!(redact(&secret), secret);
        for clean in [json!({"a": ["b", {"c": 1}], "d": null}), json!({"trust_policy": secret}), json!([true, 1.5])] {
            assert!(is_clean(&clean), "{clean}");
        }
        for told in [json!(secret), json!({"a": [{"b": secret}]}), json!({"trust_policy": "x", "a": secret})] {
            assert!(!is_clean(&told), "{told}");
        }
    }
}
