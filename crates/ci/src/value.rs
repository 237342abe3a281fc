//! Documents as values, and the small questions everybody asks of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::limits::{FILE_BYTES, VALUES};
use crate::{File, Unreadable};

/// A file's document. What is no YAML in a file of Terraform's is its text.
pub(crate) fn read(file: &File) -> Result<Value, Unreadable> {
    let wrong = |reason: String| Unreadable { path: file.path.clone(), reason };
    if file.text.len() > FILE_BYTES {
        return Err(wrong(format!("it is larger than {FILE_BYTES} bytes, more than any platform takes")));
    }
    if is_terraform(&file.path) {
        return Ok(Value::String(String::from_utf8_lossy(&file.text).into_owned()));
    }
    let value = parse(&file.text).map_err(wrong)?;
    Ok(value)
}

/// Whether a file is no YAML but Terraform's language or lines of variables.
pub(crate) fn is_terraform(path: &str) -> bool {
    let extension = file_name(path).rsplit_once('.').map_or("", |(_, e)| e);
    ["tf", "tfvars", "env"].iter().any(|e| extension.eq_ignore_ascii_case(e))
}

/// YAML, which JSON is too, or what is wrong with it and where, in words that repeat none of it.
pub(crate) fn parse(text: &[u8]) -> Result<Value, String> {
    let value: Value = serde_saphyr::from_slice(text).map_err(|e| {
        e.location().map_or_else(
            || "it is not YAML that can be read".to_owned(),
            |place| format!("it is not YAML that can be read at line {}, column {}", place.line(), place.column()),
        )
    })?;
    let mut left = VALUES;
    if fits(&value, &mut left) {
        Ok(value)
    } else {
        Err(format!("it has more than {VALUES} values, its aliases written out"))
    }
}

fn fits(value: &Value, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    match value {
        Value::Array(items) => items.iter().all(|v| fits(v, left)),
        Value::Object(members) => members.values().all(|v| fits(v, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// A text, or what YAML made of one that looks like something else.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of a member.
pub(crate) fn member(value: &Value, name: &str) -> Option<String> {
    text(value.get(name)?)
}

/// A text or a list of texts, lists in lists taken apart.
pub(crate) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().flat_map(|v| texts(Some(v))).collect(),
        Some(other) => text(other).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Texts by name.
pub(crate) fn strings(value: Option<&Value>) -> BTreeMap<String, String> {
    members(value).filter_map(|(k, v)| Some((k.clone(), text(v)?))).collect()
}

/// The members of an object, none of anything else.
pub(crate) fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The items of a list, none of anything else.
pub(crate) fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path from the root of the checkout without `./`, and nothing for one that leads out of it.
pub(crate) fn inside(path: &str) -> Option<String> {
    trustwalk_foreign::path::joined("", path).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_do_not_leave_the_checkout() {
        assert_eq!(inside("./a//b").as_deref(), Some("a/b"));
        assert_eq!(inside("/a/../b").as_deref(), Some("b"));
        assert_eq!(inside("a/../../b"), None);
        assert_eq!(inside("."), None);
    }

    #[test]
    fn aliases_are_counted_as_what_they_stand_for() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            let refs = vec![format!("*a{}", n - 1); 10].join(", ");
            text = format!("{text}a{n}: &a{n} [{refs}]\n");
        }
        let error = parse(text.as_bytes()).unwrap_err();
        assert!(!error.contains("*a"), "{error}");
    }
}
