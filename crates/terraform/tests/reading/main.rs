//! What is read of Terraform's language: small configurations and what they declare.

mod declared;
mod expressions;
mod modules;
mod plan;
mod real;
mod trust;

use trustwalk_checkout::{Declared, Node, Text, Value};
use trustwalk_terraform::{File, read};

/// Reads one file, `main.tf`.
fn one(text: &str) -> Declared {
    many(&[("main.tf", text)])
}

fn many(files: &[(&str, &str)]) -> Declared {
    let files: Vec<File> =
        files.iter().map(|(path, text)| File { path: (*path).into(), text: (*text).to_owned() }).collect();
    read(&files)
}

/// A tree as JSON with symbols as `${…}`, names in their order, a lone value as it is.
fn shown(node: &Node) -> String {
    let list = |items: &[Node]| items.iter().map(shown).collect::<Vec<_>>().join(",");
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.clone(),
        Value::Text(text) => format!("\"{text}\""),
        Value::List(items) => format!("[{}]", list(items)),
        Value::Map(members) => {
            let members = members.iter().map(|(key, value)| format!("\"{}\":{}", key.value, shown(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Unknown(symbol) => format!("${{{}}}", symbol.0),
    }
}

/// The value of an expression: as the name of a role.
fn value(before: &str, expression: &str) -> String {
    let text = format!(
        "{before}\nresource \"aws_iam_role\" \"r\" {{\n  name = {expression}\n  assume_role_policy = \"{{}}\"\n}}\n"
    );
    let declared = one(&text);
    declared.roles.first().map(|role| role.name.value.to_string()).unwrap_or_default()
}

/// The text at a place of a file.
fn at<'t>(text: &'t str, place: &trustwalk_checkout::Place) -> &'t str {
    let offset = |line: u32, column: u32| {
        let start: usize = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
        let rest = text.get(start..).unwrap_or_default();
        start + rest.char_indices().nth(column as usize - 1).map_or(rest.len(), |(at, _)| at)
    };
    text.get(offset(place.line, place.column)..offset(place.end_line, place.end_column)).unwrap_or_default()
}

fn known(text: &Text) -> &str {
    text.known().unwrap_or("(not known)")
}
