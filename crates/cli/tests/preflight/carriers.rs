//! What carries preflight to where changes are made, run as its runner runs it: the action's own steps, the template's
//! own script, the hook by pre-commit.
#![expect(clippy::indexing_slicing, clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::{ACCOUNT, SUBJECT, checkout, role, write};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// A folder with the program alone, as a path has it.
fn program() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_trustwalk"), folder.path().join("trustwalk")).unwrap();
    folder
}

const SYSTEM: &str = "/usr/local/bin:/usr/bin:/bin";

/// A shell as the runner calls it, with nothing of this test's own surroundings.
fn shell(folder: &Path, path: &str, script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]).current_dir(folder).env_clear();
    command.env("PATH", path).env("HOME", folder).env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

#[track_caller]
fn git(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").args(["-c", "user.name=t", "-c", "user.email=t@example.com"]);
    let out = command.args(words).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// A checkout with a sound commit, whose id it gives, and what stands in it now.
fn changed(files: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    let folder = checkout(&[("iam/role.yaml", &role(SUBJECT)), ("k8s/sa.yaml", ACCOUNT)]);
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "-m", "sound"]);
    let base = git(folder.path(), &["rev-parse", "HEAD"]);
    write(folder.path(), files);
    git(folder.path(), &["add", "."]);
    (folder, base)
}

/// The value of `${{ … }}`, of what the action uses of GitHub's language: a member, or the first that is not empty.
fn evaluated(text: &str, context: &BTreeMap<String, String>) -> String {
    let Some(inside) = text.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")) else { return text.to_owned() };
    let known = |name: &str| context.get(name).unwrap_or_else(|| panic!("{name} is not known")).clone();
    inside.split("||").map(|name| known(name.trim())).find(|value| !value.is_empty()).unwrap_or_default()
}

#[test]
fn what_is_fetched_is_the_release_of_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(read("action.yml")["inputs"]["version"]["default"], version);
    assert_eq!(read("packaging/gitlab/trustwalk.yml")["trustwalk"]["variables"]["TRUSTWALK_VERSION"], version);
}

/// A run of the action.
struct Run {
    code: Option<i32>,
    said: String,
    summary: String,
    outputs: String,
    path: String,
}

/// The action's steps in their order, until one fails, on this checkout; `given` are its inputs and what GitHub tells.
fn action(folder: &Path, path: &str, given: &[(&str, &str)], runner: &[(&str, &str)]) -> Run {
    let action = read("action.yml");
    let mut context: BTreeMap<String, String> = BTreeMap::new();
    for (name, input) in action["inputs"].as_object().unwrap() {
        context.insert(format!("inputs.{name}"), input["default"].as_str().unwrap().to_owned());
    }
    context.insert("github.action_repository".to_owned(), "acme/trustwalk".to_owned());
    context.insert("github.event.pull_request.base.sha".to_owned(), String::new());
    for (name, value) in given {
        assert!(context.insert((*name).to_owned(), (*value).to_owned()).is_some(), "{name}");
    }
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str| files.path().join(name);
    let mut run =
        Run { code: Some(0), said: String::new(), summary: String::new(), outputs: String::new(), path: String::new() };
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(step["uses"].is_null() && step["shell"] == "bash", "{step:#}");
        // What runs later in a job finds what an earlier step has put on the path.
        let added = std::fs::read_to_string(file("path")).unwrap_or_default();
        let path = added.lines().fold(path.to_owned(), |path, folder| format!("{folder}:{path}"));
        let mut command = shell(folder, &path, step["run"].as_str().unwrap());
        for (name, value) in step["env"].as_object().unwrap() {
            command.env(name, evaluated(value.as_str().unwrap(), &context));
        }
        for name in ["output", "step_summary", "path"] {
            command.env(format!("GITHUB_{}", name.to_uppercase()), file(name));
        }
        let known = [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "acme/shop"), ("RUNNER_OS", "Linux")];
        let out = command.envs(known).env("RUNNER_TEMP", files.path()).envs(runner.iter().copied()).output().unwrap();
        run.code = out.status.code();
        run.said += &String::from_utf8_lossy(&out.stdout);
        run.said += &String::from_utf8_lossy(&out.stderr);
        if !out.status.success() {
            break;
        }
    }
    let text = |name: &str| std::fs::read_to_string(file(name)).unwrap_or_default();
    (run.summary, run.outputs, run.path) = (text("step_summary"), text("output"), text("path"));
    run
}

#[test]
fn the_action_says_where_it_is_wrong_and_whom_the_change_lets_in() {
    let program = program();
    let path = format!("{}:{SYSTEM}", program.path().display());
    let wrong = role("system:serviceaccount:prod:reader");
    let (folder, base) = changed(&[("iam/role.yaml", &wrong)]);
    let run = action(folder.path(), &path, &[("github.event.pull_request.base.sha", &base)], &[]);
    assert_eq!(run.code, Some(3), "{}", run.said);
    assert!(run.said.contains("::error file=iam/role.yaml,line=15"), "{}", run.said);
    assert!(run.said.contains("system:serviceaccount:prod:reader"), "{}", run.said);
    assert!(run.summary.contains("| where | code | what |") && run.summary.contains("TW017"), "{}", run.summary);
    assert_eq!(run.outputs, "exit-code=3\n");
    // Of one file, without a base, with SARIF beside.
    let given = [("inputs.paths", "k8s\niam\n"), ("inputs.base", "none"), ("inputs.sarif", "t.sarif")];
    let run = action(folder.path(), &path, &given, &[]);
    assert_eq!((run.code, run.outputs.as_str()), (Some(3), "exit-code=3\n"), "{}", run.said);
    let sarif: Value = serde_json::from_slice(&std::fs::read(folder.path().join("t.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    // A base that nobody has is told, and the rest is judged.
    let run = action(folder.path(), &path, &[("inputs.base", "0123456789012345678901234567890123456789")], &[]);
    assert!(run.code == Some(3) && run.said.contains("cannot be read: whom the change lets in"), "{}", run.said);
    // What is not decided fails, unless it is only to warn.
    let half = checkout(&[("k8s/sa.yaml", ACCOUNT)]);
    assert_eq!(action(half.path(), &path, &[], &[]).code, Some(4));
    let run = action(half.path(), &path, &[("inputs.undetermined", "warn")], &[]);
    assert!(run.code == Some(0) && run.said.contains("not everything is decided"), "{}", run.said);
    assert_eq!(run.outputs, "exit-code=4\n");
    // An option with a blank stays one word, and no input becomes part of a script.
    let hostile = [("inputs.options", "--repository\n$(touch owned); x/y"), ("inputs.base", "none")];
    assert_eq!(action(folder.path(), &path, &hostile, &[]).code, Some(2));
    assert!(!folder.path().join("owned").exists());
}

#[test]
fn the_action_fetches_a_release_and_takes_none_whose_sum_is_another() {
    let releases = tempfile::tempdir().unwrap();
    let release = releases.path().join("acme/trustwalk/releases/download/v0.1.0");
    let inside = releases.path().join("trustwalk-0.1.0");
    std::fs::create_dir_all(&release).unwrap();
    std::fs::create_dir_all(&inside).unwrap();
    // The very program would be a hundred megabytes to pack.
    let text = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_trustwalk"));
    std::fs::write(inside.join("trustwalk"), text).unwrap();
    std::fs::set_permissions(inside.join("trustwalk"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let pack = "tar -czf \"$1/trustwalk-0.1.0-x86_64-unknown-linux-musl.tar.gz\" trustwalk-0.1.0 && cd \"$1\" && \
                sha256sum ./*.tar.gz | sed 's| \\./| |' > SHA256SUMS";
    let mut command = shell(releases.path(), SYSTEM, &format!("set -- '{}'; {pack}", release.display()));
    assert!(command.status().unwrap().success());
    let server = format!("file://{}", releases.path().display());
    let (folder, _) = changed(&[("iam/role.yaml", &role("system:serviceaccount:prod:reader"))]);
    let runner = [("GITHUB_SERVER_URL", server.as_str()), ("RUNNER_ARCH", "X64")];
    let run = action(folder.path(), SYSTEM, &[("inputs.base", "none")], &runner);
    assert_eq!(run.code, Some(3), "{}", run.said);
    assert!(run.path.trim_end().ends_with("trustwalk-0.1.0"), "{}", run.path);
    std::fs::write(
        release.join("SHA256SUMS"),
        format!("{}  trustwalk-0.1.0-x86_64-unknown-linux-musl.tar.gz\n", "0".repeat(64)),
    )
    .unwrap();
    let run = action(folder.path(), SYSTEM, &[], &runner);
    assert!(run.code == Some(1) && run.outputs.is_empty() && run.path.is_empty(), "{}", run.said);
    let run = action(folder.path(), SYSTEM, &[], &[("RUNNER_ARCH", "RISCV")]);
    assert!(run.code == Some(1) && run.said.contains("there is no trustwalk for Linux on RISCV"), "{}", run.said);
}

/// The job of GitLab's template, as its runner makes one script of it.
fn gitlab(folder: &Path, given: &[(&str, &str)]) -> Output {
    let program = program();
    let job = &read("packaging/gitlab/trustwalk.yml")["trustwalk"];
    let lines = ["before_script", "script"].iter().flat_map(|part| job[*part].as_array().unwrap().iter());
    let script: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
    let path = format!("{}:{SYSTEM}", program.path().display());
    let mut command = shell(folder, &path, &script.join("\n"));
    for (name, value) in job["variables"].as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    assert_eq!(job["allow_failure"]["exit_codes"], 4);
    command.env("GITLAB_CI", "true").envs(given.iter().copied()).output().unwrap()
}

#[test]
fn gitlabs_template_leaves_a_report_and_fails_with_a_finding() {
    let (folder, _) = changed(&[("iam/role.yaml", &role("system:serviceaccount:prod:reader"))]);
    let out = gitlab(folder.path(), &[]);
    assert_eq!(out.status.code(), Some(3), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8_lossy(&out.stdout).contains("TW017 sub-wrong-namespace"));
    let job = &read("packaging/gitlab/trustwalk.yml")["trustwalk"];
    let report = folder.path().join(job["artifacts"]["reports"]["codequality"].as_str().unwrap());
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report[0]["location"]["path"], "iam/role.yaml");
    let half = checkout(&[("k8s/sa.yaml", ACCOUNT)]);
    assert_eq!(gitlab(half.path(), &[]).status.code(), Some(4));
    assert_eq!(gitlab(half.path(), &[("TRUSTWALK_STRICT", "true")]).status.code(), Some(3));
}

#[test]
fn pre_commit_refuses_the_change_by_the_hooks_that_this_repository_offers() {
    let Some(tools) = std::env::var_os("TRUSTWALK_TOOLS").map(PathBuf::from) else {
        panic!("run the tests with `cargo xtask test`, which installs the real clients")
    };
    // A repository as pre-commit clones it: what it reads of this one.
    let hooks = tempfile::tempdir().unwrap();
    std::fs::copy(root().join(".pre-commit-hooks.yaml"), hooks.path().join(".pre-commit-hooks.yaml")).unwrap();
    git(hooks.path(), &["init", "--quiet"]);
    git(hooks.path(), &["add", "."]);
    git(hooks.path(), &["commit", "--quiet", "-m", "hooks"]);
    let revision = git(hooks.path(), &["rev-parse", "HEAD"]);
    let (program, home) = (program(), tempfile::tempdir().unwrap());
    let run = |folder: &Path, hook: &str| {
        let text = format!(
            "repos:\n  - repo: {}\n    rev: {revision}\n    hooks:\n      - id: {hook}\n",
            hooks.path().display()
        );
        write(folder, &[(".pre-commit-config.yaml", &text)]);
        git(folder, &["add", "."]);
        let path = format!("{}:{SYSTEM}", program.path().display());
        let mut command = Command::new(tools.join("pre-commit"));
        command.args(["run", "--color", "never"]).current_dir(folder).env("PATH", path);
        command.env("PRE_COMMIT_HOME", home.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let out = command.output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (folder, _) = changed(&[("iam/role.yaml", &role("system:serviceaccount:prod:reader"))]);
    for hook in ["trustwalk", "trustwalk-findings"] {
        let (code, said) = run(folder.path(), hook);
        assert!(code == Some(1) && said.contains("TW017") && said.contains("exit code: 3"), "{said}");
    }
    let (sound, _) = changed(&[("k8s/sa.yaml", &format!("# moved\n{ACCOUNT}"))]);
    assert_eq!(run(sound.path(), "trustwalk").0, Some(0));
    let (half, _) = changed(&[("k8s/sa.yaml", &ACCOUNT.replace("role/reader", "role/elsewhere"))]);
    let (code, said) = run(half.path(), "trustwalk");
    assert!(code == Some(1) && said.contains("exit code: 4"), "{said}");
    assert_eq!(run(half.path(), "trustwalk-findings").0, Some(0));
}
