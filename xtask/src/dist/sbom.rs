//! What the program is made of, as a document of `CycloneDX` (1.6, JSON).

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::crates::Crate;
use super::digest::{hex, sha256};
use super::time::written;

/// The document about these crates, of which the first is the program.
pub(crate) fn sbom(crates: &[Crate], triple: &str, time: u64) -> Result<String> {
    let (program, parts) = crates.split_first().context("no crates")?;
    let mut main = component(program, "application");
    let place = main.as_object_mut().context("a component is an object")?;
    place.insert("properties".to_owned(), json!([{"name": "cargo:target", "value": triple}]));
    let dependencies: Vec<Value> = crates
        .iter()
        .map(|one| {
            let to: Vec<String> = one.needs.iter().filter_map(|n| crates.get(*n)).map(Crate::purl).collect();
            json!({"ref": one.purl(), "dependsOn": to})
        })
        .collect();
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": written(time)?,
            "tools": {"components": [{"type": "application", "name": "cargo xtask dist"}]},
            "component": main,
        },
        "components": parts.iter().map(|c| component(c, "library")).collect::<Vec<_>>(),
        "dependencies": dependencies,
    });
    // A number of its own, which is the same for the same content (RFC 9562, version 8).
    let sum = hex(&sha256(document.to_string().as_bytes()));
    let part = |from: usize, to: usize| sum.get(from..to).unwrap_or_default();
    let number =
        format!("urn:uuid:{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32));
    document.as_object_mut().context("a document is an object")?.insert("serialNumber".to_owned(), json!(number));
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn component(one: &Crate, kind: &str) -> Value {
    let mut out = json!({
        "type": kind, "bom-ref": one.purl(), "name": one.name, "version": one.version, "purl": one.purl(),
    });
    let Some(members) = out.as_object_mut() else { return out };
    if let Some(licence) = &one.licence {
        members.insert("licenses".to_owned(), json!([{"expression": licence}]));
    }
    if let Some(sum) = &one.sum {
        members.insert("hashes".to_owned(), json!([{"alg": "SHA-256", "content": sum}]));
    }
    if let Some(url) = &one.repository {
        members.insert("externalReferences".to_owned(), json!([{"type": "vcs", "url": url}]));
    }
    out
}
