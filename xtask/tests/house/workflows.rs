//! The workflows of this repository, held to what trustwalk asks of those of others.

use std::path::PathBuf;

use serde_json::Value;

fn workflows() -> Vec<(PathBuf, Value, String)> {
    let folder = super::root().join(".github/workflows");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let value = serde_saphyr::from_str(&text).unwrap();
        (path, value, text)
    };
    std::fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap().path())).collect()
}

/// The jobs of a workflow, by name.
fn jobs(workflow: &Value) -> Vec<(&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter().collect()
}

fn steps(job: &Value) -> &[Value] {
    job["steps"].as_array().map_or(&[], Vec::as_slice)
}

/// Rights of a job that are more than reading.
fn writes(job: &Value) -> bool {
    job["permissions"].as_object().unwrap().values().any(|right| right == "write")
}

#[test]
fn a_workflow_gives_each_job_the_rights_that_it_names_and_a_limit() {
    let all = workflows();
    assert!(!all.is_empty());
    for (path, workflow, _) in &all {
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{}", path.display());
        for (name, job) in jobs(workflow) {
            assert!(job["permissions"].is_object(), "{name} has the rights of the repository's settings");
            assert!(job["timeout-minutes"].is_u64(), "{name} runs as long as it likes");
        }
    }
}

/// A tag can be moved to other code, and a commit cannot; the comment tells a person, and what renews it, which it is.
#[test]
fn actions_are_named_by_commit_with_their_version_beside_it() {
    for (path, workflow, text) in workflows() {
        let used = jobs(&workflow).into_iter().flat_map(|(_, job)| steps(job)).filter_map(|step| step["uses"].as_str());
        for action in used {
            let (_, at) = action.split_once('@').unwrap();
            let commit = at.len() == 40 && at.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            let told = text.lines().filter(|line| line.contains(action)).all(|line| line.contains(" # v"));
            assert!(commit && told, "{}: {action}", path.display());
        }
    }
}

/// What a ref or a title says is never part of a script; a token stays with the step that needs it.
#[test]
fn no_script_is_put_together_from_outside_and_no_checkout_leaves_a_token() {
    for (_, workflow, _) in workflows() {
        for (name, job) in jobs(&workflow) {
            for step in steps(job) {
                let script = step["run"].as_str().unwrap_or_default();
                assert!(!script.contains("${{"), "{name}: {script}");
                if step["uses"].as_str().is_some_and(|u| u.starts_with("actions/checkout@")) {
                    assert_eq!(step["with"]["persist-credentials"], false, "{name}");
                }
            }
        }
    }
}

/// Building runs the code of every crate: not where a release can be written or a signature made.
#[test]
fn a_job_that_writes_builds_nothing_and_waits_for_a_person() {
    let mut seen = 0;
    for (_, workflow, _) in workflows() {
        for (name, job) in jobs(&workflow).into_iter().filter(|(_, job)| writes(job)) {
            seen += 1;
            assert!(job["environment"].is_string(), "{name}");
            for step in steps(job) {
                assert!(!step["run"].as_str().unwrap_or_default().contains("cargo"), "{name}");
                let of_github = step["uses"].as_str().is_none_or(|action| action.starts_with("actions/"));
                assert!(of_github, "{name}");
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn a_release_is_built_for_every_kind_of_machine_that_krew_and_the_formula_name() {
    let (_, release, _) = workflows().into_iter().find(|(path, ..)| path.ends_with("release.yml")).unwrap();
    let machines = release["jobs"]["pack"]["strategy"]["matrix"]["include"].as_array().unwrap();
    let mut targets: Vec<&str> = machines.iter().map(|m| m["target"].as_str().unwrap()).collect();
    targets.sort_unstable();
    let wanted = ["aarch64-apple-darwin", "aarch64-unknown-linux-musl", "x86_64-apple-darwin"];
    assert_eq!(targets, [&wanted[..], &["x86_64-unknown-linux-musl"]].concat());
}
