//! CI jobs from their files: workflows, the event, the log, the token.
//!
//! A path is a folder with any of `workflow.yml`, `event.json`, `job.log` and `token`; or a checkout, whose
//! workflows lie in `.github/workflows` or where another platform keeps its file; or a single workflow.

mod context;
mod workflow;

use std::path::{Path, PathBuf};

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, LogFailure, Observed, Source};

use self::context::Context;
use self::workflow::{Assuming, Workflow};
use crate::error::CollectError;
use crate::files::read_bounded;
use crate::limits::WORKFLOWS;
use crate::secret::SecretToken;

/// What the files say of one job.
pub(crate) struct JobFiles {
    /// Its place, for people: `deploy.yml, job deploy`.
    pub(crate) name: String,
    pub(crate) job: CiJob,
    /// The role its step names: absent when it names none, not collected when only the run knows it.
    pub(crate) role: Observed<String>,
    pub(crate) token: Observed<SecretToken>,
    pub(crate) logs: Observed<Vec<LogFailure>>,
}

/// Reads the jobs that assume a role; when none does, the first job.
pub(crate) fn read(path: &Path, now: i64) -> Result<Vec<JobFiles>, CollectError> {
    read_in(path, now, &crate::env::env_var)
}

fn read_in(path: &Path, now: i64, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<JobFiles>, CollectError> {
    let folder = path.is_dir();
    let workflows = workflows(path)?;
    let own = |name: &str| if folder { own(path, name) } else { Ok(None) };
    let event = own("event.json")?.map_or(Ok(Value::Null), |file| json(&file))?;
    if workflows.is_empty() && event.is_null() {
        return Err(CollectError::Format {
            path: path.to_owned(),
            what: "a CI job",
            reason: "it holds neither workflow.yml nor event.json, nor workflows in .github/workflows".to_owned(),
        });
    }
    let source = |what: &str| Source { what: format!("{what} of the job"), at: now, by_hand: None };
    let token = if let Some(token_path) = own("token")? {
        let text = String::from_utf8_lossy(&read_bounded(&token_path)?).into_owned();
        Observed::Known { value: SecretToken::new(text), source: source("token") }
    } else if event.is_null() {
        // A workflow by itself is no run.
        Observed::NotCollected {
            reason: "no run of the job is at hand; --subject SUB says whose token is meant".to_owned(),
        }
    } else {
        Observed::Absent { source: source("token") }
    };
    let logs = if let Some(log_path) = own("job.log")? {
        crate::log_files::scan(&log_path.to_string_lossy(), now)
    } else {
        Observed::NotCollected { reason: "the job's folder holds no job.log".to_owned() }
    };
    let context = Context::new(path, event, lookup);
    let found = workflow::assuming(&workflows);
    Ok(found
        .iter()
        .map(|a| JobFiles {
            name: name(path, a),
            role: role(a, now),
            job: a.facts(&context),
            token: token.clone(),
            logs: logs.clone(),
        })
        .collect())
}

/// The jobs of one workflow's text, without a run around them.
pub fn workflow_jobs(text: &[u8]) -> Result<Vec<CiJob>, String> {
    let workflows = [Workflow::parse("workflow.yml".to_owned(), text)?];
    let context = Context::new(Path::new("."), Value::Object(serde_json::Map::new()), &|_| None);
    Ok(workflow::assuming(&workflows).iter().map(|found| found.facts(&context)).collect())
}

/// A file of the folder, if it is there. A link that leads out of the folder is not followed: whose checkout it is
/// does not say what of this machine is shown.
fn own(folder: &Path, name: &str) -> Result<Option<PathBuf>, CollectError> {
    let file = folder.join(name);
    if !file.exists() {
        return Ok(None);
    }
    let real = |path: &Path| path.canonicalize().map_err(|source| CollectError::Read { path: path.to_owned(), source });
    if real(&file)?.starts_with(real(folder)?) {
        return Ok(Some(file));
    }
    Err(CollectError::Format {
        path: file,
        what: "a file of the given folder",
        reason: "it is a link that leads out of it, which is not followed; give the file itself".to_owned(),
    })
}

/// Where platforms other than GitHub keep a repository's jobs.
const ELSEWHERE: [&str; 3] = [".gitlab-ci.yml", "bitbucket-pipelines.yml", ".circleci/config.yml"];

/// The workflows of a path, in the order of their names.
fn workflows(path: &Path) -> Result<Vec<Workflow>, CollectError> {
    if !path.is_dir() {
        return Ok(vec![Workflow::read(path)?]);
    }
    for name in ["workflow.yml"].iter().chain(&ELSEWHERE) {
        if let Some(file) = own(path, name)? {
            return Ok(vec![Workflow::read(&file)?]);
        }
    }
    let checkout = path.join(".github").join("workflows");
    let folder = if checkout.is_dir() { checkout } else { path.to_owned() };
    let entries = std::fs::read_dir(&folder).map_err(|source| CollectError::Read { path: folder.clone(), source })?;
    let yaml = |p: &PathBuf| p.extension().is_some_and(|e| e == "yml" || e == "yaml");
    let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).filter(yaml).collect();
    files.sort();
    files.truncate(WORKFLOWS);
    let inside = |file: &PathBuf| {
        let name = file.strip_prefix(path).unwrap_or(file).to_string_lossy().into_owned();
        own(path, &name)
    };
    let files: Vec<Option<PathBuf>> = files.iter().map(inside).collect::<Result<_, _>>()?;
    files.iter().flatten().map(|file| Workflow::read(file)).collect()
}

fn name(path: &Path, found: &Assuming<'_>) -> String {
    match (found.workflow, found.job_id) {
        (Some(workflow), Some(job)) if workflow.file != "workflow.yml" && found.is_assuming() => {
            format!("{}, job {job}", workflow.file)
        }
        _ => path.file_name().map_or_else(|| "job".to_owned(), |n| n.to_string_lossy().into_owned()),
    }
}

/// The role a step names, as far as its files tell it.
fn role(found: &Assuming<'_>, now: i64) -> Observed<String> {
    let file = found.workflow.map_or("the workflow", |w| w.file.as_str());
    let source = Source { what: format!("role-to-assume in {file}"), at: now, by_hand: None };
    match found.role() {
        Some(value) if value.contains("${{") => Observed::NotCollected {
            reason: format!("role-to-assume in {file} is `{value}`, which only the run knows; give --role ARN"),
        },
        Some(value) if !value.is_empty() => Observed::Known { value, source },
        _ => Observed::Absent { source },
    }
}

fn json(path: &Path) -> Result<Value, CollectError> {
    let bytes = read_bounded(path)?;
    serde_json::from_slice(&bytes).map_err(|e| CollectError::Format {
        path: path.to_owned(),
        what: "a job's event",
        reason: crate::files::json_place(&e),
    })
}

/// A text, or what YAML made of one that looks like something else.
fn text(v: &Value, pointer: &str) -> Option<String> {
    match v.pointer(pointer)? {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: &str = "
    runs-on: ubuntu-latest
    steps:
      - uses: aws-actions/configure-aws-credentials@v5
        with:
          role-to-assume: ";

    fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        dir
    }

    fn read_alone(dir: &tempfile::TempDir) -> Vec<JobFiles> {
        read_in(dir.path(), 0, &|_| None).unwrap()
    }

    #[test]
    fn every_job_of_a_checkout_that_assumes_a_role_is_read() {
        let deploy = format!(
            "on: {{push: {{branches: [main]}}}}\nenv: {{ROLE: 'arn:aws:iam::111122223333:role/a'}}\njobs:\n  lint: {{runs-on: x, steps: []}}\n  stage:{STEP}${{{{ env.ROLE }}}}\n  prod:\n    environment: prod\n    permissions: {{id-token: write}}{STEP}${{{{ secrets.ROLE }}}}\n"
        );
        let dir = written(&[
            (".github/workflows/deploy.yaml", &deploy),
            (".github/workflows/lint.yml", "on: push\njobs: {lint: {runs-on: x, steps: []}}\n"),
            (".git/config", "[core]\n[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n"),
        ]);
        let jobs = read_alone(&dir);
        let names: Vec<&str> = jobs.iter().map(|j| j.name.as_str()).collect();
        assert_eq!(names, ["deploy.yaml, job stage", "deploy.yaml, job prod"]);
        assert_eq!(jobs[0].role.known().unwrap(), "arn:aws:iam::111122223333:role/a");
        assert_eq!((jobs[0].job.repository.as_str(), jobs[0].job.git_ref.as_str()), ("acme/shop", "refs/heads/main"));
        assert!(jobs[1].role.gap().unwrap().contains("only the run knows"));
        assert_eq!(jobs[1].job.environment.as_deref(), Some("prod"));
        assert_eq!(jobs[1].job.permissions.as_ref().unwrap()["id-token"], "write");
    }

    #[test]
    fn a_called_workflow_has_its_callers_permissions_and_no_more() {
        let called = format!("on: workflow_call\njobs:\n  deploy:{STEP}arn:aws:iam::111122223333:role/a\n");
        let outer = "on: push\npermissions: {contents: read}\njobs:\n  go: {uses: ./.github/workflows/called.yml}\n";
        let dir = written(&[(".github/workflows/called.yml", &called), (".github/workflows/main.yml", outer)]);
        let jobs = read_alone(&dir);
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0].job.caller_permissions.as_ref().unwrap().get("id-token"), None);
        // What it is not told itself it takes over.
        assert_eq!(jobs[0].job.permissions, jobs[0].job.caller_permissions);
    }

    #[test]
    fn githubs_own_event_and_variables_tell_the_rest() {
        let workflow = format!("on: [push, pull_request]\njobs:\n  deploy:{STEP}arn:aws:iam::111122223333:role/a\n");
        let event = r#"{"pull_request": {"head": {"repo": {"fork": true, "full_name": "other/shop"}}, "base": {"repo": {"full_name": "acme/shop"}}},
            "repository": {"id": 7, "full_name": "acme/shop", "created_at": "2026-08-01T00:00:00Z", "owner": {"id": 3}}}"#;
        let dir = written(&[("workflow.yml", &workflow), ("event.json", event)]);
        let job = &read_alone(&dir)[0].job;
        assert_eq!((job.repository.as_str(), job.event.as_str(), job.fork), ("acme/shop", "pull_request", true));
        assert_eq!((job.ids["owner_id"].as_str(), job.ids["repository_id"].as_str()), ("3", "7"));
        assert!(job.repository_created.is_some());

        let dir = written(&[("workflow.yml", &workflow)]);
        let variables = |name: &str| match name {
            "GITHUB_REPOSITORY" => Some("acme/shop".to_owned()),
            "GITHUB_REF" => Some("refs/tags/v1".to_owned()),
            "GITHUB_EVENT_NAME" => Some("push".to_owned()),
            _ => None,
        };
        let job = &read_in(dir.path(), 0, &variables).unwrap()[0].job;
        assert_eq!((job.git_ref.as_str(), job.event.as_str()), ("refs/tags/v1", "push"));
        // Of several triggers and branches none is guessed.
        let job = &read_alone(&dir)[0].job;
        assert_eq!((job.git_ref.as_str(), job.event.as_str()), ("", ""));
    }

    #[test]
    fn other_platforms_files_are_known_by_their_names() {
        let gitlab = "deploy:\n  id_tokens: {AWS: {aud: sts.amazonaws.com}}\n  script: [x]\n";
        let circle = "version: 2.1\njobs: {deploy: {docker: []}}\nworkflows: {main: {jobs: [deploy]}}\n";
        for (file, content, platform) in [
            (".gitlab-ci.yml", gitlab, "gitlab"),
            ("bitbucket-pipelines.yml", "pipelines: {default: []}\n", "bitbucket"),
            (".circleci/config.yml", circle, "circleci"),
        ] {
            let jobs = read_alone(&written(&[(file, content)]));
            assert_eq!((jobs.len(), jobs[0].job.platform.name()), (1, platform));
            assert_eq!(jobs[0].job.inputs.contains_key("id_tokens"), platform == "gitlab");
        }
    }

    #[test]
    fn what_is_no_job_is_refused() {
        let dir = written(&[("notes.txt", "x")]);
        assert!(read_in(dir.path(), 0, &|_| None).is_err());
        let dir = written(&[("workflow.yml", "jobs: [")]);
        assert!(read_in(dir.path(), 0, &|_| None).is_err());
    }

    #[test]
    fn inputs_and_variables_nobody_asks_for_are_not_kept() {
        let canary = ["canary", "feather"].join("-");
        let text = format!(
            "on: push\nenv: {{A: {canary}}}\njobs:\n  go:\n    permissions: {{id-token: write, x: {canary}}}\n    env: {{DB: {canary}}}\n    steps:\n      - run: echo {canary}\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {{role-to-assume: arn, audience: a, role-external-id: {canary}, inline-session-policy: {canary}}}\n        env: {{T: {canary}}}\n"
        );
        let job = &read_alone(&written(&[("workflow.yml", &text)]))[0].job;
        let kept = format!("{job:?}");
        assert!(!kept.contains(&canary), "{kept}");
        assert_eq!(
            job.inputs.keys().map(String::as_str).collect::<Vec<_>>(),
            ["role-to-assume", "audience"].iter().rev().copied().collect::<Vec<_>>()
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_folder_are_not_followed_and_errors_tell_no_content() {
        let canary = ["canary", "feather"].join("-");
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("file");
        std::fs::write(&target, format!("{canary}: [\n  {canary}")).unwrap();
        let workflow = format!("on: push\njobs:\n  deploy:{STEP}arn:aws:iam::111122223333:role/a\n");
        for name in ["workflow.yml", "event.json", "token", "job.log", ".github/workflows/b.yml", ".gitlab-ci.yml"] {
            let mut files = vec![(".github/workflows/a.yml", workflow.as_str())];
            if matches!(name, "event.json" | "token" | "job.log") {
                files.push(("workflow.yml", &workflow));
            }
            let dir = written(&files);
            std::os::unix::fs::symlink(&target, dir.path().join(name)).unwrap();
            let error = read_in(dir.path(), 0, &|_| None).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains("leads out") && !error.contains(&canary), "{name}: {error}");
        }
        // A link within the folder is the folder's own, as projected tokens are.
        let dir = written(&[("real.yml", &workflow)]);
        std::os::unix::fs::symlink("real.yml", dir.path().join("workflow.yml")).unwrap();
        assert_eq!(read_alone(&dir).len(), 1);
        let error = read_in(&target, 0, &|_| None).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("line") && !error.contains(&canary), "{error}");
    }
}
