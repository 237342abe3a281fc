//! A CI job from its files: the workflow, the event, the log, the token.
//!
//! A folder holds any of `workflow.yml`, `event.json`, `job.log`, `token`; a single YAML file
//! is taken as the workflow.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, LogFailure, Observed, Source};

use crate::error::CollectError;
use crate::files::read_bounded;
use crate::secret::SecretToken;

/// What the files say.
pub(crate) struct JobFiles {
    pub(crate) job: CiJob,
    pub(crate) token: Observed<SecretToken>,
    pub(crate) logs: Observed<Vec<LogFailure>>,
}

/// Reads a job's folder or workflow file.
pub(crate) fn read(path: &Path, now: i64) -> Result<JobFiles, CollectError> {
    let folder = path.is_dir();
    let workflow_path = if folder { path.join("workflow.yml") } else { path.to_owned() };
    let workflow = if workflow_path.exists() { yaml(&workflow_path)? } else { Value::Null };
    let event_path = path.join("event.json");
    let event = if folder && event_path.exists() { json(&event_path)? } else { Value::Null };
    if workflow.is_null() && event.is_null() {
        return Err(CollectError::Format {
            path: path.to_owned(),
            what: "a CI job",
            reason: "it holds neither workflow.yml nor event.json".to_owned(),
        });
    }
    let source = |what: &str| Source { what: format!("{what} of the job"), at: now, by_hand: None };
    let token_path = path.join("token");
    let token = if folder && token_path.exists() {
        let text = String::from_utf8_lossy(&read_bounded(&token_path)?).into_owned();
        Observed::Known { value: SecretToken::new(text), source: source("token") }
    } else {
        Observed::Absent { source: source("token") }
    };
    let log_path = path.join("job.log");
    let logs = if folder && log_path.exists() {
        crate::log_files::scan(&log_path.to_string_lossy(), now)
    } else {
        Observed::NotCollected { reason: "the job's folder holds no job.log".to_owned() }
    };
    Ok(JobFiles { job: facts(&workflow, &event), token, logs })
}

fn yaml(path: &Path) -> Result<Value, CollectError> {
    let bytes = read_bounded(path)?;
    serde_saphyr::from_slice(&bytes).map_err(|e| CollectError::Format {
        path: path.to_owned(),
        what: "a workflow",
        reason: e.to_string(),
    })
}

fn json(path: &Path) -> Result<Value, CollectError> {
    let bytes = read_bounded(path)?;
    serde_json::from_slice(&bytes).map_err(|e| CollectError::Format {
        path: path.to_owned(),
        what: "a job's event",
        reason: e.to_string(),
    })
}

/// The step that assumes the role, and the job it stands in.
fn assuming_step(workflow: &Value) -> Option<(&Value, &Value)> {
    let jobs = workflow.get("jobs")?.as_object()?;
    jobs.values().find_map(|job| {
        let steps = job.get("steps")?.as_array()?;
        let step = steps.iter().find(|s| {
            s.get("uses").and_then(Value::as_str).is_some_and(|u| u.contains("configure-aws-credentials"))
                || s.pointer("/with/role-to-assume").is_some()
        })?;
        Some((job, step))
    })
}

fn text(v: &Value, pointer: &str) -> Option<String> {
    match v.pointer(pointer)? {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn strings(v: Option<&Value>) -> BTreeMap<String, String> {
    v.and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(k, _)| Some((k.clone(), text(v?, &format!("/{}", k.replace('~', "~0").replace('/', "~1")))?)))
        .collect()
}

/// `permissions:` as a map; `write-all` and `read-all` are spelt out for the one that matters here.
fn permissions(v: Option<&Value>) -> Option<BTreeMap<String, String>> {
    let found = v?;
    Some(match found.as_str() {
        Some(all) => BTreeMap::from([("id-token".to_owned(), all.strip_suffix("-all").unwrap_or(all).to_owned())]),
        None => strings(Some(found)),
    })
}

fn facts(workflow: &Value, event: &Value) -> CiJob {
    let step = assuming_step(workflow);
    let job = step.map(|(job, _)| job).or_else(|| workflow.get("jobs")?.as_object()?.values().next());
    let environment = job.and_then(|j| {
        let given = j.get("environment")?;
        given.as_str().map(str::to_owned).or_else(|| text(given, "/name"))
    });
    let mut env = strings(workflow.get("env"));
    env.extend(strings(job.and_then(|j| j.get("env"))));
    env.extend(strings(event.get("env")));
    // Keys are named, never shown.
    for (name, value) in &mut env {
        if ["KEY", "SECRET", "TOKEN"].iter().any(|w| name.to_ascii_uppercase().contains(w)) && !name.ends_with("_FILE")
        {
            "set".clone_into(value);
        }
    }
    let names = |pointer: &str| -> Vec<String> {
        event
            .pointer(pointer)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let customised = names("/customised_subject");
    CiJob {
        platform: text(event, "/platform").unwrap_or_else(|| "github-actions".to_owned()),
        repository: text(event, "/repository").or_else(|| text(event, "/repository/full_name")).unwrap_or_default(),
        git_ref: text(event, "/ref").unwrap_or_default(),
        event: text(event, "/event").or_else(|| text(event, "/event_name")).unwrap_or_default(),
        environment: text(event, "/environment").or(environment),
        fork: event.get("fork").and_then(Value::as_bool).unwrap_or(false),
        permissions: permissions(job.and_then(|j| j.get("permissions")).or_else(|| workflow.get("permissions")))
            .or_else(|| permissions(event.get("permissions"))),
        caller_permissions: permissions(event.get("caller_permissions")),
        assumes_role: step.is_some() || event.get("assumes_role").and_then(Value::as_bool).unwrap_or(false),
        inputs: strings(step.and_then(|(_, s)| s.get("with"))),
        env,
        repository_created: event.get("repository_created").and_then(time),
        former_names: names("/former_names"),
        ids: strings(event.get("ids")),
        customised_subject: (!customised.is_empty()).then_some(customised),
        duration: event.get("duration").and_then(Value::as_i64),
    }
}

/// Unix seconds, or an ISO 8601 time.
fn time(v: &Value) -> Option<i64> {
    v.as_i64().or_else(|| v.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_assuming_step_and_its_jobs_permissions_are_found() {
        let workflow = json!({
            "permissions": {"contents": "read"},
            "jobs": {"lint": {"steps": []}, "deploy": {
                "environment": {"name": "production"}, "permissions": {"id-token": "write"},
                "env": {"AWS_ACCESS_KEY_ID": "canary"},
                "steps": [{"uses": "aws-actions/configure-aws-credentials@v4", "with": {"role-to-assume": "arn:x", "role-duration-seconds": 900}}],
            }},
        });
        let job = facts(&workflow, &json!({"repository": "o/r", "ref": "refs/heads/main"}));
        assert_eq!(job.environment.as_deref(), Some("production"));
        assert_eq!(job.permissions.unwrap()["id-token"], "write");
        assert_eq!(job.inputs["role-duration-seconds"], "900");
        assert_eq!(job.env["AWS_ACCESS_KEY_ID"], "set");
        assert!(job.assumes_role);
    }
}
