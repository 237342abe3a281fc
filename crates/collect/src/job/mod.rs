//! CI jobs from their files: workflows, the event, the log, the token.
//!
//! A path is a folder with any of `workflow.yml`, `event.json`, `job.log` and `token`; or a checkout, whose
//! workflows lie in `.github/workflows` or where another platform keeps its file; or a single file.

mod answer;
mod checkout;
mod context;
mod folder;

pub use checkout::Checkout;

use std::path::{Path, PathBuf};

use serde_json::Value;
use trustwalk_ci::{File, Job, Role, Unreadable};
use trustwalk_core::evidence::{CiJob, LogsRead, Observed, Platform, Source};

use self::context::Context;
use self::folder::Folder;
use crate::error::CollectError;
use crate::files::read_bounded;
use crate::github::{Github, Heard};
use crate::secret::SecretToken;

/// What the files say of one job.
pub(crate) struct JobFiles {
    /// Its place, for people: `deploy.yml, job deploy`.
    pub(crate) name: String,
    pub(crate) job: CiJob,
    /// The role its step names: absent when it names none, not collected when only the run knows it.
    pub(crate) role: Observed<String>,
    pub(crate) token: Observed<SecretToken>,
    pub(crate) logs: Observed<LogsRead>,
    /// Steps that were not looked at, in words.
    pub(crate) beside: Vec<String>,
}

/// Reads the jobs that show a token to AWS, when none does the first job; and which files could not be read.
pub(crate) fn read(path: &Path, answers: &[PathBuf], now: i64) -> Result<(Vec<JobFiles>, Vec<String>), CollectError> {
    let answers = answers.iter().map(|file| answer::read(file)).collect::<Result<Vec<_>, _>>()?;
    let (mut found, unread) = read_in(path, now, &crate::env::env_var)?;
    for job in &mut found {
        for answer in &answers {
            answer.add(&mut job.job);
        }
    }
    Ok((found, unread))
}

/// Asks GitHub about the repositories of the jobs, each once; what it did not tell, in words. What a file told already
/// is not asked again where GitHub gives no answer.
pub(crate) async fn ask_github(jobs: &mut [JobFiles], github: Result<Github, String>) -> Vec<String> {
    let ours = |j: &&mut JobFiles| j.job.platform == Platform::GithubActions;
    let mut unread = Vec::new();
    let mut repositories: Vec<String> = jobs.iter_mut().filter(ours).map(|j| j.job.repository.clone()).collect();
    repositories.sort();
    repositories.dedup();
    if repositories.is_empty() {
        unread.push("GitHub was not asked: the jobs are another platform's".to_owned());
    }
    for repository in repositories {
        let heard = match &github {
            Ok(_) if repository.is_empty() => Heard::unasked("which repository the job belongs to is not known"),
            Ok(github) => github.about(&repository).await,
            Err(why) => Heard::unasked(why),
        };
        for found in jobs.iter_mut().filter(ours).filter(|j| j.job.repository == repository) {
            answer::hear(&heard, &mut found.job);
        }
        unread.extend(heard.unread.into_iter().map(|(_, why)| format!("not told by GitHub: {why}")));
    }
    unread.dedup();
    unread
}

type Read = (Vec<JobFiles>, Vec<String>);

fn read_in(path: &Path, now: i64, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Read, CollectError> {
    let folder = Folder::around(path);
    let of_job = |name: &str| if path.is_dir() { folder.own(name) } else { Ok(None) };
    let files = folder.files(path)?;
    let event = of_job("event.json")?.map_or(Ok(Value::Null), |file| json(&file))?;
    if files.is_empty() && event.is_null() {
        return Err(CollectError::Format {
            path: path.to_owned(),
            what: "a CI job",
            reason: "it holds neither workflow.yml nor event.json, nor a file where a CI platform looks for its jobs"
                .to_owned(),
        });
    }
    let source = |what: &str| Source { what: format!("{what} of the job"), at: now, by_hand: None };
    let token = if let Some(token_path) = of_job("token")? {
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
    let logs = if let Some(log_path) = of_job("job.log")? {
        crate::log_files::scan(&log_path.to_string_lossy(), now)
    } else {
        Observed::NotCollected { reason: "the job's folder holds no job.log".to_owned() }
    };
    let context = Context::new(path, event, lookup);
    let (mut found, mut unread) = trustwalk_ci::readable_jobs(&files, &folder, context.repository());
    found.retain(|job| !job.by_keys);
    let error =
        |e: Unreadable| CollectError::Format { path: folder.path(&e.path), what: "a CI file", reason: e.reason };
    if unread.len() == files.len()
        && let Some(last) = unread.pop()
    {
        return Err(error(last));
    }
    let unread: Vec<String> =
        unread.into_iter().map(|e| format!("{}; its jobs were not looked at", error(e))).collect();
    if found.is_empty() {
        let facts = CiJob { platform: Platform::GithubActions, ..CiJob::default() };
        found.push(Job { facts, ..Job::default() });
    }
    let found = found.into_iter().map(|mut job| JobFiles {
        name: name(path, &job),
        role: role(&job, now),
        job: context.around(std::mem::take(&mut job.facts)),
        token: token.clone(),
        logs: logs.clone(),
        beside: job.beside,
    });
    Ok((found.collect(), unread))
}

/// The jobs of one file's text, without a run around them. Its first line may be its path, as a comment.
pub fn workflow_jobs(text: &[u8]) -> Result<Vec<CiJob>, String> {
    let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let path = std::str::from_utf8(first).ok().and_then(|l| l.strip_prefix("# ")).unwrap_or("workflow.yml");
    let file = File { path: path.trim().to_owned(), text: text.to_vec() };
    let context = Context::new(Path::new("."), Value::Object(serde_json::Map::new()), &|_| None);
    let found = trustwalk_ci::jobs(&[file], &trustwalk_ci::Nothing, None).map_err(|e| e.reason)?;
    Ok(found.into_iter().map(|job| context.around(job.facts)).collect())
}

fn name(path: &Path, job: &Job) -> String {
    let file = job.file.rsplit('/').next().unwrap_or_default();
    let shows = job.facts.assumes_role || !job.facts.requests.is_empty() || job.role != Role::None;
    if !shows || file.is_empty() || file == "workflow.yml" {
        return path.file_name().map_or_else(|| "job".to_owned(), |n| n.to_string_lossy().into_owned());
    }
    match &job.called_by {
        Some(caller) => format!("{file}, job {}, called by {caller}", job.id),
        None => format!("{file}, job {}", job.id),
    }
}

/// The role a job names, as far as its files tell it.
fn role(job: &Job, now: i64) -> Observed<String> {
    let place = if job.file.is_empty() { "the workflow" } else { job.file.rsplit('/').next().unwrap_or_default() };
    let from = if job.role_from.is_empty() { "role-to-assume" } else { job.role_from };
    let source = Source { what: format!("{from} in {place}"), at: now, by_hand: None };
    match &job.role {
        Role::Named(value) => Observed::Known { value: value.clone(), source },
        Role::OfTheRun(value) => Observed::NotCollected {
            reason: format!("{from} in {place} is `{value}`, which only the run knows; give --role ARN"),
        },
        Role::Elsewhere(reason) => Observed::NotCollected { reason: format!("{reason}; give --role ARN") },
        // Whoever asks for a token and names no role here may name it in a script or a setting.
        Role::None if job.facts.platform != Platform::GithubActions && !job.facts.requests.is_empty() => {
            Observed::NotCollected { reason: format!("{place} asks for a token and names no role; give --role ARN") }
        }
        Role::None => Observed::Absent { source },
    }
}

fn json(path: &Path) -> Result<Value, CollectError> {
    let bytes = read_bounded(path)?;
    serde_json::from_slice(&bytes).map_err(|e| CollectError::Format {
        path: path.to_owned(),
        what: "a job's event",
        reason: trustwalk_core::bundle::place(&e),
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
        read_in(dir.path(), 0, &|_| None).unwrap().0
    }

    #[test]
    fn every_job_of_a_checkout_that_assumes_a_role_is_read() {
        let deploy = format!(
            "on: {{push: {{branches: [main]}}}}\nenv: {{ROLE: 'arn:aws:iam::111122223333:role/a'}}\njobs:\n  lint: \
             {{runs-on: x, steps: []}}\n  stage:{STEP}${{{{ env.ROLE }}}}\n  prod:\n    environment: prod\n    \
             permissions: {{id-token: write}}{STEP}${{{{ secrets.ROLE }}}}\n"
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
        let event = r#"{"pull_request": {"head": {"repo": {"fork": true, "full_name": "other/shop"}},
            "base": {"repo": {"full_name": "acme/shop"}}},
            "repository": {"id": 7, "full_name": "acme/shop", "created_at": "2026-08-01T00:00:00Z",
            "owner": {"id": 3}}}"#;
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
        let job = &read_in(dir.path(), 0, &variables).unwrap().0[0].job;
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
        // Beside others, one that cannot be read hides none of them.
        let good = format!("on: push\njobs:\n  deploy:{STEP}arn:aws:iam::111122223333:role/a\n");
        let dir = written(&[(".github/workflows/bad.yml", "jobs: ["), (".github/workflows/good.yml", &good)]);
        let (jobs, unread) = read_in(dir.path(), 0, &|_| None).unwrap();
        assert!(jobs.len() == 1 && unread.len() == 1 && unread[0].contains("bad.yml"), "{unread:?}");
    }

    #[test]
    fn inputs_and_variables_nobody_asks_for_are_not_kept() {
        let canary = ["canary", "feather"].join("-");
        let text = format!(
            "on: push\nenv: {{A: {canary}}}\njobs:\n  go:\n    permissions: {{id-token: write, x: {canary}}}\n    \
             env: {{DB: {canary}}}\n    steps:\n      - run: echo {canary}\n      - uses: \
             aws-actions/configure-aws-credentials@v4\n        with: {{role-to-assume: arn, audience: a, \
             role-external-id: {canary}, inline-session-policy: {canary}}}\n        env: {{T: {canary}}}\n"
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
