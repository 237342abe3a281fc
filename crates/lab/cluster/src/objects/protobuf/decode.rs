//! Protobuf objects as JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    schema::{Field, Kind, Shape, message},
    wire::{Reader, Wire},
};
use crate::objects::{json as j, names::stamp};

/// First bytes of every Kubernetes protobuf body.
const MAGIC: &[u8] = b"k8s\0";
/// Deepest nesting read; objects of the API stay far below.
const DEEPEST: usize = 64;

/// Members that hold a Go struct embedded without a name: in JSON its members
/// stand in the enclosing object.
const INLINED: [&str; 8] = [
    "ingressRuleValue",
    "volumeSource",
    "localObjectReference",
    "handler",
    "ephemeralContainerCommon",
    "rule",
    "persistentVolumeSource",
    "ruleWithOperations",
];

/// Members whose `false` or `0` only means "not set": the Go encoder writes every
/// plain field, set or not.
const ZERO_IS_UNSET: [&str; 23] = [
    "globalDefault",
    "number",
    "readOnlyRootFilesystem",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "stdin",
    "stdinOnce",
    "tty",
    "readOnly",
    "paused",
    "publishNotReadyAddresses",
    "generation",
    "observedGeneration",
    "minReadySeconds",
    "hostPort",
    "nodePort",
    "healthCheckNodePort",
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
];

/// Decodes a body: the envelope names the type, which decides how to read the rest.
pub(crate) fn decode(body: &[u8]) -> Result<Value, &'static str> {
    let body = body.strip_prefix(MAGIC).ok_or("no protobuf magic")?;
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    let mut envelope = Reader(body);
    while let Some((number, content)) = envelope.next()? {
        match (number, content) {
            (1, Wire::Bytes(bytes)) => {
                let mut meta = Reader(bytes);
                while let Some((number, content)) = meta.next()? {
                    match (number, content) {
                        (1, Wire::Bytes(bytes)) => version = text(bytes)?,
                        (2, Wire::Bytes(bytes)) => kind = text(bytes)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let group = version.split_once('/').map_or("core", |(group, _)| group);
    let group = group.split('.').next().unwrap_or("core");
    let group = if kind == "DeleteOptions" { "meta" } else { group };
    let mut object = read_message(&format!("{group}.{kind}"), raw, 0)?;
    j::put(&mut object, "/apiVersion", version.into());
    j::put(&mut object, "/kind", kind.into());
    Ok(object)
}

fn text(bytes: &[u8]) -> Result<String, &'static str> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "text is not UTF-8")
}

fn read_message(name: &str, bytes: &[u8], depth: usize) -> Result<Value, &'static str> {
    if depth > DEEPEST {
        return Err("nested too deeply");
    }
    let fields = message(name).ok_or("no such message")?;
    let mut object = Map::new();
    let mut reader = Reader(bytes);
    while let Some((number, content)) = reader.next()? {
        // Fields newer than the table are passed over, as protobuf readers do.
        let Some(field) = fields.get(&number) else {
            continue;
        };
        match field.shape {
            Shape::One => one(&mut object, field, value(field.kind, content, depth)?),
            Shape::List => {
                let item = value(field.kind, content, depth)?;
                push(&mut object, field.name, item);
            }
            Shape::Map => {
                let (key, item) = entry(field.kind, content, depth)?;
                let slot = object.entry(field.name).or_insert(Value::Null);
                j::object(slot).insert(key, item);
            }
        }
    }
    Ok(Value::Object(object))
}

fn push(object: &mut Map<String, Value>, name: &str, item: Value) {
    match object.get_mut(name) {
        Some(Value::Array(list)) => list.push(item),
        _ => drop(object.insert(name.into(), Value::Array(vec![item]))),
    }
}

fn one(object: &mut Map<String, Value>, field: &Field, value: Value) {
    let unset = match &value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Bool(on) => !on && ZERO_IS_UNSET.contains(&field.name),
        Value::Number(number) => number.as_i64() == Some(0) && ZERO_IS_UNSET.contains(&field.name),
        Value::Array(_) | Value::Object(_) => false,
    };
    if unset {
        return;
    }
    match value {
        Value::Object(inner) if INLINED.contains(&field.name) => object.extend(inner),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            drop(object.insert(field.name.into(), value));
        }
    }
}

fn entry(kind: Kind, content: Wire<'_>, depth: usize) -> Result<(String, Value), &'static str> {
    let Wire::Bytes(bytes) = content else {
        return Err("map entry is no message");
    };
    let (mut key, mut found) = (String::new(), Value::Null);
    let mut reader = Reader(bytes);
    while let Some((number, content)) = reader.next()? {
        match (number, content) {
            (1, Wire::Bytes(bytes)) => key = text(bytes)?,
            (2, content) => found = value(kind, content, depth)?,
            _ => {}
        }
    }
    if found.is_null() && kind == Kind::Text {
        found = "".into();
    }
    Ok((key, found))
}

fn value(kind: Kind, content: Wire<'_>, depth: usize) -> Result<Value, &'static str> {
    Ok(match (kind, content) {
        (Kind::Text, Wire::Bytes(bytes)) => text(bytes)?.into(),
        (Kind::Bool, Wire::Number(number)) => (number != 0).into(),
        (Kind::Integer, Wire::Number(number)) => number.cast_signed().into(),
        (Kind::Double, Wire::Number(number)) => f64::from_bits(number).into(),
        (Kind::Bytes, Wire::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        (Kind::Message(name), Wire::Bytes(bytes)) => {
            let inner = read_message(name, bytes, depth + 1)?;
            // Lists under a name of their own are plain lists in JSON.
            match inner.get("items") {
                Some(items) if name.ends_with(".ExtraValue") => items.clone(),
                _ => inner,
            }
        }
        (Kind::Special(name), Wire::Bytes(bytes)) => special(name, bytes)?,
        _ => return Err("wire type does not fit the field"),
    })
}

fn special(name: &str, bytes: &[u8]) -> Result<Value, &'static str> {
    let (mut first, mut second, mut data) = (0, 0, None);
    let mut reader = Reader(bytes);
    while let Some((number, content)) = reader.next()? {
        match (number, content) {
            (1, Wire::Number(number)) => first = number,
            (2, Wire::Number(number)) => second = number,
            (_, Wire::Bytes(bytes)) => data = Some(bytes),
            _ => {}
        }
    }
    let data = data.unwrap_or_default();
    Ok(match name {
        // An empty message is Go's zero time: not set.
        "time" if bytes.is_empty() => Value::Null,
        "time" => Timestamp::from_second(first.cast_signed()).map_or(Value::Null, |time| stamp(time).into()),
        "quantity" => text(data)?.into(),
        "intstr" if first == 1 => text(data)?.into(),
        "intstr" => second.cast_signed().into(),
        _ => serde_json::from_slice(data).unwrap_or(Value::Null),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    #[test]
    fn a_config_map_reads_as_json() {
        let meta = [field(1, b"cm"), field(2, b""), field(8, b"")].concat();
        let entry = [field(1, b"a"), field(2, b"b")].concat();
        let raw = [field(1, &meta), field(2, &entry)].concat();
        let kind = [field(1, b"v1"), field(2, b"ConfigMap")].concat();
        let body = [MAGIC.to_vec(), field(1, &kind), field(2, &raw)].concat();
        assert_eq!(
            decode(&body).unwrap(),
            json!({"metadata": {"name": "cm"}, "data": {"a": "b"}, "apiVersion": "v1", "kind": "ConfigMap"})
        );
    }

    #[test]
    fn broken_bodies_are_refused() {
        assert!(decode(b"nothing").is_err());
        assert!(decode(b"k8s\0\x0a\xff").is_err());
    }
}
