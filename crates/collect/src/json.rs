//! JSON of strangers: counted before it is built up in memory, where two bytes of it may take seventy.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::limits::{JSON_VALUES, LIST_OBJECTS, OBJECT_BYTES};

/// A document, unless it has more than [`JSON_VALUES`] values.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    if values(bytes) > JSON_VALUES {
        return Err(format!("the answer has more than {JSON_VALUES} JSON values"));
    }
    serde_json::from_slice(bytes).map_err(|e| format!("the answer is not JSON: {e}"))
}

/// Values in a document, one too many at most for each container: every one but the first of its container has a comma
/// before it.
fn values(bytes: &[u8]) -> usize {
    1 + outside_of_texts(bytes, b",[{")
}

/// How often one of these signs stands outside of a text.
fn outside_of_texts(bytes: &[u8], signs: &[u8]) -> usize {
    let (mut count, mut inside, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        if inside {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => inside = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => inside = true,
                sign if signs.contains(sign) => count += 1,
                _ => {}
            }
        }
    }
    count
}

/// One page of a Kubernetes list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// What was kept of its objects.
    pub(crate) kept: Vec<T>,
    /// Objects that were read, kept or not.
    pub(crate) read: usize,
    /// The token for the next page.
    pub(crate) next: Option<String>,
    /// The version that the list is of (`metadata.resourceVersion`).
    pub(crate) version: Option<String>,
}

/// Reads a page of `most` objects at most, one by one, so that only one is in memory beside what is kept of the others.
pub(crate) fn page<T>(bytes: &[u8], most: usize, keep: &dyn Fn(Value) -> Option<T>) -> Result<Page<T>, String> {
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let page = Members(keep, most).deserialize(&mut text).and_then(|page| text.end().map(|()| page));
    page.map_err(|e| format!("the answer is not a list in JSON: {e}"))
}

struct Members<'k, T>(&'k dyn Fn(Value) -> Option<T>, usize);

impl<'de, T> DeserializeSeed<'de> for Members<'_, T> {
    type Value = Page<T>;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<Page<T>, D::Error> {
        text.deserialize_map(self)
    }
}

impl<'de, T> Visitor<'de> for Members<'_, T> {
    type Value = Page<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with `items`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<T>, A::Error> {
        let mut page = Page { kept: Vec::new(), read: 0, next: None, version: None };
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "items" => (page.kept, page.read) = map.next_value_seed(Items(self.0, self.1))?,
                "metadata" => {
                    let metadata = one::<A::Error>(map.next_value()?)?;
                    let next = metadata.get("continue").and_then(Value::as_str);
                    page.version = metadata.get("resourceVersion").and_then(Value::as_str).map(str::to_owned);
                    page.next = next.filter(|t| !t.is_empty()).map(str::to_owned);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(page)
    }
}

/// One object of a page.
fn one<E: serde::de::Error>(text: &RawValue) -> Result<Value, E> {
    if text.get().len() > OBJECT_BYTES {
        return Err(E::custom(format!("an object has more than {OBJECT_BYTES} bytes")));
    }
    parse(text.get().as_bytes()).map_err(E::custom)
}

struct Items<'k, T>(&'k dyn Fn(Value) -> Option<T>, usize);

impl<'de, T> DeserializeSeed<'de> for Items<'_, T> {
    type Value = (Vec<T>, usize);

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(Vec<T>, usize), D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de, T> Visitor<'de> for Items<'_, T> {
    type Value = (Vec<T>, usize);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of objects")
    }

    /// Go writes an empty list as `null`.
    fn visit_unit<E>(self) -> Result<(Vec<T>, usize), E> {
        Ok((Vec::new(), 0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(Vec<T>, usize), A::Error> {
        let (mut kept, mut read) = (Vec::new(), 0);
        while let Some(text) = items.next_element::<&RawValue>()? {
            if read >= self.1 {
                return Err(A::Error::custom(format!("the list has more than {LIST_OBJECTS} objects")));
            }
            kept.extend((self.0)(one(text)?));
            read += 1;
        }
        Ok((kept, read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Page<String>, String> {
        page(text.as_bytes(), 5, &|v| v.get("name").and_then(Value::as_str).map(str::to_owned))
    }

    #[test]
    fn a_page_keeps_what_is_wanted_and_tells_the_next() {
        let text = r#"{"kind":"L","metadata":{"continue":"t","x":[1]},"items":[{"name":"a"},{},{"name":"b"}],"y":{}}"#;
        let page = names(text).unwrap();
        assert_eq!(page.read, 3);
        assert_eq!((page.kept, page.next.as_deref()), (vec!["a".to_owned(), "b".to_owned()], Some("t")));
        for empty in [r#"{"items":null,"metadata":{}}"#, r#"{"items":[],"metadata":{"continue":""}}"#, "{}"] {
            let page = names(empty).unwrap();
            assert!(page.kept.is_empty() && page.next.is_none(), "{empty}");
        }
        for bad in ["", "[]", r#"{"items":{}}"#, r#"{"items":[}"#, r#"{"items":[]}x"#, r#"{"metadata":1,"items":"#] {
            assert!(names(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_refused_before_it_is_built() {
        let many = format!("[{}0]", "0,".repeat(JSON_VALUES));
        assert!(parse(many.as_bytes()).unwrap_err().contains("more than"));
        let one = format!(r#"{{"items":[{many}]}}"#);
        assert!(names(&one).unwrap_err().contains("more than"));
        let six = format!(r#"{{"items":[{}0]}}"#, "0,".repeat(5));
        assert!(names(&six).unwrap_err().contains("more than") && names(r#"{"items":[0,0,0,0,0]}"#).is_ok());
        let long = format!(r#"{{"items":[{{"name":"{}"}}]}}"#, "x".repeat(OBJECT_BYTES));
        assert!(names(&long).unwrap_err().contains("more than"));
        // What stands in a string is one value.
        assert_eq!(values(br#"{"a":"[,{\",,","b":[1,2]}"#), 5);
        assert!(parse("[".repeat(10_000).as_bytes()).is_err());
    }
}
