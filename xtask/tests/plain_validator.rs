//! A validator that knows one file alone, Python's, reads each published schema and finds all that it refers to.

use std::path::Path;
use std::process::Command;

/// Fails at a schema that is none, and at a reference that leads out of its file.
const PROGRAM: &str = r#"
import json, sys
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)

count = 0
for path in sys.argv[1:]:
    schema = json.load(open(path))
    Draft202012Validator.check_schema(schema)
    alone = Registry().with_resource(schema["$id"], Resource.from_contents(schema)).resolver(schema["$id"])
    for reference in references(schema):
        alone.lookup(reference)
        count += 1
print(count)
"#;

#[test]
fn every_reference_of_a_schema_is_found_in_its_own_file() {
    let Some(tools) = std::env::var_os("TRUSTWALK_TOOLS") else {
        return assert!(std::env::var_os("CI").is_none(), "`cargo xtask test` sets TRUSTWALK_TOOLS");
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema");
    let all = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let schemas: Vec<_> = all.filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    let out = Command::new(Path::new(&tools).join("python")).args(["-c", PROGRAM]).args(&schemas).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(said.trim().parse::<usize>().unwrap() > 100, "{said}");
}
