//! Structural schemas of custom resources: pruning, defaults and validation (Kubernetes documentation, "Extend the
//! Kubernetes API with `CustomResourceDefinitions`").
//! Patterns and formats are in [`super::scalars`], `oneOf` and its like in [`super::junctors`], rules in
//! [`super::rules`].

use serde_json::{Map, Value};

use super::{junctors, scalars};
use crate::objects::{json as j, problems::Problem};

fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name).and_then(Value::as_bool) == Some(true)
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The schema of a member, if there is one.
fn member<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let own = schema.get("properties").and_then(|all| all.get(name));
    own.or_else(|| schema.get("additionalProperties").filter(|other| other.is_object()))
}

/// Takes away what a schema lacks, and names it.
pub(crate) fn prune(schema: &Value, object: &mut Value, unknown: &mut Vec<String>) {
    // Type and metadata are the API's own.
    let kept = ["apiVersion", "kind", "metadata"];
    members(schema, object, "", unknown, &kept);
}

fn value(schema: &Value, value: &mut Value, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(_) => {
            let kept: &[&str] =
                if flag(schema, "x-kubernetes-embedded-resource") { &["apiVersion", "kind", "metadata"] } else { &[] };
            members(schema, value, path, unknown, kept);
        }
        Value::Array(items) => {
            let Some(inner) = schema.get("items") else { return };
            for (index, item) in items.iter_mut().enumerate() {
                self::value(inner, item, &format!("{path}[{index}]"), unknown);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn members(schema: &Value, object: &mut Value, path: &str, unknown: &mut Vec<String>, kept: &[&str]) {
    let Value::Object(map) = object else { return };
    let open = flag(schema, "x-kubernetes-preserve-unknown-fields")
        || flag(schema, "additionalProperties")
        || (schema.get("type").is_none() && schema.get("properties").is_none());
    let mut pruned = Map::new();
    for (name, mut inner) in std::mem::take(map) {
        if kept.contains(&name.as_str()) {
            pruned.insert(name, inner);
            continue;
        }
        let path = below(path, &name);
        match member(schema, &name) {
            Some(schema) => value(schema, &mut inner, &path, unknown),
            None if open => {}
            None => {
                unknown.push(format!("unknown field \"{path}\""));
                continue;
            }
        }
        pruned.insert(name, inner);
    }
    *map = pruned;
}

/// Fills in the defaults of a schema.
pub(crate) fn default(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, schema) in j::at(schema, "/properties").as_object().into_iter().flatten() {
                if let Some(default) = schema.get("default") {
                    let nothing = map.get(name).is_none_or(|v| v.is_null() && !flag(schema, "nullable"));
                    if nothing {
                        map.insert(name.clone(), default.clone());
                    }
                }
            }
            for (name, inner) in map.iter_mut() {
                if let Some(schema) = member(schema, name) {
                    default(schema, inner);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    default(schema, item);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a value breaks of a schema.
pub(crate) fn validate(schema: &Value, value: &Value, path: &str, problems: &mut Vec<Problem>) {
    if value.is_null() {
        // A null of what may be none counts as left out.
        return;
    }
    if !typed(schema, value, path, problems) {
        return;
    }
    let known = j::items(schema, "/enum");
    if !known.is_empty() && !known.contains(value) {
        let known: Vec<String> =
            known.iter().map(|k| k.as_str().map_or_else(|| k.to_string(), str::to_owned)).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        problems.push(Problem::unsupported(path, value, &known));
    }
    match value {
        Value::Object(map) => {
            for name in j::items(schema, "/required").iter().filter_map(Value::as_str) {
                if map.get(name).is_none_or(Value::is_null) {
                    problems.push(Problem::required(below(path, name), ""));
                }
            }
            count(schema, map.len(), ("minProperties", "maxProperties"), "properties", (path, value), problems);
            for (name, inner) in map {
                // The API checks its own members by itself.
                if let Some(schema) = member(schema, name).filter(|_| !(path.is_empty() && name == "metadata")) {
                    validate(schema, inner, &below(path, name), problems);
                }
            }
        }
        Value::Array(items) => {
            count(schema, items.len(), ("minItems", "maxItems"), "items", (path, value), problems);
            repeated(schema, items, path, problems);
            if let Some(schema) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    validate(schema, item, &format!("{path}[{index}]"), problems);
                }
            }
        }
        Value::String(text) => {
            let long = text.chars().count();
            count(schema, long, ("minLength", "maxLength"), "chars", (path, value), problems);
            scalars::text(schema, text, path, problems);
        }
        Value::Number(number) => scalars::number(schema, number.as_f64().unwrap_or_default(), path, value, problems),
        Value::Null | Value::Bool(_) => {}
    }
    junctors::check(schema, value, path, problems, validate);
}

/// Whether a value is of its schema's type.
fn typed(schema: &Value, value: &Value, path: &str, problems: &mut Vec<Problem>) -> bool {
    if flag(schema, "x-kubernetes-int-or-string") {
        return value.is_string() || value.is_i64() || value.is_u64() || {
            problems.push(wrong_type(path, "integer,string", value));
            false
        };
    }
    let wanted = j::text(schema, "/type");
    let fits = match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        "number" => value.is_number(),
        _ => true,
    };
    if !fits {
        problems.push(wrong_type(path, wanted, value));
    }
    fits
}

fn wrong_type(path: &str, wanted: &str, value: &Value) -> Problem {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Problem::invalid(path, &found.into(), &format!("{path} in body must be of type {wanted}: \"{found}\""))
}

fn count(
    schema: &Value,
    length: usize,
    (least, most): (&str, &str),
    what: &str,
    (path, value): (&str, &Value),
    problems: &mut Vec<Problem>,
) {
    let bound = |name: &str| schema.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let long = if what == "chars" { " long" } else { "" };
    if let Some(least) = bound(least).filter(|least| length < *least) {
        let verb = if what == "chars" { "be" } else { "have" };
        problems.push(Problem::invalid(
            path,
            value,
            &format!("{path} in body should {verb} at least {least} {what}{long}"),
        ));
    }
    if let Some(most) = bound(most).filter(|most| length > *most) {
        problems.push(if what == "chars" {
            Problem::too_long(path, most)
        } else {
            Problem::invalid(path, value, &format!("{path} in body should have at most {most} {what}"))
        });
    }
}

/// Items that a set, or keys that a list of objects, may have once.
fn repeated(schema: &Value, items: &[Value], path: &str, problems: &mut Vec<Problem>) {
    let keys: Vec<&str> = j::items(schema, "/x-kubernetes-list-map-keys").iter().filter_map(Value::as_str).collect();
    let identity = |item: &Value| -> Value {
        match j::text(schema, "/x-kubernetes-list-type") {
            "map" => keys.iter().map(|key| ((*key).to_owned(), item.get(*key).cloned().unwrap_or_default())).collect(),
            _ => item.clone(),
        }
    };
    match j::text(schema, "/x-kubernetes-list-type") {
        "set" | "map" => {
            let mut seen: Vec<Value> = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let own = identity(item);
                if seen.contains(&own) {
                    problems.push(Problem::duplicate(format!("{path}[{index}]"), &own));
                }
                seen.push(own);
            }
        }
        _ if flag(schema, "uniqueItems")
            && items.iter().enumerate().any(|(at, item)| items.iter().take(at).any(|other| other == item)) =>
        {
            let why = format!("{path} in body shouldn't contain duplicates");
            problems.push(Problem::invalid(path, &Value::Array(items.to_vec()), &why));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::objects::problems::refusal;

    fn schema() -> Value {
        json!({"type": "object", "properties": {"spec": {
            "type": "object", "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "mode": {"type": "string", "enum": ["Fast", "Slow"], "default": "Slow"},
                "name": {"type": "string", "maxLength": 3},
                "port": {"x-kubernetes-int-or-string": true},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "parts": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            },
        }}})
    }

    #[test]
    fn what_a_schema_lacks_is_pruned_and_what_it_leaves_open_stays() {
        let mut object = json!({"apiVersion": "a/v1", "kind": "K", "metadata": {"name": "n"}, "extra": 1, "spec": {
            "size": 1, "nope": 2, "free": {"x": {"y": 1}}, "labels": {"k": "v"}, "parts": [{"a": "1", "b": "2"}],
        }});
        let mut unknown = Vec::new();
        prune(&schema(), &mut object, &mut unknown);
        assert_eq!(
            unknown,
            ["unknown field \"extra\"", "unknown field \"spec.nope\"", "unknown field \"spec.parts[0].b\""]
        );
        default(&schema(), &mut object);
        assert_eq!(
            object["spec"],
            json!({"size": 1, "free": {"x": {"y": 1}}, "labels": {"k": "v"}, "parts": [{"a": "1"}], "mode": "Slow"})
        );
    }

    #[test]
    fn values_are_held_to_the_schema_in_its_words() {
        let told = |spec: Value| {
            let mut problems = Vec::new();
            validate(&schema(), &json!({"spec": spec}), "", &mut problems);
            refusal("Widget", "example.com", "w", &problems)
                .map_err(|e| e.message.split_once(": ").unwrap().1.to_owned())
        };
        assert!(told(json!({"size": 2, "port": "http", "mode": "Fast"})).is_ok());
        assert_eq!(told(json!({})).unwrap_err(), "spec.size: Required value");
        assert_eq!(
            told(json!({"size": "two"})).unwrap_err(),
            "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""
        );
        assert_eq!(
            told(json!({"size": 0})).unwrap_err(),
            "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
        );
        assert_eq!(
            told(json!({"size": 1, "mode": "Odd", "name": "long"})).unwrap_err(),
            "[spec.mode: Unsupported value: \"Odd\": supported values: \"Fast\", \"Slow\", spec.name: Too long: may \
             not be more than 3 bytes]"
        );
    }
}
