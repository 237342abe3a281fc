//! Schemas that stand alone and are open. A schema may use a definition of another one as `#/$defs/FILE.NAME`; its
//! copy, and all that it needs, is kept among the schema's own definitions, so that no validator has to find another
//! file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::run::root;

/// Schemas by the name of their file, without its ending.
type Schemas = BTreeMap<String, Value>;

fn folder() -> PathBuf {
    root().join("docs/schema")
}

fn read() -> Result<Schemas> {
    let mut found = Schemas::new();
    for entry in std::fs::read_dir(folder())? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "json") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path)?;
            let schema = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
            found.insert(name, schema);
        }
    }
    Ok(found)
}

/// Renews the copies, and opens what is closed; with `check`, fails if one is not what it is a copy of.
pub(crate) fn renew(check: bool) -> Result<()> {
    let before = read()?;
    for (name, schema) in renewed(&before)? {
        if before.get(&name) == Some(&schema) {
            continue;
        }
        if check {
            bail!(
                "docs/schema/{name}.json is closed, or has old copies of another's definitions: run `cargo xtask gen`"
            );
        }
        std::fs::write(folder().join(format!("{name}.json")), serde_json::to_string_pretty(&schema)? + "\n")?;
    }
    Ok(())
}

fn renewed(schemas: &Schemas) -> Result<Schemas> {
    let mut out = schemas.clone();
    out.values_mut().for_each(open);
    let schemas = &out.clone();
    for (name, schema) in &mut out {
        if let Some(own) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
            own.retain(|key, _| !key.contains('.'));
        }
        let mut copies = BTreeMap::new();
        let mut next: Vec<String> = foreign(schema).into_iter().collect();
        while let Some(key) = next.pop() {
            if copies.contains_key(&key) {
                continue;
            }
            let copy = copy(schemas, &key).with_context(|| format!("docs/schema/{name}.json uses {key}"))?;
            next.extend(foreign(&copy));
            copies.insert(key, copy);
        }
        let members = schema.as_object_mut().context("a schema is an object")?;
        if copies.is_empty() {
            continue;
        }
        if let Some(own) = members.entry("$defs").or_insert_with(|| json!({})).as_object_mut() {
            own.extend(copies);
        }
    }
    Ok(out)
}

/// Takes members to come: a schema that is closed would make every addition a break.
fn open(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, value| key != "additionalProperties" || *value != json!(false));
            members.values_mut().for_each(open);
        }
        Value::Array(items) => items.iter_mut().for_each(open),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A definition of another schema, whose references lead to copies too.
fn copy(schemas: &Schemas, key: &str) -> Result<Value> {
    let (file, name) = key.split_once('.').context("a definition of another schema is named FILE.NAME")?;
    let place = format!("/$defs/{name}");
    let mut copy = schemas.get(file).and_then(|s| s.pointer(&place)).context("there is no such definition")?.clone();
    each_reference(&mut copy, &mut |name| {
        if !name.contains('.') {
            *name = format!("{file}.{name}");
        }
    });
    if let Some(members) = copy.as_object_mut() {
        members.insert("$comment".to_owned(), json!(format!("as in {file}.json, kept by `cargo xtask gen`")));
    }
    Ok(copy)
}

/// The definitions of other schemas that are used.
fn foreign(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_reference(&mut schema.clone(), &mut |name| {
        if name.contains('.') {
            found.insert(name.clone());
        }
    });
    found
}

/// Shows the name in every reference to a definition, to be read or replaced.
fn each_reference(value: &mut Value, see: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let name = value.as_str().and_then(|text| text.strip_prefix("#/$defs/")).map(str::to_owned);
                match name {
                    Some(mut name) if key == "$ref" => {
                        see(&mut name);
                        *value = json!(format!("#/$defs/{name}"));
                    }
                    Some(_) | None => each_reference(value, see),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_reference(item, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas() -> Schemas {
        let a =
            json!({"properties": {"x": {"$ref": "#/$defs/b.one"}}, "$defs": {"own": {"type": "null"}, "b.old": {}}});
        let b = json!({"$defs": {
            "one": {"properties": {"y": {"$ref": "#/$defs/two"}, "z": {"$ref": "#/$defs/c.three"}}},
            "two": {"type": "string"},
        }});
        let c = json!({"$defs": {"three": {"items": {"$ref": "#/$defs/three"}}}});
        [("a", a), ("b", b), ("c", c)].map(|(name, schema)| (name.to_owned(), schema)).into()
    }

    #[test]
    fn a_schema_holds_all_that_it_uses_and_nothing_that_is_no_longer_used() {
        let once = renewed(&schemas()).unwrap();
        let held: Vec<&String> = once["a"]["$defs"].as_object().unwrap().keys().collect();
        assert_eq!(held, ["own", "b.one", "b.two", "c.three"]);
        assert_eq!(once["a"]["$defs"]["b.one"]["properties"]["y"]["$ref"], "#/$defs/b.two");
        assert_eq!(once["a"]["$defs"]["c.three"]["items"]["$ref"], "#/$defs/c.three");
        assert_eq!(renewed(&once).unwrap(), once);
        let mut closed = once.clone();
        closed.get_mut("b").unwrap()["$defs"]["two"]["additionalProperties"] = json!(false);
        assert_eq!(renewed(&closed).unwrap(), once);
    }

    #[test]
    fn a_definition_that_is_not_there_is_told() {
        let mut broken = schemas();
        broken.remove("c");
        let error = format!("{:#}", renewed(&broken).unwrap_err());
        assert!(error.contains("b.json") && error.contains("c.three") || error.contains("a.json"), "{error}");
    }

    /// Every published schema names itself, tells what each member is, takes members to come, and needs no other file.
    #[test]
    fn published_schemas_stand_alone_describe_all_and_are_open() {
        for (name, schema) in read().unwrap() {
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
            assert_eq!(schema["$id"], json!(format!("urn:trustwalk:schema:{name}")));
            let mut faults = Vec::new();
            look(&schema, "#", &mut faults);
            assert!(faults.is_empty(), "docs/schema/{name}.json:\n{}", faults.join("\n"));
        }
        renew(true).unwrap();
    }

    fn look(value: &Value, at: &str, faults: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if members.get("additionalProperties") == Some(&json!(false)) {
                    faults.push(format!("{at} is closed to members to come"));
                }
                if members.get("$ref").and_then(Value::as_str).is_some_and(|r| !r.starts_with('#')) {
                    faults.push(format!("{at} needs another file"));
                }
                let described = members.get("properties").and_then(Value::as_object);
                for (member, schema) in described.into_iter().flatten() {
                    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
                    if text.len() < 3 {
                        faults.push(format!("{at}/properties/{member} is not described"));
                    }
                }
                members.iter().for_each(|(key, value)| look(value, &format!("{at}/{key}"), faults));
            }
            Value::Array(items) => items.iter().enumerate().for_each(|(n, v)| look(v, &format!("{at}/{n}"), faults)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
