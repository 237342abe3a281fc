//! Every fact of docs/lab-fidelity.md names its source and the tests that hold it; those are there and run.

use std::collections::BTreeSet;
use std::path::Path;

use super::root;

#[path = "../../src/fidelity.rs"]
mod fidelity;

/// The functions of a file that a runner finds: each behind an attribute that ends in `test`.
fn tests_of(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            marked |= line == "#[test]" || line.starts_with("#[tokio::test");
            continue;
        }
        let declared = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
        if let Some((name, _)) = declared.and_then(|rest| rest.split_once('(')).filter(|_| marked) {
            found.insert(name);
        }
        marked = false;
    }
    found
}

/// Whether a file is part of its crate: a root of a test binary, or a module that its folder's root declares.
fn is_compiled(path: &Path) -> bool {
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    let folder = path.parent().unwrap();
    // Of a folder whose tests are one program, `every_file_of_tests_is_run` sees that each is named.
    if folder.ends_with("tests") || ["lib", "main", "mod"].contains(&stem.as_str()) {
        return true;
    }
    let beside = folder.with_extension("rs");
    let roots = [folder.join("main.rs"), folder.join("mod.rs"), folder.join("lib.rs"), beside];
    let declares = format!("mod {stem};");
    roots.iter().any(|root| std::fs::read_to_string(root).is_ok_and(|text| text.contains(&declares)))
}

#[test]
fn every_fact_of_the_lab_is_held_by_a_test_that_runs() {
    let mut wrong = Vec::new();
    for section in fidelity::sections(&root()).unwrap() {
        for fact in &section.facts {
            let what = fact.cell("what");
            let bound = fact.held.is_empty() && fact.cell("source").is_empty();
            if !bound && (fact.held.is_empty() || fact.cell("source").is_empty()) {
                wrong.push(format!("`{what}` names no test, or no source"));
            }
            for test in &fact.held {
                let (file, name) = test.split_once("::").unwrap();
                let path = root().join("crates/lab").join(file);
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                if !tests_of(&text).contains(name) {
                    wrong.push(format!("`{what}`: {file} has no test {name}"));
                } else if !is_compiled(&path) {
                    wrong.push(format!("`{what}`: {file} is part of no crate"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_table_of_checks_is_run() {
    let folder = root().join("crates/lab/cluster/tests/checks");
    let runner = std::fs::read_to_string(root().join("crates/lab/cluster/tests/it/checks.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let stem = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        assert!(runner.contains(&format!("run(\"{stem}\")")), "no test runs {stem}");
    }
}

#[test]
fn the_page_is_what_the_facts_make_of_it() {
    fidelity::renew(&root(), true).unwrap();
}
