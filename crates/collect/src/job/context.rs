//! The run around a job: its event, as GitHub writes it or as the lab does; the runner's variables; the checkout.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, Platform};

use super::text;
use crate::files::read_bounded;

/// What is known of the run.
pub(super) struct Context {
    /// The event, `null` when there is none.
    event: Value,
    repository: String,
    git_ref: String,
    name: String,
    ids: BTreeMap<String, String>,
    default_branch: Option<String>,
    /// What other platforms' runners tell.
    elsewhere: Elsewhere,
}

/// Variables of other platforms' runners (each one's page of predefined variables), and where the checkout is from.
#[derive(Default)]
struct Elsewhere {
    /// `gitlab.com` and `group/project` of the checkout's origin.
    origin: Option<(String, String)>,
    variables: BTreeMap<&'static str, String>,
}

/// The variables that tell a part of a subject, each with what it tells.
const PARTS: [(&str, &str); 11] = [
    ("BITBUCKET_WORKSPACE", "workspace"),
    ("BITBUCKET_REPO_UUID", "repository_uuid"),
    ("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID", "environment_uuid"),
    ("BITBUCKET_STEP_UUID", "step_uuid"),
    ("CIRCLE_ORGANIZATION_ID", "organization_id"),
    ("CIRCLE_PROJECT_ID", "project_id"),
    ("BUILDKITE_ORGANIZATION_SLUG", "organization"),
    ("BUILDKITE_PIPELINE_SLUG", "pipeline"),
    ("BUILDKITE_STEP_KEY", "step_key"),
    ("TFC_PROJECT_NAME", "project"),
    ("TFC_WORKSPACE_NAME", "workspace"),
];

/// The variables that name a branch or a tag.
const REFS: [(&str, &str); 8] = [
    ("CI_COMMIT_TAG", "refs/tags/"),
    ("CI_COMMIT_BRANCH", "refs/heads/"),
    ("CIRCLE_TAG", "refs/tags/"),
    ("CIRCLE_BRANCH", "refs/heads/"),
    ("BUILDKITE_TAG", "refs/tags/"),
    ("BUILDKITE_BRANCH", "refs/heads/"),
    ("BITBUCKET_TAG", "refs/tags/"),
    ("BITBUCKET_BRANCH", "refs/heads/"),
];

impl Elsewhere {
    fn new(path: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let names = PARTS.iter().chain(&REFS).map(|(name, _)| *name).chain(["CI_PROJECT_PATH"]);
        Self { origin: origin(path), variables: names.filter_map(|n| Some((n, variable(n)?))).collect() }
    }

    fn prefix(platform: &Platform) -> &'static str {
        match platform {
            Platform::Gitlab => "CI_",
            Platform::Circleci => "CIRCLE_",
            Platform::Bitbucket => "BITBUCKET_",
            Platform::Buildkite => "BUILDKITE_",
            Platform::TerraformCloud => "TFC_",
            Platform::GithubActions | Platform::Other(_) => "none of them",
        }
    }

    /// A job of another platform with what its runner and its checkout tell.
    fn around(&self, job: &mut CiJob) {
        let prefix = Self::prefix(&job.platform);
        let given = |name: &str| self.variables.get(name).filter(|_| name.starts_with(prefix));
        for (name, id) in PARTS {
            if let Some(value) = given(name) {
                job.ids.entry(id.to_owned()).or_insert_with(|| value.clone());
            }
        }
        if job.git_ref.is_empty()
            && let Some((value, place)) = REFS.iter().find_map(|(name, place)| Some((given(name)?, place)))
        {
            job.git_ref = format!("{place}{value}");
        }
        let Some((host, path)) = &self.origin else {
            if let Some(path) = given("CI_PROJECT_PATH") {
                job.repository.clone_from(path);
            }
            return;
        };
        match &job.platform {
            Platform::Gitlab if job.repository.is_empty() => job.repository.clone_from(path),
            Platform::Circleci if job.repository.is_empty() => job.repository = format!("{host}/{path}"),
            Platform::Bitbucket if host == "bitbucket.org" => {
                let workspace = path.split('/').next().unwrap_or_default().to_owned();
                job.ids.entry("workspace".to_owned()).or_insert(workspace);
            }
            Platform::GithubActions
            | Platform::Gitlab
            | Platform::Circleci
            | Platform::Bitbucket
            | Platform::Buildkite
            | Platform::TerraformCloud
            | Platform::Other(_) => {}
        }
    }
}

impl Context {
    /// `lookup` reads an environment variable: on a runner they name the run (GitHub Docs, "Variables reference").
    pub(super) fn new(path: &Path, event: Value, lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| lookup(name).filter(|v| !v.is_empty());
        // Variables and event are of the same run; an event in a file is of its own.
        let variable = |name: &str| if event.is_null() { given(name) } else { None };
        let repository = text(&event, "/repository")
            .or_else(|| text(&event, "/repository/full_name"))
            .or_else(|| variable("GITHUB_REPOSITORY"))
            .or_else(|| origin(path).filter(|(host, _)| host == "github.com").map(|(_, place)| place));
        let of_pull_request = event.get("pull_request").map(|_| "pull_request".to_owned());
        let name = text(&event, "/event")
            .or_else(|| text(&event, "/event_name"))
            .or(of_pull_request)
            .or_else(|| variable("GITHUB_EVENT_NAME"));
        let mut ids = strings(event.get("ids"));
        let places = [
            ("repository_id", "/repository/id", "GITHUB_REPOSITORY_ID"),
            ("owner_id", "/repository/owner/id", "GITHUB_REPOSITORY_OWNER_ID"),
        ];
        for (id, pointer, name) in places {
            if let Some(value) = text(&event, pointer).or_else(|| variable(name)) {
                ids.entry(id.to_owned()).or_insert(value);
            }
        }
        Self {
            repository: repository.unwrap_or_default(),
            git_ref: text(&event, "/ref").or_else(|| variable("GITHUB_REF")).unwrap_or_default(),
            name: name.unwrap_or_default(),
            ids,
            default_branch: text(&event, "/repository/default_branch").or_else(|| default_branch(path)),
            elsewhere: Elsewhere::new(path, &variable),
            event,
        }
    }

    /// `owner/name` on GitHub, where it is known.
    pub(super) fn repository(&self) -> Option<&str> {
        Some(self.repository.as_str()).filter(|r| !r.is_empty())
    }

    /// A job of a file with what the run and the checkout tell, and no more than questions ask for.
    pub(super) fn around(&self, file: CiJob) -> CiJob {
        let event = &self.event;
        let platform = text(event, "/platform").map_or(file.platform, Platform::from);
        let run = if platform == Platform::GithubActions || !event.is_null() { self.facts() } else { CiJob::default() };
        let permitted = |name: &str| permissions(event.get(name));
        let caller = file.caller_permissions.or_else(|| permitted("caller_permissions"));
        let mut env = file.env;
        env.extend(strings(event.get("env")));
        let mut ids = file.ids;
        ids.extend(run.ids.clone());
        let mut job = CiJob {
            platform,
            git_ref: Some(run.git_ref.clone()).filter(|r| !r.is_empty()).unwrap_or(file.git_ref),
            event: Some(run.event.clone()).filter(|e| !e.is_empty()).unwrap_or(file.event),
            environment: text(event, "/environment").or(file.environment),
            permissions: file.permissions.or_else(|| permitted("permissions")).or_else(|| caller.clone()),
            caller_silent: file.caller_silent,
            caller_permissions: caller,
            assumes_role: file.assumes_role || event.get("assumes_role").and_then(Value::as_bool).unwrap_or(false),
            inputs: file.inputs,
            triggers: file.triggers,
            requests: file.requests,
            unread: file.unread,
            default_branch: self.default_branch.clone(),
            ids,
            env,
            ..run
        };
        self.elsewhere.around(&mut job);
        job.kept()
    }

    /// The job's facts that its workflow does not tell.
    fn facts(&self) -> CiJob {
        let event = &self.event;
        let customised = names(event, "/customised_subject");
        let head = text(event, "/pull_request/head/repo/full_name");
        let elsewhere = head.is_some() && head != text(event, "/pull_request/base/repo/full_name");
        let created = event.get("repository_created").or_else(|| event.pointer("/repository/created_at"));
        CiJob {
            repository: self.repository.clone(),
            git_ref: self.git_ref.clone(),
            event: self.name.clone(),
            fork: event.get("fork").and_then(Value::as_bool).unwrap_or(elsewhere),
            repository_created: created.and_then(time),
            former_names: names(event, "/former_names"),
            ids: self.ids.clone(),
            customised_subject: (!customised.is_empty()).then_some(customised),
            duration: event.get("duration").and_then(Value::as_i64),
            ..CiJob::default()
        }
    }
}

fn names(event: &Value, pointer: &str) -> Vec<String> {
    let list = event.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Unix seconds, or an ISO 8601 time.
fn time(v: &Value) -> Option<i64> {
    v.as_i64().or_else(|| v.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second))
}

/// Texts by name.
fn strings(v: Option<&Value>) -> BTreeMap<String, String> {
    v.and_then(Value::as_object).into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), text(v, "")?))).collect()
}

/// `permissions:` as a map; `write-all` and `read-all` are spelt out for the one that matters here.
fn permissions(v: Option<&Value>) -> Option<BTreeMap<String, String>> {
    let found = v?;
    Some(match found.as_str() {
        Some(all) => BTreeMap::from([("id-token".to_owned(), all.strip_suffix("-all").unwrap_or(all).to_owned())]),
        None => strings(Some(found)),
    })
}

/// Git's folder of the checkout.
fn git(path: &Path) -> Option<PathBuf> {
    let here = path.canonicalize().ok()?;
    here.ancestors().map(|p| p.join(".git")).find(|git| git.join("config").is_file())
}

/// Host and path of the checkout's origin (git-config(1), gitrepository-layout(5)).
fn origin(path: &Path) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(&read_bounded(&git(path)?.join("config")).ok()?).into_owned();
    let mut lines = text.lines().map(str::trim).skip_while(|l| *l != "[remote \"origin\"]").skip(1);
    let url = lines.by_ref().take_while(|l| !l.starts_with('[')).find_map(|l| {
        let (key, value) = l.split_once('=')?;
        (key.trim() == "url").then(|| value.trim())
    })?;
    // `https://host/path`, `ssh://git@host:22/path`, `git@host:path`.
    let (place, path) = if let Some((_, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_once('/')?;
        let host = authority.rsplit('@').next().unwrap_or(authority);
        (host.split(':').next().unwrap_or(host), path)
    } else {
        let (place, path) = url.split_once(':')?;
        (place.rsplit('@').next().unwrap_or(place), path)
    };
    let path = path.trim_matches('/');
    Some((place.to_owned(), path.strip_suffix(".git").unwrap_or(path).to_owned()))
}

/// The branch that origin's HEAD names.
fn default_branch(path: &Path) -> Option<String> {
    let head = read_bounded(&git(path)?.join("refs").join("remotes").join("origin").join("HEAD")).ok()?;
    let text = String::from_utf8_lossy(&head).into_owned();
    text.trim().strip_prefix("ref: refs/remotes/origin/").map(str::to_owned)
}
