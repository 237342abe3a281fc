//! Rules of custom resources, `x-kubernetes-validations` (Kubernetes documentation, "Validation rules").

use serde_json::Value;

use super::{
    conditions::{self, Outcome},
    library::since_1970,
    scalars::nanoseconds,
};
use crate::objects::{json as j, problems::Problem};

/// Rules of one schema that are looked at; the API server's own bound is the cost of all.
const MOST_RULES: usize = 200;
const RULES: &str = "/x-kubernetes-validations";

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A member's name as rules write it (Kubernetes documentation, "Validation rules", escaping).
fn escaped(name: &str) -> String {
    const WORDS: [&str; 19] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
    ];
    if WORDS.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

/// A value as its schema types it.
fn typed(schema: &Value, value: &Value) -> cel::Value {
    match value {
        Value::Object(members) => {
            let own = j::at(schema, "/properties");
            let other = j::at(schema, "/additionalProperties");
            conditions::map(members.iter().map(|(name, value)| match own.get(name) {
                Some(schema) => (escaped(name), typed(schema, value)),
                None => (name.clone(), typed(other, value)),
            }))
        }
        Value::Array(items) => {
            let inner = j::at(schema, "/items");
            cel::Value::List(std::sync::Arc::new(items.iter().map(|item| typed(inner, item)).collect()))
        }
        Value::Number(number) if j::text(schema, "/type") == "number" => {
            cel::Value::Float(number.as_f64().unwrap_or_default())
        }
        Value::String(text) => {
            let nano = match j::text(schema, "/format") {
                "date-time" => since_1970(text),
                "duration" => nanoseconds(text),
                _ => None,
            };
            nano.map_or_else(|| conditions::plain(value), cel::Value::Int)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => conditions::plain(value),
    }
}

/// What a valid value breaks of the rules of its schema; rules with `oldSelf` are asked where there was a value before.
pub(crate) fn check(schema: &Value, value: &Value, old: Option<&Value>, path: &str, problems: &mut Vec<Problem>) {
    let found = conditions::apart(|| {
        let mut found = Vec::new();
        walk(schema, value, old, path, &mut found);
        found
    });
    problems.extend(found.unwrap_or_else(|| vec![no_room()]));
}

/// Where rules cannot be asked, nothing is taken unasked.
fn no_room() -> Problem {
    Problem::invalid("<nil>", &"".into(), "rules could not be evaluated")
}

fn walk(schema: &Value, value: &Value, old: Option<&Value>, path: &str, problems: &mut Vec<Problem>) {
    if value.is_null() {
        return;
    }
    for rule in j::items(schema, RULES).iter().take(MOST_RULES) {
        if let Some(problem) = broken(rule, schema, value, old, path) {
            problems.push(problem);
        }
    }
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let known = j::at(schema, "/properties").get(name);
                let inner_schema =
                    known.or_else(|| schema.get("additionalProperties").filter(|other| other.is_object()));
                if let Some(inner_schema) = inner_schema {
                    let before = old.and_then(|old| old.get(name));
                    walk(inner_schema, inner, before, &below(path, name), problems);
                }
            }
        }
        Value::Array(items) => {
            let inner = j::at(schema, "/items");
            for (index, item) in items.iter().enumerate() {
                let before = old.and_then(|old| correlated(schema, item, old));
                walk(inner, item, before, &format!("{path}[{index}]"), problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The item of an old list that has the same keys; lists of other types are not correlated.
fn correlated<'v>(schema: &Value, item: &Value, old: &'v Value) -> Option<&'v Value> {
    if j::text(schema, "/x-kubernetes-list-type") != "map" {
        return None;
    }
    let keys = j::items(schema, "/x-kubernetes-list-map-keys");
    let same = |other: &&Value| keys.iter().filter_map(Value::as_str).all(|key| item.get(key) == other.get(key));
    old.as_array()?.iter().find(same)
}

fn broken(rule: &Value, schema: &Value, value: &Value, old: Option<&Value>, path: &str) -> Option<Problem> {
    let text = j::text(rule, "/rule");
    let program = conditions::compile(text).ok()?;
    let mut variables = vec![("self", typed(schema, value))];
    if program.references().has_variable("oldSelf") {
        // A rule about a change has nothing to say of what is new.
        variables.push(("oldSelf", typed(schema, old?)));
    }
    let kind = match j::text(schema, "/type") {
        "" => "object",
        named => named,
    };
    let at = j::text(rule, "/fieldPath");
    let field = if at.is_empty() { path.to_owned() } else { format!("{path}{at}") };
    let field = if field.is_empty() { "<nil>".to_owned() } else { field.trim_start_matches('.').to_owned() };
    let message = || match j::text(rule, "/message").trim() {
        "" => format!("failed rule: {text}"),
        message => message.to_owned(),
    };
    match conditions::evaluate(&program, &variables) {
        Outcome::Truth(true) | Outcome::Text(_) | Outcome::Unknown => None,
        Outcome::Failed(why) => {
            Some(Problem::invalid(field, &kind.into(), &format!("{why} evaluating rule: {}", message())))
        }
        Outcome::Truth(false) => {
            let made = conditions::compile(j::text(rule, "/messageExpression"))
                .ok()
                .map(|program| conditions::evaluate(&program, &variables));
            let told = match made {
                Some(Outcome::Text(text)) if !text.trim().is_empty() => text,
                Some(_) | None => message(),
            };
            Some(match j::text(rule, "/reason") {
                "FieldValueForbidden" => Problem::forbidden(field, &told),
                "FieldValueRequired" => Problem::required(field, &told),
                "FieldValueDuplicate" => Problem::duplicate(field, &kind.into()),
                _ => Problem::invalid(field, &kind.into(), &told),
            })
        }
    }
}

/// What is wrong with the rules and patterns of a definition's schema.
pub(crate) fn compiled(schema: &Value, field: &str, problems: &mut Vec<Problem>) {
    let found = conditions::apart(|| {
        let mut found = Vec::new();
        read(schema, field, &mut found);
        found
    });
    problems.extend(found.unwrap_or_else(|| vec![no_room()]));
}

fn read(schema: &Value, field: &str, problems: &mut Vec<Problem>) {
    for (index, rule) in j::items(schema, RULES).iter().enumerate() {
        let field = format!("{field}.x-kubernetes-validations[{index}]");
        let text = j::text(rule, "/rule");
        if text.trim().is_empty() {
            problems.push(Problem::required(format!("{field}.rule"), "rule is not specified"));
        } else if let Err(why) = conditions::compile(text) {
            problems.push(Problem::invalid(format!("{field}.rule"), rule, &why));
        }
    }
    let pattern = j::text(schema, "/pattern");
    if !pattern.is_empty()
        && let Err(why) = super::scalars::pattern(pattern)
    {
        let why = format!("must be a valid regular expression, but isn't: {why}");
        problems.push(Problem::invalid(format!("{field}.pattern"), &pattern.into(), &why));
    }
    for (name, inner) in j::at(schema, "/properties").as_object().into_iter().flatten() {
        read(inner, &format!("{field}.properties[{name}]"), problems);
    }
    for (member, place) in [("/items", "items"), ("/additionalProperties", "additionalProperties")] {
        let inner = j::at(schema, member);
        if inner.is_object() {
            read(inner, &format!("{field}.{place}"), problems);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::objects::problems::refusal;

    #[test]
    fn rules_judge_a_value_a_change_and_each_item() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "min": {"type": "integer"}, "max": {"type": "integer"},
            "node-class": {"type": "string", "x-kubernetes-validations": [
                {"rule": "self == oldSelf", "message": "nodeClass is immutable"}]},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "string"}},
                "x-kubernetes-validations": [{"rule": "self.n != ''", "reason": "FieldValueRequired",
                    "message": "a part has a name"}]}},
        }, "x-kubernetes-validations": [
            {"rule": "self.min <= self.max", "messageExpression": "'min must be at most ' + string(self.max)"},
            {"rule": "!has(self.node__dash__class) || self.node__dash__class != 'none'"},
        ]}}});
        let told = |value: Value, old: Option<Value>| {
            let mut found = Vec::new();
            check(&schema, &value, old.as_ref(), "", &mut found);
            refusal("K", "g", "n", &found).map_err(|e| e.message.split_once(": ").unwrap().1.to_owned())
        };
        let spec = |class: &str| json!({"spec": {"min": 1, "max": 2, "node-class": class}});
        assert!(told(spec("a"), None).is_ok() && told(spec("a"), Some(spec("a"))).is_ok());
        assert_eq!(
            told(spec("b"), Some(spec("a"))).unwrap_err(),
            "spec.node-class: Invalid value: \"string\": nodeClass is immutable"
        );
        assert_eq!(
            told(spec("none"), None).unwrap_err(),
            "spec: Invalid value: \"object\": failed rule: !has(self.node__dash__class) || self.node__dash__class != \
             'none'"
        );
        let wrong = json!({"spec": {"min": 3, "max": 2, "parts": [{"n": "a"}, {"n": ""}]}});
        assert_eq!(
            told(wrong, None).unwrap_err(),
            "[spec: Invalid value: \"object\": min must be at most 2, spec.parts[1]: Required value: a part has a name]"
        );
        let missing = told(json!({"spec": {"min": 3}}), None).unwrap_err();
        assert!(missing.contains("no such key: max evaluating rule: failed rule: self.min <= self.max"), "{missing}");
        let mut found = Vec::new();
        compiled(
            &json!({"properties": {"a": {"pattern": "(", "x-kubernetes-validations": [{"rule": "self."}]}}}),
            "s",
            &mut found,
        );
        assert_eq!(found.len(), 2);
    }
}
