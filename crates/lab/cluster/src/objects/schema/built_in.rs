//! The schemas of Kubernetes' own kinds (see `schemas/README.md`), and the shapes that decoding needs of them.

use std::{collections::BTreeMap, io::Read, sync::LazyLock};

use flate2::read::ZlibDecoder;
use serde_json::{Map, Value};

use crate::objects::{json as j, kinds::Kind};

static PACKED: &[u8] = include_bytes!("../../../schemas/kubernetes-1.36.json.zz");

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// Text.
    Text,
    /// Bytes in base64.
    Bytes,
    /// A point in time.
    Time,
    /// An amount with a unit.
    Quantity,
    /// A number or a text.
    NumberOrText,
    /// A whole number of 32 or 64 bits.
    Whole(u8),
    /// Any number.
    Number,
    /// True or false.
    Truth,
    /// A list.
    List(Box<Shape>),
    /// Names to values.
    Names(Box<Shape>),
    /// Another schema, by name.
    Named(String),
}

/// The members of a schema, none where it is open.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// By name.
    pub(crate) shapes: BTreeMap<String, Shape>,
}

enum Definition {
    Members(Members),
    Alias(Shape),
}

static DEFINITIONS: LazyLock<BTreeMap<String, Definition>> = LazyLock::new(|| {
    let all = document();
    all.iter().map(|(name, schema)| (name.clone(), definition(name, schema))).collect()
});

/// All schemas by name, with their descriptions; read anew, as little needs them.
pub(crate) fn document() -> Map<String, Value> {
    let mut text = Vec::new();
    // The stream is part of this program, and a test reads it.
    let _ = ZlibDecoder::new(PACKED).read_to_end(&mut text);
    serde_json::from_slice(&text).unwrap_or_default()
}

fn definition(name: &str, schema: &Value) -> Definition {
    let alias = match name.rsplit('.').next().unwrap_or_default() {
        "Quantity" => Some(Shape::Quantity),
        "IntOrString" => Some(Shape::NumberOrText),
        "Time" | "MicroTime" => Some(Shape::Time),
        "JSON"
        | "RawExtension"
        | "FieldsV1"
        | "Patch"
        | "JSONSchemaPropsOrArray"
        | "JSONSchemaPropsOrBool"
        | "JSONSchemaPropsOrStringArray" => Some(Shape::Any),
        _ => None,
    };
    if let Some(shape) = alias {
        return Definition::Alias(shape);
    }
    let own = j::at(schema, "/properties").as_object().into_iter().flatten();
    Definition::Members(Members { shapes: own.map(|(name, schema)| (name.clone(), shape(schema))).collect() })
}

fn shape(schema: &Value) -> Shape {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return Shape::Named(name.to_owned());
    }
    match (j::text(schema, "/type"), j::text(schema, "/format")) {
        ("string", "byte") => Shape::Bytes,
        ("string", "date-time") => Shape::Time,
        ("string", _) => Shape::Text,
        ("integer", "int32") => Shape::Whole(32),
        ("integer", _) => Shape::Whole(64),
        ("number", _) => Shape::Number,
        ("boolean", _) => Shape::Truth,
        ("array", _) => Shape::List(Box::new(schema.get("items").map_or(Shape::Any, shape))),
        ("object", _) => schema
            .get("additionalProperties")
            .filter(|a| a.is_object())
            .map_or(Shape::Any, |values| Shape::Names(Box::new(shape(values)))),
        _ => Shape::Any,
    }
}

/// What a name stands for: a shape, or members.
pub(crate) fn named(name: &str) -> Result<&'static Members, &'static Shape> {
    match DEFINITIONS.get(name) {
        Some(Definition::Members(members)) => Ok(members),
        Some(Definition::Alias(shape)) => Err(shape),
        None => Err(&Shape::Any),
    }
}

/// The name of a kind's schema.
pub(crate) fn schema_name(kind: &Kind) -> String {
    let package = match kind.group {
        "" => "io.k8s.api.core".to_owned(),
        "apiextensions.k8s.io" => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions".to_owned(),
        "apiregistration.k8s.io" => "io.k8s.kube-aggregator.pkg.apis.apiregistration".to_owned(),
        group => format!("io.k8s.api.{}", group.split('.').next().unwrap_or(group)),
    };
    format!("{package}.{}.{}", kind.version, kind.kind)
}

/// The shape of one of Kubernetes' own kinds.
pub(crate) fn shape_of(kind: &Kind) -> Option<Shape> {
    let name = schema_name(kind);
    DEFINITIONS.contains_key(&name).then_some(Shape::Named(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::kinds::KINDS;

    #[test]
    fn every_kind_that_is_served_has_a_schema() {
        for kind in KINDS {
            assert!(shape_of(kind).is_some(), "{}", schema_name(kind));
        }
        let container = named("io.k8s.api.core.v1.Container").unwrap();
        assert_eq!(container.shapes["image"], Shape::Text);
        assert_eq!(named("io.k8s.apimachinery.pkg.api.resource.Quantity").unwrap_err(), &Shape::Quantity);
        let all = document();
        let named_somewhere = all.values().flat_map(references).collect::<std::collections::BTreeSet<_>>();
        assert!(named_somewhere.iter().all(|name| all.contains_key(name)), "a schema is named and not there");
    }

    fn references(value: &Value) -> Vec<String> {
        match value {
            Value::Object(map) => map
                .iter()
                .flat_map(|(name, inner)| match inner.as_str() {
                    Some(target) if name == "$ref" => vec![target.to_owned()],
                    _ => references(inner),
                })
                .collect(),
            Value::Array(list) => list.iter().flat_map(references).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        }
    }
}
