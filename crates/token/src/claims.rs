//! The claims STS decides by, read in one pass. Of members that occur twice the last counts
//! (reported from live STS); members STS ignores are skipped without being kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A claim that should be a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Text {
    /// Not there.
    #[default]
    Absent,
    /// JSON `null`.
    Null,
    /// A text, or a number as text: STS takes both (reported).
    Value(String),
    /// Anything else.
    Other,
}

impl Text {
    /// The text, if there is one.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Value(s) => Some(s),
            Self::Absent | Self::Null | Self::Other => None,
        }
    }
}

/// A claim that should be a time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Moment {
    /// Not there.
    #[default]
    Absent,
    /// Seconds of Unix time, as a number or as a text of digits (reported).
    Seconds(i64),
    /// `null`, a fraction, or any other thing.
    Invalid,
}

impl Moment {
    /// The seconds, if valid.
    pub fn seconds(self) -> Option<i64> {
        match self {
            Self::Seconds(s) => Some(s),
            Self::Absent | Self::Invalid => None,
        }
    }
}

/// `aud`: one text or several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Audience {
    /// Not there.
    #[default]
    Absent,
    /// The values; possibly none.
    Values(Vec<String>),
    /// Neither text nor list.
    Other,
}

impl Audience {
    /// The values.
    pub fn values(&self) -> &[String] {
        match self {
            Self::Values(v) => v,
            Self::Absent | Self::Other => &[],
        }
    }
}

/// The claims STS decides by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Claims {
    /// `iss`.
    pub iss: Text,
    /// `sub`.
    pub sub: Text,
    /// `azp`.
    pub azp: Text,
    /// `aud`.
    pub aud: Audience,
    /// `exp`.
    pub exp: Moment,
    /// `iat`.
    pub iat: Moment,
    /// `nbf`.
    pub nbf: Moment,
}

/// Any JSON value, as far as the claims above need it.
enum Any {
    Null,
    Text(String),
    Integer(i64),
    List(Vec<String>),
    Other,
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Any, E> {
        Ok(Any::Null)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Any, E> {
        Ok(Any::Other)
    }
    fn visit_i64<E>(self, n: i64) -> Result<Any, E> {
        Ok(Any::Integer(n))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Any, E> {
        Ok(i64::try_from(n).map_or(Any::Other, Any::Integer))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Any, E> {
        Ok(Any::Other)
    }
    fn visit_str<E>(self, s: &str) -> Result<Any, E> {
        Ok(Any::Text(s.to_owned()))
    }
    fn visit_string<E>(self, s: String) -> Result<Any, E> {
        Ok(Any::Text(s))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Any, A::Error> {
        let mut out = Vec::new();
        let mut all_texts = true;
        while let Some(item) = seq.next_element::<Any>()? {
            match item {
                Any::Text(s) => out.push(s),
                Any::Null | Any::Integer(_) | Any::List(_) | Any::Other => all_texts = false,
            }
        }
        Ok(if all_texts { Any::List(out) } else { Any::Other })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Any::Other)
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(AnyVisitor)
    }
}

impl From<Any> for Text {
    fn from(any: Any) -> Self {
        match any {
            Any::Null => Self::Null,
            Any::Text(s) => Self::Value(s),
            Any::Integer(n) => Self::Value(n.to_string()),
            Any::List(_) | Any::Other => Self::Other,
        }
    }
}

impl From<Any> for Moment {
    fn from(any: Any) -> Self {
        match any {
            Any::Integer(n) => Self::Seconds(n),
            Any::Text(s) => s.parse().map_or(Self::Invalid, Self::Seconds),
            Any::Null | Any::List(_) | Any::Other => Self::Invalid,
        }
    }
}

impl From<Any> for Audience {
    fn from(any: Any) -> Self {
        match any {
            Any::Text(s) => Self::Values(vec![s]),
            Any::List(v) => Self::Values(v),
            Any::Null | Any::Integer(_) | Any::Other => Self::Other,
        }
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
        let mut c = Claims::default();
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "iss" => c.iss = map.next_value::<Any>()?.into(),
                "sub" => c.sub = map.next_value::<Any>()?.into(),
                "azp" => c.azp = map.next_value::<Any>()?.into(),
                "aud" => c.aud = map.next_value::<Any>()?.into(),
                "exp" => c.exp = map.next_value::<Any>()?.into(),
                "iat" => c.iat = map.next_value::<Any>()?.into(),
                "nbf" => c.nbf = map.next_value::<Any>()?.into(),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(c)
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(ClaimsVisitor)
    }
}

/// The header's members that count, of each the last.
#[derive(Debug, Default)]
pub(crate) struct RawHeader {
    pub(crate) alg: Text,
    pub(crate) kid: Text,
    pub(crate) typ: Text,
    /// Whether there is a `crit`.
    pub(crate) crit: bool,
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = RawHeader;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader, A::Error> {
        let mut h = RawHeader::default();
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "alg" => h.alg = map.next_value::<Any>()?.into(),
                "kid" => h.kid = map.next_value::<Any>()?.into(),
                "typ" => h.typ = map.next_value::<Any>()?.into(),
                other => {
                    h.crit |= other == "crit";
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(h)
    }
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(HeaderVisitor)
    }
}

/// A member's name, borrowed unless it is written with escapes.
struct Name<'de>(Cow<'de, str>);

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_borrowed_str<E>(self, s: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(s)))
    }
    fn visit_str<E>(self, s: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(s.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(NameVisitor)
    }
}
