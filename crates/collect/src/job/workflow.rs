//! GitHub's workflows: which jobs assume a role, with which inputs and permissions (GitHub Docs, "Workflow syntax
//! for GitHub Actions").

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use trustwalk_core::evidence::CiJob;

use super::context::Context;
use super::text;
use crate::error::CollectError;
use crate::files::read_bounded;

/// A workflow file.
pub(super) struct Workflow {
    /// Its name, without its folder.
    pub(super) file: String,
    value: Value,
}

impl Workflow {
    pub(super) fn read(path: &Path) -> Result<Self, CollectError> {
        let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Self::parse(file, &read_bounded(path)?).map_err(|reason| CollectError::Format {
            path: path.to_owned(),
            what: "a workflow",
            reason,
        })
    }

    /// A workflow from its text, or what is wrong with it, in words that repeat none of it.
    pub(super) fn parse(file: String, bytes: &[u8]) -> Result<Self, String> {
        let value = serde_saphyr::from_slice(bytes).map_err(|e| crate::files::yaml_place(&e))?;
        Ok(Self { file, value })
    }

    /// Whose file it is, by its name (GitLab Docs, Bitbucket Support and `CircleCI` Docs say where each lies).
    pub(super) fn platform(&self) -> &'static str {
        match self.file.as_str() {
            ".gitlab-ci.yml" => "gitlab",
            "bitbucket-pipelines.yml" => "bitbucket",
            "config.yml" if self.value.get("orbs").or_else(|| self.value.get("workflows")).is_some() => "circleci",
            _ => "github-actions",
        }
    }

    fn jobs(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.value.get("jobs").and_then(Value::as_object).into_iter().flatten()
    }

    /// What starts it: an event's name, with its filters.
    fn triggers(&self) -> Vec<(&str, &Value)> {
        // YAML 1.1 reads a bare `on` as true.
        let on = self.value.get("on").or_else(|| self.value.get("true")).unwrap_or(&Value::Null);
        match on {
            Value::String(name) => vec![(name, &Value::Null)],
            Value::Array(names) => names.iter().filter_map(|n| Some((n.as_str()?, &Value::Null))).collect(),
            Value::Object(events) => events.iter().map(|(name, filters)| (name.as_str(), filters)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
        }
    }

    /// The event, when there is one that is not started by hand.
    /// A workflow that is only called has the caller's.
    pub(super) fn event(&self) -> Option<&str> {
        match self.triggers().as_slice() {
            [(only, _)] if *only != "workflow_dispatch" => Some(only),
            _ => None,
        }
    }

    /// The ref of its runs, when only pushes to one branch start it.
    pub(super) fn git_ref(&self) -> Option<String> {
        let triggers = self.triggers();
        let [("push", filters)] = triggers.as_slice() else { return None };
        if filters.get("tags").is_some() {
            return None;
        }
        let branches = filters.get("branches")?;
        let only = match branches.as_array().map(Vec::as_slice) {
            Some([only]) => only.as_str()?,
            Some(_) => return None,
            None => branches.as_str()?,
        };
        let literal = !only.contains(['*', '?', '[', '!', '+']);
        literal.then(|| format!("refs/heads/{only}"))
    }
}

/// A job with the step that assumes a role, if one does.
pub(super) struct Assuming<'a> {
    pub(super) workflow: Option<&'a Workflow>,
    pub(super) job_id: Option<&'a String>,
    job: &'a Value,
    step: Option<&'a Value>,
    /// Permissions of the job that calls the workflow.
    caller: Option<BTreeMap<String, String>>,
}

/// The jobs that assume a role. When none does, the first job of all, to be looked at all the same.
pub(super) fn assuming(workflows: &[Workflow]) -> Vec<Assuming<'_>> {
    let all: Vec<Assuming<'_>> = workflows
        .iter()
        .flat_map(|workflow| {
            let caller = caller(workflows, &workflow.file);
            workflow.jobs().map(move |(id, job)| Assuming {
                workflow: Some(workflow),
                job_id: Some(id),
                job,
                step: step(job),
                caller: caller.clone(),
            })
        })
        .collect();
    let (mut assuming, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|a| a.step.is_some());
    if assuming.is_empty() {
        let nothing =
            Assuming { workflow: workflows.first(), job_id: None, job: &Value::Null, step: None, caller: None };
        assuming.push(others.into_iter().next().unwrap_or(nothing));
    }
    assuming
}

/// The step that shows an ID token. One that is given keys or a token file shows none, and one that chains shows the
/// session before it (README of aws-actions/configure-aws-credentials, "Identity used").
fn step(job: &Value) -> Option<&Value> {
    let steps = || {
        job.get("steps").and_then(Value::as_array).into_iter().flatten().filter(|s| {
            s.get("uses").and_then(Value::as_str).is_some_and(|u| u.contains("configure-aws-credentials"))
                || s.pointer("/with/role-to-assume").is_some()
        })
    };
    let given = |s: &Value, input: &str| s.get("with").is_some_and(|with| with.get(input).is_some());
    let other = |s: &&Value| given(s, "aws-access-key-id") || given(s, "web-identity-token-file");
    steps().find(|s| !other(s) && !given(s, "role-chaining")).or_else(|| steps().find(|s| !other(s)))
}

/// The permissions with which another workflow of the same folder calls this one. Who gives none gives no ID token.
fn caller(workflows: &[Workflow], file: &str) -> Option<BTreeMap<String, String>> {
    let called = format!("/{file}");
    workflows.iter().find_map(|w| {
        let (_, job) = w.jobs().find(|(_, job)| {
            let uses = job.get("uses").and_then(Value::as_str).unwrap_or_default();
            uses.split('@').next().is_some_and(|path| path.ends_with(&called))
        })?;
        Some(permissions(job.get("permissions").or_else(|| w.value.get("permissions"))).unwrap_or_default())
    })
}

/// What asks for an ID token on platforms other than GitHub: `id_tokens` of a job or of `default` (GitLab Docs, "CI/CD
/// YAML syntax reference"), `oidc: true` of a step (Bitbucket Support, "Integrate Pipelines with resource servers
/// using OIDC").
fn asks_elsewhere(value: &Value) -> Option<&'static str> {
    match value {
        Value::Object(map) if map.get("id_tokens").is_some_and(Value::is_object) => Some("id_tokens"),
        Value::Object(map) if map.get("oidc").and_then(Value::as_bool) == Some(true) => Some("oidc"),
        Value::Object(map) => map.values().find_map(asks_elsewhere),
        Value::Array(list) => list.iter().find_map(asks_elsewhere),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// `permissions:` as a map; `write-all` and `read-all` are spelt out for the one that matters here.
pub(super) fn permissions(v: Option<&Value>) -> Option<BTreeMap<String, String>> {
    let found = v?;
    Some(match found.as_str() {
        Some(all) => BTreeMap::from([("id-token".to_owned(), all.strip_suffix("-all").unwrap_or(all).to_owned())]),
        None => strings(Some(found)),
    })
}

/// Texts by name.
pub(super) fn strings(v: Option<&Value>) -> BTreeMap<String, String> {
    v.and_then(Value::as_object).into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), text(v, "")?))).collect()
}

impl Assuming<'_> {
    /// Whether a step of the job assumes a role.
    pub(super) fn is_assuming(&self) -> bool {
        self.step.is_some()
    }

    fn env(&self) -> BTreeMap<String, String> {
        let mut env = strings(self.workflow.and_then(|w| w.value.get("env")));
        env.extend(strings(self.job.get("env")));
        env.extend(strings(self.step.and_then(|s| s.get("env"))));
        env
    }

    /// `role-to-assume`, with `${{ env.NAME }}` put in where the workflow sets it.
    pub(super) fn role(&self) -> Option<String> {
        let given = text(self.step?, "/with/role-to-assume")?;
        let name = given.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        let value = name.and_then(|name| self.env().remove(name.strip_prefix("env.")?));
        Some(value.unwrap_or(given))
    }

    /// What the files and the run's context say.
    pub(super) fn facts(&self, context: &Context) -> CiJob {
        let environment =
            self.job.get("environment").and_then(|given| text(given, "").or_else(|| text(given, "/name")));
        let mut env = self.env();
        env.extend(strings(context.event.get("env")));
        let own =
            permissions(self.job.get("permissions").or_else(|| self.workflow.and_then(|w| w.value.get("permissions"))))
                .or_else(|| permissions(context.event.get("permissions")));
        let caller = self.caller.clone().or_else(|| permissions(context.event.get("caller_permissions")));
        let mut inputs = strings(self.step.and_then(|s| s.get("with")));
        if let Some(role) = self.role() {
            inputs.insert("role-to-assume".to_owned(), role);
        }
        if let Some(asked) = self.workflow.and_then(|w| asks_elsewhere(&w.value)) {
            inputs.insert(asked.to_owned(), "true".to_owned());
        }
        let platform = text(&context.event, "/platform")
            .unwrap_or_else(|| self.workflow.map_or("github-actions", Workflow::platform).to_owned())
            .into();
        let job = CiJob {
            platform,
            environment: text(&context.event, "/environment").or(environment),
            permissions: own.or_else(|| caller.clone()),
            caller_permissions: caller,
            assumes_role: self.step.is_some()
                || context.event.get("assumes_role").and_then(Value::as_bool).unwrap_or(false),
            inputs,
            env,
            ..context.facts()
        };
        CiJob {
            git_ref: Some(job.git_ref)
                .filter(|r| !r.is_empty())
                .or_else(|| self.workflow?.git_ref())
                .unwrap_or_default(),
            event: Some(job.event)
                .filter(|e| !e.is_empty())
                .or_else(|| self.workflow?.event().map(str::to_owned))
                .unwrap_or_default(),
            ..job
        }
        .kept()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_with_keys_of_its_own_shows_no_token() {
        let action = "aws-actions/configure-aws-credentials@v4";
        let keys = serde_json::json!({"uses": action, "with": {"aws-access-key-id": "x", "role-to-assume": "arn:k"}});
        let chained = serde_json::json!({"uses": action, "with": {"role-chaining": true, "role-to-assume": "arn:c"}});
        let oidc = serde_json::json!({"uses": action, "with": {"role-to-assume": "arn:o"}});
        let found =
            |steps: &[&Value]| step(&serde_json::json!({"steps": steps})).and_then(|s| text(s, "/with/role-to-assume"));
        assert_eq!(found(&[&keys]), None);
        assert_eq!(found(&[&keys, &chained, &oidc]).as_deref(), Some("arn:o"));
        assert_eq!(found(&[&keys, &chained]).as_deref(), Some("arn:c"));
    }

    #[test]
    fn other_platforms_ask_in_their_own_words() {
        let asked = |text: &str| asks_elsewhere(&serde_saphyr::from_str(text).unwrap());
        assert_eq!(asked("deploy:\n  id_tokens: {AWS: {aud: [a, b]}}\n  script: [x]\n"), Some("id_tokens"));
        assert_eq!(asked("pipelines:\n  default:\n    - step: {oidc: true, script: [x]}\n"), Some("oidc"));
        assert_eq!(asked("pipelines:\n  default:\n    - step: {oidc: false, script: [id_tokens]}\n"), None);
    }
}
