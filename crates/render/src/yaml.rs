//! A document as YAML: JSON's own strings, which are YAML's, in YAML's layout (YAML 1.2.2, chapters 7 and 8).

use serde_json::Value;

/// Deeper documents are written in JSON's layout from there on, which is YAML, too.
const DEEPEST: usize = 40;

/// The text of a document.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => mapping(&mut out, value, 0),
        Value::Array(items) if !items.is_empty() => sequence(&mut out, value, 0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            scalar(&mut out, value);
            out.push('\n');
        }
    }
    out
}

fn mapping(out: &mut String, value: &Value, depth: usize) {
    for (n, (name, value)) in value.as_object().into_iter().flatten().enumerate() {
        if n > 0 {
            indent(out, depth);
        }
        key(out, name);
        out.push(':');
        nested(out, value, depth);
    }
}

fn sequence(out: &mut String, value: &Value, depth: usize) {
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        if n > 0 {
            indent(out, depth);
        }
        out.push('-');
        match item {
            Value::Object(members) if !members.is_empty() && depth < DEEPEST => {
                out.push(' ');
                mapping(out, item, depth + 1);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                nested(out, item, depth);
            }
        }
    }
}

/// What stands after `name:` or `-`.
fn nested(out: &mut String, value: &Value, depth: usize) {
    let filled = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if !filled || depth >= DEEPEST {
        out.push(' ');
        scalar(out, value);
        out.push('\n');
        return;
    }
    out.push('\n');
    indent(out, depth + 1);
    if value.is_object() { mapping(out, value, depth + 1) } else { sequence(out, value, depth + 1) }
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

fn key(out: &mut String, name: &str) {
    if is_plain(name) { out.push_str(name) } else { scalar(out, &Value::from(name)) }
}

/// A value on its line.
fn scalar(out: &mut String, value: &Value) {
    match value.as_str().filter(|text| is_plain(text)) {
        Some(text) => out.push_str(text),
        None => out.push_str(&value.to_string()),
    }
}

/// Whether a text means itself without quotes, in YAML 1.1 as well, where `no` is false and `1_000` a number.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(fits)
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::text;

    #[test]
    fn a_document_is_laid_out_and_its_values_are_themselves() {
        let document = json!({
            "schema": 1, "empty": [], "none": null, "no": "no", "colon: x": "a: b", "lines": "a\nb", "time": "12:30:00",
            "list": [{"a": "x", "b": [1, 2]}, {}, "plain", [["deep"]]], "map": {"c": {"d": false}},
        });
        let expected = "schema: 1\nempty: []\nnone: null\n\"no\": \"no\"\n\"colon: x\": \"a: b\"\nlines: \"a\\nb\"\n\
            time: \"12:30:00\"\nlist:\n  - a: x\n    b:\n      - 1\n      - 2\n  - {}\n  - plain\n  -\n    -\n      - \
            deep\n\
            map:\n  c:\n    d: false\n";
        assert_eq!(text(&document), expected);
        assert_eq!(text(&json!([])), "[]\n");
        assert_eq!(text(&json!([{"a": 1}, {"a": 2}])), "- a: 1\n- a: 2\n");
        assert_eq!(text(&json!("x y")), "\"x y\"\n");
    }
}
