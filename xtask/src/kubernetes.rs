//! The schemas of Kubernetes' kinds for the lab's cluster, out of the sources of `k8s-openapi`, which is generated and
//! holds each as a literal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value, json};

use crate::run::root;

/// The file that the lab's cluster includes.
const FILE: &str = "crates/lab/cluster/schemas/kubernetes-1.36.json.zz";
/// The sources' folder of that version.
const VERSION: &str = "v1_36";
/// Whose schemas are taken, with whatever they name.
const PACKAGES: [&str; 21] = [
    "io.k8s.api.admissionregistration.v1.",
    "io.k8s.api.apps.v1.",
    "io.k8s.api.authentication.v1.",
    "io.k8s.api.authorization.v1.",
    "io.k8s.api.autoscaling.",
    "io.k8s.api.batch.v1.",
    "io.k8s.api.certificates.v1.",
    "io.k8s.api.coordination.v1.",
    "io.k8s.api.core.v1.",
    "io.k8s.api.discovery.v1.",
    "io.k8s.api.events.v1.",
    "io.k8s.api.flowcontrol.v1.",
    "io.k8s.api.networking.v1.",
    "io.k8s.api.node.v1.",
    "io.k8s.api.policy.v1.",
    "io.k8s.api.rbac.v1.",
    "io.k8s.api.scheduling.v1.",
    "io.k8s.api.storage.v1.",
    "io.k8s.apiextensions-apiserver.",
    "io.k8s.apimachinery.",
    "io.k8s.kube-aggregator.",
];

/// Writes the file anew.
pub(crate) fn schemas() -> Result<()> {
    let sources = sources()?;
    let mut files = Vec::new();
    collect(&sources, &mut files)?;
    let mut literals: BTreeMap<String, String> = BTreeMap::new();
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        let folder = file.parent().and_then(|f| f.strip_prefix(&sources).ok()).unwrap_or(Path::new(""));
        let path: Vec<&str> = folder.iter().filter_map(|part| part.to_str()).collect();
        for part in text.split("impl crate::schemars::JsonSchema for ").skip(1) {
            let rust = part.split(' ').next().unwrap_or_default();
            let name = part.split('"').nth(1).context("an implementation names no schema")?;
            let literal = part.split_once("json_schema!(").and_then(|(_, rest)| rest.split_once("\n        })"));
            let (literal, _) = literal.with_context(|| format!("{name} has no literal"))?;
            types.insert(format!("crate::{}::{rust}", path.join("::")), name.to_owned());
            literals.insert(name.to_owned(), format!("{literal}}}"));
        }
    }
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    for (name, literal) in &literals {
        let text = plain(literal, &types).with_context(|| format!("{name} is not as it was"))?;
        all.insert(name.clone(), serde_json::from_str(&text).with_context(|| format!("{name}: {text}"))?);
    }
    let mut due: Vec<String> =
        all.keys().filter(|name| PACKAGES.iter().any(|package| name.starts_with(package))).cloned().collect();
    let mut taken = BTreeSet::new();
    while let Some(name) = due.pop() {
        let Some(schema) = all.get(&name) else { bail!("{name} is named and not there") };
        if taken.insert(name) {
            named(schema, &mut due);
        }
    }
    let document: Map<String, Value> =
        taken.into_iter().filter_map(|name| all.get(&name).cloned().map(|schema| (name, schema))).collect();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(json!(document).to_string().as_bytes())?;
    std::fs::write(root().join(FILE), packed.finish()?)?;
    Ok(())
}

/// Where cargo has put the sources.
fn sources() -> Result<PathBuf> {
    let out = Command::new("cargo").args(["metadata", "--format-version", "1"]).current_dir(root()).output()?;
    let metadata: Value = serde_json::from_slice(&out.stdout)?;
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let manifest = packages
        .filter(|package| package.get("name").is_some_and(|name| name == "k8s-openapi"))
        .find_map(|package| package.get("manifest_path")?.as_str())
        .context("k8s-openapi is no dependency")?;
    Ok(Path::new(manifest).with_file_name("src").join(VERSION))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// A literal as JSON: calls for another type's schema become references, and commas before a closing bracket go.
fn plain(literal: &str, types: &BTreeMap<String, String>) -> Result<String> {
    /// Before the type and after it, and before the description that is set beside it.
    const CALL: &str = "__gen.subschema_for::<";
    const BESIDE: &str = "insert(\"description\".into(), ";
    let mut text = String::new();
    let mut rest = literal;
    while let Some((before, after)) = rest.split_once(CALL) {
        let (named, after) = after.split_once(">()").context("a call does not end")?;
        let target = types.get(named).with_context(|| format!("{named} has no schema"))?;
        let mut object = format!("{{\"$ref\":{}", json!(target));
        let opened = before.strip_suffix("({\n").or_else(|| before.rsplit_once("({").map(|(before, _)| before));
        if before.trim_end().ends_with("let mut schema_obj =") {
            text += opened.context("a block does not begin")?;
            let (_, after) = after.split_once(BESIDE).context("a block says nothing")?;
            let (said, after) = after.split_once(".into());").context("a description does not end")?;
            object.extend([",\"description\":", said]);
            rest = after.split_once("})").context("a block does not end")?.1;
        } else {
            text += before.strip_suffix('(').unwrap_or(before);
            rest = if before.ends_with('(') { after.strip_prefix(')').unwrap_or(after) } else { after };
        }
        text += &object;
        text.push('}');
    }
    text += rest;
    Ok(without_last_commas(&text))
}

fn without_last_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for letter in text.chars() {
        if inside {
            // Rust escapes a single quote as JSON does not.
            if escaped && letter == '\'' {
                out.pop();
            }
            inside = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if matches!(letter, '}' | ']') {
            let end = out.trim_end().len();
            if out.trim_end().ends_with(',') {
                out.truncate(end - 1);
            }
        } else {
            inside = letter == '"';
        }
        out.push(letter);
    }
    out
}

fn named(schema: &Value, due: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            for (name, inner) in map {
                match inner.as_str() {
                    Some(target) if name == "$ref" => due.push(target.to_owned()),
                    _ => named(inner, due),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| named(inner, due)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
