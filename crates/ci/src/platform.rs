//! Which platform a file belongs to: by its path, and where the path does not tell by its form. Nothing is guessed.

use serde_json::Value;
use trustwalk_core::evidence::Platform;

use crate::value::{file_name, items, members};

/// Where each platform looks for a repository's jobs, GitHub's folder of workflows aside: `GitLab` Docs, "CI/CD YAML
/// syntax reference"; `CircleCI` Docs, "Configuration reference"; Bitbucket Support, "Configure
/// bitbucket-pipelines.yml"; Buildkite Docs, "Defining steps".
pub const WELL_KNOWN: [&str; 10] = [
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    ".circleci/config.yaml",
    "bitbucket-pipelines.yml",
    ".buildkite/pipeline.yml",
    ".buildkite/pipeline.yaml",
    ".buildkite/pipeline.json",
    "buildkite.yml",
    "buildkite.yaml",
    "buildkite.json",
];

/// The platform of a file; none where neither path nor form tells it.
pub fn platform(path: &str, value: &Value) -> Option<Platform> {
    by_path(path).or_else(|| by_form(path, value))
}

fn by_path(path: &str) -> Option<Platform> {
    let folder = |name: &str| path.starts_with(&format!("{name}/")) || path.contains(&format!("/{name}/"));
    let name = file_name(path);
    if crate::value::is_terraform(path) {
        return Some(Platform::TerraformCloud);
    }
    if name == ".gitlab-ci.yml" || name.ends_with(".gitlab-ci.yml") || folder(".gitlab") {
        return Some(Platform::Gitlab);
    }
    if name == "bitbucket-pipelines.yml" {
        return Some(Platform::Bitbucket);
    }
    if folder(".circleci") {
        return Some(Platform::Circleci);
    }
    if folder(".buildkite") || matches!(name, "buildkite.yml" | "buildkite.yaml" | "buildkite.json") {
        return Some(Platform::Buildkite);
    }
    folder(".github").then_some(Platform::GithubActions)
}

fn by_form(path: &str, value: &Value) -> Option<Platform> {
    let jobs = || members(value.get("jobs")).map(|(_, job)| job);
    let has = |job: &Value, names: &[&str]| names.iter().any(|n| job.get(n).is_some());
    if jobs().any(|job| has(job, &["runs-on", "uses"])) {
        return Some(Platform::GithubActions);
    }
    let machine = ["docker", "machine", "macos", "executor"];
    if value.get("version").is_some() && (has(value, &["workflows", "orbs"]) || jobs().any(|j| has(j, &machine))) {
        return Some(Platform::Circleci);
    }
    // A workflow names what starts it, which nobody else does; YAML 1.1 reads a bare `on` as true.
    if value.get("jobs").is_some() && has(value, &["on", "true"]) {
        return Some(Platform::GithubActions);
    }
    if value.get("pipelines").is_some_and(Value::is_object) {
        return Some(Platform::Bitbucket);
    }
    let step = |step: &Value| {
        step.is_string() || has(step, &["command", "commands", "plugins", "wait", "block", "trigger", "group", "label"])
    };
    if value.get("steps").is_some_and(Value::is_array) && items(value.get("steps")).all(step) {
        return Some(Platform::Buildkite);
    }
    if value.pointer("/data").is_some_and(Value::is_array) && crate::terraform::is_answer(value) {
        return Some(Platform::TerraformCloud);
    }
    let of_gitlab = |job: &Value| has(job, &["script", "id_tokens", "trigger"]) && !has(job, &["runs-on"]);
    if value.get("jobs").is_none() && members(Some(value)).any(|(_, job)| of_gitlab(job)) {
        return Some(Platform::Gitlab);
    }
    // The lab and GitHub's own examples call a lone workflow so.
    (file_name(path) == "workflow.yml" && value.get("jobs").is_some()).then_some(Platform::GithubActions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Option<Platform> {
        platform(path, &crate::value::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_path_tells_before_the_form() {
        let steps = "steps:\n  - command: make\n";
        assert_eq!(of(".buildkite/pipeline.yml", steps), Some(Platform::Buildkite));
        assert_eq!(of("shop/.buildkite/deploy.yml", steps), Some(Platform::Buildkite));
        assert_eq!(of(".github/workflows/a.yml", "jobs: {}"), Some(Platform::GithubActions));
        assert_eq!(of("ci/release.gitlab-ci.yml", "a: {}"), Some(Platform::Gitlab));
    }

    #[test]
    fn the_form_tells_where_the_path_does_not() {
        for (text, platform) in [
            ("on: push\njobs: {a: {runs-on: x, steps: []}}", Platform::GithubActions),
            ("jobs: {a: {uses: ./.github/workflows/b.yml}}", Platform::GithubActions),
            ("version: 2.1\njobs: {a: {docker: [{image: x}], steps: []}}", Platform::Circleci),
            ("version: 2.1\norbs: {aws-cli: circleci/aws-cli@5}\nworkflows: {}", Platform::Circleci),
            ("pipelines: {default: [{step: {script: [x]}}]}", Platform::Bitbucket),
            ("steps:\n  - label: deploy\n    command: make\n  - wait", Platform::Buildkite),
            ("stages: [a]\ndeploy:\n  stage: a\n  script: [make]", Platform::Gitlab),
        ] {
            assert_eq!(of("pipeline.yml", text), Some(platform), "{text}");
        }
        for none in ["a: b", "[]", "name: x\nservices: {a: {image: b}}", "kind: Pod\nspec: {}"] {
            assert_eq!(of("pipeline.yml", none), None, "{none}");
        }
    }
}
