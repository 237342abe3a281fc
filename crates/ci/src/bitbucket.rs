//! Bitbucket's `bitbucket-pipelines.yml` (Bitbucket Support, "Bitbucket Pipelines configuration reference").

use std::collections::BTreeMap;

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, Means, Platform, Refs, TokenRequest, Trigger};

use crate::limits::LEVELS;
use crate::value::{items, member, members, strings, texts};
use crate::{Job, Role, shell};

/// The steps of all pipelines, the same step of several pipelines once.
pub(crate) fn jobs(path: &str, value: &Value) -> Vec<Job> {
    let mut all: Vec<Job> = Vec::new();
    let options = value.pointer("/options/oidc");
    for (section, pipeline) in members(value.get("pipelines")) {
        let named: Vec<(Option<&String>, &Value)> = match pipeline.as_object() {
            Some(of) => of.iter().map(|(name, steps)| (Some(name), steps)).collect(),
            None => vec![(None, pipeline)],
        };
        for (pattern, steps) in named {
            let mut found = Vec::new();
            collect(steps, None, &mut found, 0);
            for (step, deployment) in found {
                let trigger = trigger(section, pattern);
                let job = facts(path, section, &step, deployment, options, trigger.clone());
                let same = all.iter_mut().find(|j| {
                    j.id == job.id
                        && j.role == job.role
                        && j.facts.requests == job.facts.requests
                        && j.facts.environment == job.facts.environment
                });
                match same {
                    Some(same) => same.facts.triggers.push(trigger),
                    None => all.push(job),
                }
            }
        }
    }
    all
}

/// Steps, in parallel groups and stages too; a stage's deployment is its steps'.
fn collect(value: &Value, deployment: Option<&str>, found: &mut Vec<(Value, Option<String>)>, level: usize) {
    if level >= LEVELS {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|v| collect(v, deployment, found, level + 1)),
        Value::Object(map) => {
            if let Some(step) = map.get("step") {
                let own = member(step, "deployment").or_else(|| deployment.map(str::to_owned));
                found.push((step.clone(), own));
            }
            if let Some(stage) = map.get("stage") {
                let own = stage.get("deployment").and_then(Value::as_str).or(deployment);
                collect(stage.get("steps").unwrap_or(&Value::Null), own, found, level + 1);
            }
            if let Some(parallel) = map.get("parallel") {
                collect(parallel.get("steps").unwrap_or(parallel), deployment, found, level + 1);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn trigger(section: &str, pattern: Option<&String>) -> Trigger {
    let only: Vec<String> =
        pattern.into_iter().map(|p| if p.contains('{') { "**".to_owned() } else { p.clone() }).collect();
    let refs = match section {
        "branches" => Refs::Branches { only, except: Vec::new() },
        "tags" => Refs::Tags { only, except: Vec::new() },
        "pull-requests" => Refs::PullRequest,
        "default" => Refs::Branches { only: Vec::new(), except: Vec::new() },
        _ => Refs::Unknown,
    };
    Trigger { event: section.to_owned(), refs, conditional: false }
}

fn facts(
    path: &str,
    section: &str,
    step: &Value,
    deployment: Option<String>,
    options: Option<&Value>,
    trigger: Trigger,
) -> Job {
    let script = script(step);
    let variables = shell::exports(&script);
    let assume = shell::assumes(&script).into_iter().next();
    let pipe = items(step.get("script")).find_map(|s| {
        let role = member(s.get("variables")?, "AWS_OIDC_ROLE_ARN")?;
        member(s, "pipe").map(|_| role)
    });
    let (role, role_from) = match (pipe, &assume) {
        (Some(role), _) => (Some(role), "AWS_OIDC_ROLE_ARN"),
        (None, Some(assume)) => (assume.role.clone(), "--role-arn"),
        (None, None) => (variables.get("AWS_ROLE_ARN").cloned(), "AWS_ROLE_ARN"),
    };
    let role = Role::of(role.map(|r| shell::resolved(&r, &variables)));
    let asked = step.get("oidc").filter(|o| o.as_bool() != Some(false) && !o.is_null());
    let requests: Vec<TokenRequest> = asked
        .map(|oidc| {
            let audiences = [oidc.get("audiences"), options.and_then(|o| o.get("audiences"))]
                .into_iter()
                .map(|a| texts(a))
                .find(|a| !a.is_empty())
                .unwrap_or_default();
            TokenRequest { by: Means::BitbucketOidc, audiences, lifetime: None, subject_claim: None }
        })
        .into_iter()
        .collect();
    let mut inputs = BTreeMap::new();
    if !requests.is_empty() {
        inputs.insert("oidc".to_owned(), "true".to_owned());
    }
    if let Some(seconds) = assume.as_ref().and_then(|a| a.seconds.clone()) {
        inputs.insert("role-duration-seconds".to_owned(), seconds);
    }
    let id = member(step, "name").unwrap_or_else(|| format!("a step of {section}"));
    let facts = CiJob {
        platform: Platform::Bitbucket,
        assumes_role: assume.is_some() || role != Role::None,
        environment: deployment,
        triggers: vec![trigger],
        requests,
        inputs,
        env: variables.keys().map(|name| (name.clone(), "set".to_owned())).collect(),
        ..CiJob::default()
    };
    Job { file: path.to_owned(), id, role_from, role, facts, ..Job::default() }
}

/// A step's scripts, pipes left out: what they do is in their variables.
fn script(step: &Value) -> String {
    let lines = ["script", "after-script"].into_iter().flat_map(|k| items(step.get(k)));
    let text = lines.filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
    // Read again by our own reader of scripts, and by no shell.
    let set = strings(step.get("variables")).into_iter().map(|(k, v)| ["export ", &k, "=", &v].concat());
    set.chain([text]).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Job> {
        jobs("bitbucket-pipelines.yml", &crate::value::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn each_step_tells_for_itself_whether_it_asks() {
        let text = "definitions:\n  steps:\n    - step: &deploy\n        name: deploy\n        oidc: true\n\
            \x20       deployment: prod\n        script:\n          - pipe: atlassian/aws-s3-deploy:1.1.0\n\
            \x20           variables: {AWS_OIDC_ROLE_ARN: 'arn:a'}\n\
            pipelines:\n  branches:\n    main: [{step: *deploy}]\n    'release/*': [{step: *deploy}]\n\
            \x20 default:\n    - step: {name: test, script: [make]}\n    - parallel:\n\
            \x20       - step: {name: plan, oidc: {audiences: [x]}, script: ['export AWS_ROLE_ARN=arn:b']}\n";
        let found = read(text);
        let names: Vec<&str> = found.iter().map(|j| j.id.as_str()).collect();
        assert_eq!(names, ["deploy", "test", "plan"]);
        assert_eq!((found[0].role.clone(), found[0].facts.triggers.len()), (Role::Named("arn:a".to_owned()), 2));
        assert_eq!(found[0].facts.environment.as_deref(), Some("prod"));
        assert!(found[1].facts.requests.is_empty());
        assert_eq!(
            (found[2].role.clone(), found[2].facts.requests[0].audiences.clone()),
            (Role::Named("arn:b".to_owned()), vec!["x".to_owned()])
        );
    }

    #[test]
    fn a_stages_deployment_is_its_steps() {
        let text = "pipelines:\n  custom:\n    go:\n      - stage:\n          deployment: stage\n          steps:\n\
            \x20           - step: {oidc: false, script: [x]}\n";
        let found = read(text);
        assert_eq!(found[0].facts.environment.as_deref(), Some("stage"));
        assert!(found[0].facts.requests.is_empty() && found[0].facts.inputs.is_empty());
    }
}
