//! The house's invariants, read off the repository itself.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// No file grows past what one person reads in a sitting.
const MOST_LINES: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Workspace crates and the workspace crates each depends on, tests' own dependencies aside.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    packages
        .iter()
        .map(|p| {
            let needs = p["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|d| d["kind"].as_str() != Some("dev"))
                .filter_map(|d| d["name"].as_str())
                .filter(|n| ours.contains(n))
                .map(str::to_owned)
                .collect();
            (p["name"].as_str().unwrap().to_owned(), needs)
        })
        .collect()
}

fn reach(edges: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(one) = next.pop() {
        for need in &edges[&one] {
            if found.insert(need.clone()) {
                next.push(need.clone());
            }
        }
    }
    found
}

const DOCTOR: [&str; 10] = [
    "trustwalk-foreign",
    "trustwalk-core",
    "trustwalk-render",
    "trustwalk-trust-policy",
    "trustwalk-x509",
    "trustwalk-token",
    "trustwalk-symptoms",
    "trustwalk-logs",
    "trustwalk-collect",
    "trustwalk-apply",
];

#[test]
fn the_lab_and_the_doctor_share_no_code() {
    let edges = edges();
    for name in edges.keys() {
        let reached = reach(&edges, name);
        let lab = name.starts_with("trustwalk-lab");
        for other in &reached {
            let crosses = (lab && DOCTOR.contains(&other.as_str()))
                || (DOCTOR.contains(&name.as_str()) && other.starts_with("trustwalk-lab"));
            assert!(!crosses, "{name} reaches {other}");
        }
    }
}

#[test]
fn the_core_reaches_only_pure_crates() {
    let pure: BTreeSet<String> =
        ["trustwalk-foreign", "trustwalk-trust-policy", "trustwalk-x509", "trustwalk-token", "trustwalk-symptoms"]
            .map(str::to_owned)
            .into();
    assert!(reach(&edges(), "trustwalk-core").is_subset(&pure));
    let manifest = std::fs::read_to_string(root().join("crates/core/Cargo.toml")).unwrap();
    let direct = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for io in ["tokio", "hyper", "reqwest", "kube", "rustls"] {
        assert!(!direct.lines().any(|l| l.starts_with(io)), "core depends on {io}");
    }
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|n| n != "target") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for dir in ["crates", "xtask", "bench", "fuzz"] {
        let dir = root().join(dir);
        if dir.is_dir() {
            sources(&dir, &mut found);
        }
    }
    found.sort();
    found
        .into_iter()
        .map(|p| (p.strip_prefix(root()).unwrap().display().to_string(), std::fs::read_to_string(&p).unwrap()))
        .collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> =
        all_sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "no `//!` at the top of {silent:#?}");
}

#[test]
fn no_file_is_longer_than_a_sitting() {
    let long: Vec<(String, usize)> =
        all_sources().into_iter().map(|(p, t)| (p, t.lines().count())).filter(|(_, n)| *n > MOST_LINES).collect();
    assert!(long.is_empty(), "split {long:#?}");
}

#[test]
fn nothing_sleeps_and_nothing_is_skipped() {
    // Put together here, so that this file does not find itself.
    let banned = [
        ["#[ig", "nore"].concat(),
        ["thread::sl", "eep"].concat(),
        ["to", "do!("].concat(),
        ["unimple", "mented!("].concat(),
    ];
    for (path, text) in all_sources() {
        for word in &banned {
            assert!(!text.contains(word.as_str()), "{path} has {word}");
        }
    }
}

#[test]
fn every_crate_forbids_what_the_workspace_forbids() {
    for manifest in [
        "foreign",
        "core",
        "render",
        "trust-policy",
        "x509",
        "token",
        "symptoms",
        "logs",
        "collect",
        "apply",
        "cli",
        "testkit",
        "lab",
        "lab/aws",
        "lab/cluster",
        "lab/node",
        "lab/issuer",
        "lab/serve",
    ] {
        let text = std::fs::read_to_string(root().join("crates").join(manifest).join("Cargo.toml")).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "crates/{manifest} opts out of the lints");
    }
}
