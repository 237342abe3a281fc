//! Decoding as the API server does it: values of the wrong type are refused, members that a schema lacks are dropped,
//! and told of or refused as the request asks (Kubernetes documentation, "Field validation"; the words are those of
//! Go's `encoding/json` as `sigs.k8s.io/json` has them).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::built_in::{Members, Shape, named};
use crate::objects::errors::ApiError;

/// What is done about members that a schema lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// They are dropped.
    Ignore,
    /// They are dropped, and the answer says so.
    Warn,
    /// The request is refused.
    Strict,
}

impl Strictness {
    /// As a request's `fieldValidation` has it; the API server's own default is to warn.
    pub(crate) fn asked(text: &str) -> Result<Self, ApiError> {
        match text {
            "" | "Warn" => Ok(Self::Warn),
            "Ignore" => Ok(Self::Ignore),
            "Strict" => Ok(Self::Strict),
            other => Err(ApiError::bad_request(format!(
                "fieldValidation: Unsupported value: \"{other}\": supported values: \"Ignore\", \"Strict\", \"Warn\""
            ))),
        }
    }
}

/// A decoded object.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// The object, without what its schema lacks.
    pub(crate) object: Value,
    /// What was dropped, in the words of a warning.
    pub(crate) unknown: Vec<String>,
}

/// Decodes a value; a complaint is about a type that is wrong.
pub(crate) fn decode(shape: &Shape, value: Value) -> Result<Decoded, String> {
    let mut decoder = Decoder { unknown: Vec::new() };
    let place = Place { path: String::new(), field: String::new(), holder: "" };
    let object = decoder.value(shape, value, &place)?;
    Ok(Decoded { object, unknown: decoder.unknown })
}

/// Where a value stands.
struct Place<'a> {
    /// As unknown members are named: `spec.containers[0].image`.
    path: String,
    /// As Go names it, without indexes.
    field: String,
    /// The type that has the member.
    holder: &'a str,
}

struct Decoder {
    unknown: Vec<String>,
}

/// Values of JSON as Go names them.
fn said(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(number) if number.is_f64() => format!("number {number}"),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    }
}

/// The last part of a schema's name.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A shape as Go names the type.
fn go(shape: &Shape) -> String {
    match shape {
        Shape::Any => "interface {}".to_owned(),
        Shape::Text | Shape::NumberOrText | Shape::Quantity | Shape::Time => "string".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Whole(bits) => format!("int{bits}"),
        Shape::Number => "float64".to_owned(),
        Shape::Truth => "bool".to_owned(),
        Shape::List(inner) => format!("[]{}", go(inner)),
        Shape::Names(inner) => format!("map[string]{}", go(inner)),
        Shape::Named(name) => {
            let mut parts = name.rsplit('.');
            let (own, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            match named(name) {
                Err(alias) if *alias != Shape::Any => go(alias),
                Ok(_) | Err(_) => format!("{version}.{own}"),
            }
        }
    }
}

fn mismatch(shape: &Shape, value: &Value, place: &Place<'_>) -> String {
    let what = match (shape, value) {
        // Of a number that does not fit, Go tells the number.
        (Shape::Whole(_), Value::Number(number)) => format!("number {number}"),
        _ => said(value),
    };
    if place.holder.is_empty() {
        return format!("json: cannot unmarshal {what} into Go value of type {}", go(shape));
    }
    format!("json: cannot unmarshal {what} into Go struct field {}.{} of type {}", place.holder, place.field, go(shape))
}

impl Decoder {
    fn value(&mut self, shape: &Shape, value: Value, place: &Place<'_>) -> Result<Value, String> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        match (shape, value) {
            (Shape::Named(name), value) => match named(name) {
                Ok(members) => self.members(members, short(name), value, place, shape),
                Err(alias) => self.value(alias, value, place),
            },
            (Shape::List(inner), Value::Array(items)) => {
                let mut decoded = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let here = Place {
                        path: format!("{}[{index}]", place.path),
                        field: place.field.clone(),
                        holder: place.holder,
                    };
                    decoded.push(self.value(inner, item, &here)?);
                }
                Ok(Value::Array(decoded))
            }
            (Shape::Names(inner), Value::Object(map)) => {
                let mut decoded = Map::new();
                for (name, value) in map {
                    let here = Place {
                        path: format!("{}.{name}", place.path),
                        field: place.field.clone(),
                        holder: place.holder,
                    };
                    // In a map a null is a value: the empty one.
                    let value = if value.is_null() { empty(inner) } else { self.value(inner, value, &here)? };
                    decoded.insert(name, value);
                }
                Ok(Value::Object(decoded))
            }
            (shape, value) => scalar(shape, value, place),
        }
    }

    fn members(
        &mut self,
        members: &'static Members,
        holder: &str,
        value: Value,
        place: &Place<'_>,
        shape: &Shape,
    ) -> Result<Value, String> {
        let Value::Object(map) = value else { return Err(mismatch(shape, &value, place)) };
        let mut decoded = Map::new();
        for (name, value) in map {
            let dot = if place.path.is_empty() { "" } else { "." };
            let path = format!("{}{dot}{name}", place.path);
            let Some(shape) = members.shapes.get(&name) else {
                self.unknown.push(format!("unknown field \"{path}\""));
                continue;
            };
            let field = format!("{}{dot}{name}", place.field);
            let value = self.value(shape, value, &Place { path, field, holder })?;
            // What is null is not there, but for times, which say so.
            if !value.is_null() || name == "creationTimestamp" || name == "eventTime" {
                decoded.insert(name, value);
            }
        }
        Ok(Value::Object(decoded))
    }
}

fn empty(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Bytes => "".into(),
        Shape::Whole(_) | Shape::Number => 0.into(),
        Shape::Truth => false.into(),
        Shape::Any
        | Shape::Time
        | Shape::Quantity
        | Shape::NumberOrText
        | Shape::List(_)
        | Shape::Names(_)
        | Shape::Named(_) => Value::Null,
    }
}

fn scalar(shape: &Shape, value: Value, place: &Place<'_>) -> Result<Value, String> {
    let fits = match (shape, &value) {
        (Shape::Any, _)
        | (Shape::Text, Value::String(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::Truth, Value::Bool(_)) => true,
        (Shape::NumberOrText, Value::String(_) | Value::Number(_)) => !matches!(&value, Value::Number(n) if n.is_f64()),
        (Shape::Whole(32), Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        (Shape::Whole(_), Value::Number(number)) => number.as_i64().is_some(),
        (Shape::Bytes, Value::String(text)) => return bytes(text).map(|()| value),
        (Shape::Time, Value::String(text)) => return time(text).map(|()| value),
        (Shape::Quantity, Value::String(text)) => return quantity(text).map(|()| value),
        // A number is a quantity, and is written as text from then on.
        (Shape::Quantity, Value::Number(number)) => return Ok(number.to_string().into()),
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    Err(mismatch(shape, &value, place))
}

fn bytes(text: &str) -> Result<(), String> {
    match STANDARD.decode(text.replace(['\n', '\r'], "")) {
        Ok(_) => Ok(()),
        Err(base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _)) => {
            Err(format!("illegal base64 data at input byte {at}"))
        }
        Err(base64::DecodeError::InvalidLength(at)) => Err(format!("illegal base64 data at input byte {at}")),
        Err(base64::DecodeError::InvalidPadding) => {
            Err(format!("illegal base64 data at input byte {}", text.len().saturating_sub(text.len() % 4)))
        }
    }
}

fn time(text: &str) -> Result<(), String> {
    if text.parse::<jiff::Timestamp>().is_ok() {
        return Ok(());
    }
    Err(format!("parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\""))
}

/// Whether a text is a quantity: a decimal number and one of the known units (API reference, `Quantity`).
pub(super) fn quantity(text: &str) -> Result<(), String> {
    const UNITS: [&str; 15] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi"];
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, unit) = unsigned.split_at(digits);
    let counted = number.bytes().any(|b| b.is_ascii_digit()) && number.matches('.').count() <= 1;
    let exponent = unit.strip_prefix(['e', 'E']).is_some_and(|rest| {
        let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())
    });
    if counted && (UNITS.contains(&unit) || unit == "Ei" || exponent) {
        return Ok(());
    }
    Err("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::objects::{kinds::find_kind, schema::shape_of};

    fn deployment(value: Value) -> Result<Decoded, String> {
        decode(&shape_of(find_kind("apps", "v1", "deployments").unwrap()).unwrap(), value)
    }

    fn with_container(container: &Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": [container]}}}})
    }

    #[test]
    fn unknown_members_are_named_by_their_place_and_dropped() {
        let made = deployment(with_container(&json!({"name": "a", "imagee": "b", "ports": [{"porrt": 1}]}))).unwrap();
        assert_eq!(
            made.unknown,
            [
                "unknown field \"spec.template.spec.containers[0].imagee\"",
                "unknown field \"spec.template.spec.containers[0].ports[0].porrt\"",
            ]
        );
        assert_eq!(made.object, with_container(&json!({"name": "a", "ports": [{}]})));
        let labels = json!({"metadata": {"labels": {"any": "thing"}, "creationTimestamp": null}, "spec": null});
        let made = deployment(labels).unwrap();
        assert_eq!(made.object, json!({"metadata": {"labels": {"any": "thing"}, "creationTimestamp": null}}));
    }

    #[test]
    fn wrong_types_are_refused_in_go_s_words() {
        let wrong = |value: Value| deployment(value).unwrap_err();
        assert_eq!(
            wrong(json!({"spec": {"replicas": "two"}})),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
        );
        assert_eq!(
            wrong(with_container(&json!({"env": [{"name": "A", "value": 1}]}))),
            "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type \
             string"
        );
        assert_eq!(
            wrong(json!({"spec": {"replicas": 1.5}})),
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"
        );
        assert_eq!(
            wrong(json!({"spec": {"template": {"spec": {"containers": {}}}}})),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type \
             []v1.Container"
        );
        let resources = |cpu: Value| with_container(&json!({"resources": {"requests": {"cpu": cpu}}}));
        assert!(wrong(resources(json!("one"))).starts_with("quantities must match"));
        assert_eq!(deployment(resources(json!(2))).unwrap().object, resources(json!("2")));
    }

    #[test]
    fn quantities_are_numbers_with_units() {
        for good in ["1", "100m", "1.5Gi", "+2Mi", "1e3", "5E", "0.5", "12E-2"] {
            assert!(quantity(good).is_ok(), "{good}");
        }
        for bad in ["", "m", "1.2.3", "1GB", "1 Gi", "Gi1"] {
            assert!(quantity(bad).is_err(), "{bad}");
        }
    }
}
