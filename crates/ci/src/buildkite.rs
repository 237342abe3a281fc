//! Buildkite's `.buildkite/pipeline.yml` (Buildkite Docs, "Defining your pipeline steps").

use std::collections::BTreeMap;

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, Means, Platform, Refs, TokenRequest, Trigger};

use crate::limits::LEVELS;
use crate::value::{items, member, members, strings, texts};
use crate::{Job, Role, shell};

/// The plugin that exchanges the token.
const PLUGIN: &str = "aws-assume-role-with-web-identity";

/// The command steps of a pipeline.
pub(crate) fn jobs(path: &str, value: &Value) -> Vec<Job> {
    let steps = if value.is_array() { Some(value) } else { value.get("steps") };
    let mut all = Vec::new();
    collect(path, steps, &strings(value.get("env")), &mut all, 0);
    all
}

fn collect(path: &str, steps: Option<&Value>, env: &BTreeMap<String, String>, all: &mut Vec<Job>, level: usize) {
    if level >= LEVELS {
        return;
    }
    for step in items(steps) {
        // A step may stand under its type's name.
        let step = step.get("command").filter(|c| c.is_object()).unwrap_or(step);
        if step.get("steps").is_some() {
            collect(path, step.get("steps"), env, all, level + 1);
        } else if step.get("command").or_else(|| step.get("commands")).is_some() || step.get("plugins").is_some() {
            all.push(facts(path, step, env));
        }
    }
}

/// The plugin's settings, by whatever version and owner it is named.
fn plugin(step: &Value) -> Option<&Value> {
    let listed = items(step.get("plugins")).flat_map(|p| members(Some(p)));
    let all = listed.chain(members(step.get("plugins")));
    all.into_iter().find_map(|(name, with)| {
        let bare = name.split('#').next().unwrap_or(name).trim_end_matches(".git");
        let bare = bare.trim_end_matches("-buildkite-plugin");
        (crate::value::file_name(bare) == PLUGIN).then_some(with)
    })
}

fn facts(path: &str, step: &Value, env: &BTreeMap<String, String>) -> Job {
    let script = ["command", "commands"].map(|k| texts(step.get(k)).join("\n")).join("\n");
    let mut variables = env.clone();
    variables.extend(strings(step.get("env")));
    variables.extend(shell::exports(&script));
    let plugin = plugin(step);
    let assume = shell::assumes(&script).into_iter().next();
    let of_plugin = |names: [&str; 2]| plugin.and_then(|p| names.iter().find_map(|n| member(p, n)));
    let (role, role_from) = match (&plugin, &assume) {
        (Some(_), _) => (of_plugin(["role-arn", "role_arn"]), "role-arn"),
        (None, Some(assume)) => (assume.role.clone(), "--role-arn"),
        (None, None) => (variables.get("AWS_ROLE_ARN").cloned(), "AWS_ROLE_ARN"),
    };
    let role = Role::of(role.map(|r| shell::resolved(&r, &variables)));
    let mut requests: Vec<TokenRequest> = shell::agent_requests(&script)
        .into_iter()
        .map(|r| TokenRequest {
            by: Means::BuildkiteAgent,
            audiences: r.audience.into_iter().collect(),
            lifetime: r.lifetime,
            subject_claim: r.subject_claim,
        })
        .collect();
    if plugin.is_some() {
        let number = |names| of_plugin(names).and_then(|v| v.parse().ok());
        requests.push(TokenRequest {
            by: Means::BuildkitePlugin,
            audiences: of_plugin(["audience", "token-audience"]).into_iter().collect(),
            lifetime: number(["oidc-token-lifetime", "lifetime"]),
            subject_claim: of_plugin(["subject-claim", "subject_claim"]),
        });
    }
    let mut inputs = BTreeMap::new();
    let seconds = of_plugin(["role-session-duration", "role_session_duration"])
        .or_else(|| assume.as_ref().and_then(|a| a.seconds.clone()));
    let session = of_plugin(["role-session-name", "role_session_name"])
        .or_else(|| assume.as_ref().and_then(|a| a.session_name.clone()));
    for (name, value) in [("role-duration-seconds", seconds), ("role-session-name", session)] {
        if let Some(value) = value.filter(|v| !v.contains('$')) {
            inputs.insert(name.to_owned(), value);
        }
    }
    // Tags that the token is to carry into the session: which is of no weight here, that there are any is.
    let asked = plugin.is_some_and(|p| !texts(p.get("session-tags")).is_empty());
    if asked || shell::tags_sessions(&script) {
        inputs.insert("session-tags".to_owned(), "set".to_owned());
    }
    let key = ["key", "id", "identifier"].iter().find_map(|n| member(step, n));
    let id = key.clone().or_else(|| member(step, "label")).or_else(|| member(step, "name"));
    let facts = CiJob {
        platform: Platform::Buildkite,
        assumes_role: plugin.is_some() || assume.is_some() || role != Role::None,
        triggers: triggers(step),
        ids: key.map(|k| ("step_key".to_owned(), k)).into_iter().collect(),
        requests,
        inputs,
        env: variables.keys().map(|name| (name.clone(), "set".to_owned())).collect(),
        ..CiJob::default()
    };
    let id = id.unwrap_or_else(|| "a step".to_owned());
    Job { file: path.to_owned(), id, role_from, role, facts, ..Job::default() }
}

/// `branches: "main release/* !x"`: names separated by blanks, `*` any text (Buildkite Docs, "Branch configuration").
/// Without it a step runs for tags too. `if` may keep it from running.
fn triggers(step: &Value) -> Vec<Trigger> {
    let patterns: Vec<String> = texts(step.get("branches"))
        .iter()
        .flat_map(|t| t.split_whitespace().map(|p| p.replace("**", "*").replace('*', "**")).collect::<Vec<_>>())
        .collect();
    let conditional = step.get("if").is_some();
    let refs = if patterns.is_empty() { Refs::Unknown } else { Refs::Branches { only: patterns, except: Vec::new() } };
    vec![Trigger { event: "build".to_owned(), refs, conditional }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Job> {
        jobs(".buildkite/pipeline.yml", &crate::value::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn the_plugin_is_known_by_any_version_and_in_groups() {
        let text = "env: {ROLE: 'arn:a'}\nsteps:\n  - wait\n  - group: deploy\n    steps:\n      - label: go\n        \
                    key: go\n\
            \x20       command: make\n        branches: main release/*\n        plugins:\n\
            \x20         - aws-assume-role-with-web-identity#v1.4.0:\n              role-arn: $ROLE\n\
            \x20             role-session-duration: 1800\n  - command: make test\n";
        let found = read(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].role, Role::Named("arn:a".to_owned()));
        assert_eq!(found[0].facts.ids["step_key"], "go");
        assert_eq!(found[0].facts.requests[0].by, Means::BuildkitePlugin);
        assert_eq!(found[0].facts.inputs["role-duration-seconds"], "1800");
        assert_eq!(found[0].facts.audiences(), ["sts.amazonaws.com"]);
        assert!(matches!(&found[0].facts.triggers[0].refs, Refs::Branches { only, .. } if only[1] == "release/**"));
        assert!(!found[1].facts.assumes_role && found[1].facts.requests.is_empty());
        let other = "steps: [{command: x, plugins: \
            {'https://github.com/acme/aws-assume-role-with-web-identity-buildkite-plugin.git#v1': {role-arn: \
            'arn:b'}}}]";
        assert_eq!(read(other)[0].role, Role::Named("arn:b".to_owned()));
    }

    #[test]
    fn an_agents_request_is_read_with_its_lifetime() {
        let text = "steps:\n  - commands:\n      - TOKEN=$(buildkite-agent oidc request-token --audience \
                    sts.amazonaws.com --lifetime 14400)\n\
            \x20     - aws sts assume-role-with-web-identity --role-arn arn:c --web-identity-token $TOKEN\n";
        let job = &read(text)[0];
        assert_eq!((job.role.clone(), job.facts.requests[0].lifetime), (Role::Named("arn:c".to_owned()), Some(14_400)));
    }
}
