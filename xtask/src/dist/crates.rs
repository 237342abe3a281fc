//! The crates of which the program is made, from `cargo metadata`: only those that end in it, not those that tests or
//! other programs of the workspace want.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// A crate of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crate {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its licence, an SPDX expression, if it tells one.
    pub(crate) licence: Option<String>,
    /// Where its sources are published, if it tells that.
    pub(crate) repository: Option<String>,
    /// The SHA-256 of its package in the registry; none for a crate of this workspace.
    pub(crate) sum: Option<String>,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// What it is made of: positions in the list.
    pub(crate) needs: Vec<usize>,
}

impl Crate {
    /// Its package URL (purl specification, type `cargo`).
    pub(crate) fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}

/// The crates that end in `trustwalk`, built from these sources for this target: the program's own first, the rest by
/// name and version.
pub(crate) fn of_program(sources: &Path, triple: &str) -> Result<Vec<Crate>> {
    let words = ["metadata", "--format-version", "1", "--locked", "--filter-platform", triple];
    let out = std::process::Command::new("cargo").args(words).current_dir(sources).output()?;
    if !out.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&out.stderr));
    }
    let lock = std::fs::read_to_string(sources.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    reached(&serde_json::from_slice(&out.stdout)?, "trustwalk", &sums(&lock))
}

/// Sums of packages by name and version, from a lock file.
fn sums(lock: &str) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for package in lock.split("[[package]]") {
        let field = |name: &str| {
            let line = package.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(" = "));
            line.map(|value| value.trim_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(sum)) = (field("name"), field("version"), field("checksum")) {
            found.insert((name, version), sum);
        }
    }
    found
}

fn text(value: &Value, member: &str) -> Option<String> {
    value.get(member)?.as_str().map(str::to_owned)
}

fn reached(metadata: &Value, program: &str, sums: &BTreeMap<(String, String), String>) -> Result<Vec<Crate>> {
    let list = |at: &str| metadata.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let packages: BTreeMap<String, &Value> =
        list("/packages").iter().filter_map(|p| Some((text(p, "id")?, p))).collect();
    let nodes: BTreeMap<String, Vec<String>> =
        list("/resolve/nodes").iter().filter_map(|n| Some((text(n, "id")?, ends_in_it(n)))).collect();
    let mut programs = packages.iter().filter(|(_, p)| text(p, "name").as_deref() == Some(program));
    let first = programs.next().map(|(id, _)| id.clone()).context("no such program")?;
    let (mut seen, mut next) = (BTreeSet::from([first.clone()]), vec![first.clone()]);
    while let Some(id) = next.pop() {
        next.extend(nodes.get(&id).into_iter().flatten().filter(|to| seen.insert((*to).clone())).cloned());
    }
    let mut ids: Vec<String> = seen.into_iter().collect();
    let key = |id: &String| packages.get(id).map(|p| (text(p, "name"), text(p, "version")));
    ids.sort_by_key(|id| (*id != first, key(id)));
    let place: BTreeMap<&String, usize> = ids.iter().enumerate().map(|(n, id)| (id, n)).collect();
    let made = ids.iter().map(|id| {
        let package = packages.get(id).with_context(|| format!("{id} is needed and not described"))?;
        let name = text(package, "name").context("a package has a name")?;
        let version = text(package, "version").context("a package has a version")?;
        let manifest = PathBuf::from(text(package, "manifest_path").context("a package has a manifest")?);
        let mut needs: Vec<usize> =
            nodes.get(id).into_iter().flatten().filter_map(|to| place.get(to).copied()).collect();
        needs.sort_unstable();
        needs.dedup();
        Ok(Crate {
            licence: text(package, "license").map(|l| l.replace('/', " OR ")),
            repository: text(package, "repository"),
            sum: sums.get(&(name.clone(), version.clone())).cloned(),
            folder: manifest.parent().map(PathBuf::from).unwrap_or_default(),
            needs,
            name,
            version,
        })
    });
    made.collect()
}

/// Whom a node needs in the program itself: neither for tests nor while it is built.
fn ends_in_it(node: &Value) -> Vec<String> {
    let deps = node.get("deps").and_then(Value::as_array).into_iter().flatten();
    let normal = |dep: &&Value| {
        let kinds = dep.get("dep_kinds").and_then(Value::as_array).into_iter().flatten();
        kinds.into_iter().any(|k| k.get("kind").is_none_or(Value::is_null))
    };
    deps.filter(normal).filter_map(|dep| text(dep, "pkg")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, licence: &str) -> Value {
        json!({"id": name, "name": name, "version": "1.0.0", "license": licence,
            "manifest_path": format!("/x/{name}/Cargo.toml")})
    }

    #[test]
    fn tests_and_build_scripts_needs_do_not_end_in_the_program() {
        let dep = |to: &str, kinds: Value| json!({"pkg": to, "dep_kinds": kinds});
        let normal = || json!([{"kind": null}]);
        let metadata = json!({
            "packages": [package("trustwalk", "MIT"), package("zlib", "MIT/Apache-2.0"), package("a", "ISC"),
                package("proptest", "MIT"), package("cc", "MIT"), package("xtask", "MIT")],
            "resolve": {"nodes": [
                {"id": "trustwalk", "deps": [dep("zlib", normal()), dep("proptest", json!([{"kind": "dev"}]))]},
                {"id": "zlib", "deps": [dep("a", json!([{"kind": "build"}, {"kind": null}])),
                    dep("cc", json!([{"kind": "build"}]))]},
                {"id": "a", "deps": []}, {"id": "proptest", "deps": []}, {"id": "cc", "deps": []},
                {"id": "xtask", "deps": [dep("trustwalk", normal())]},
            ]},
        });
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"ab\"\n\n\
                    [[package]]\nname = \"trustwalk\"\nversion = \"1.0.0\"\n";
        let crates = reached(&metadata, "trustwalk", &sums(lock)).unwrap();
        let names: Vec<&str> = crates.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["trustwalk", "a", "zlib"]);
        assert_eq!((crates[0].needs.as_slice(), crates[2].needs.as_slice()), (&[2][..], &[1][..]));
        assert_eq!((crates[0].sum.as_deref(), crates[1].sum.as_deref()), (None, Some("ab")));
        assert_eq!(crates[2].licence.as_deref(), Some("MIT OR Apache-2.0"));
    }
}
