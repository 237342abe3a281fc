//! `CircleCI`'s `.circleci/config.yml` (`CircleCI` Docs, "Configuration reference").

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, Means, Platform, Refs, TokenRequest, Trigger};

use crate::gitlab::of_pattern;
use crate::limits::{FOLLOWED, LEVELS};
use crate::value::{items, member, members, strings, texts};
use crate::{Job, Role, shell};

/// The jobs of a configuration, each as its workflows run it.
pub(crate) fn jobs(path: &str, value: &Value) -> Vec<Job> {
    let config = Config { value, left: Cell::new(FOLLOWED) };
    let mut all = Vec::new();
    for (name, job) in members(value.get("jobs")) {
        let mut calls = config.calls(name);
        if calls.is_empty() {
            calls.push(&Value::Null);
        }
        // Calls with the same parameters and filters are one.
        let mut seen: Vec<Job> = Vec::new();
        for call in calls {
            let found = config.facts(path, name, job, call);
            if !seen.iter().any(|s| s.role == found.role && s.facts == found.facts) {
                seen.push(found);
            }
        }
        all.extend(seen);
    }
    for (name, call) in config.jobs_of_orbs() {
        all.push(config.facts(path, name, &Value::Null, call));
    }
    all
}

struct Config<'a> {
    value: &'a Value,
    left: Cell<usize>,
}

/// What a step that assumes a role names.
#[derive(Default)]
struct Found {
    role: Option<String>,
    seconds: Option<String>,
    session_name: Option<String>,
    requests: Vec<TokenRequest>,
    from: &'static str,
}

fn asked(by: Means, audiences: Vec<String>) -> TokenRequest {
    TokenRequest { by, audiences, lifetime: None, subject_claim: None }
}

impl<'a> Config<'a> {
    /// How the workflows call a job: its entry with filters, context and parameters.
    fn calls(&self, name: &str) -> Vec<&'a Value> {
        let workflows = members(self.value.get("workflows")).flat_map(|(_, w)| items(w.get("jobs")));
        workflows
            .filter_map(|entry| match entry.as_str() {
                Some(called) => (called == name).then_some(&Value::Null),
                None => entry.get(name),
            })
            .collect()
    }

    /// Jobs of AWS's orbs that the workflows run and to which they give a role.
    fn jobs_of_orbs(&self) -> Vec<(&'a str, &'a Value)> {
        let workflows = members(self.value.get("workflows")).flat_map(|(_, w)| items(w.get("jobs")));
        let called = workflows.flat_map(|entry| members(Some(entry)));
        let ours = |name: &str| name.split_once('/').is_some_and(|(orb, _)| self.is_aws_orb(orb));
        let mut all: Vec<(&str, &Value)> = Vec::new();
        for (name, call) in called.filter(|(name, call)| ours(name) && role_in(&strings(Some(call))).is_some()) {
            if !all.contains(&(name.as_str(), call)) {
                all.push((name, call));
            }
        }
        all
    }

    /// What an orb is called here: `circleci/aws-cli@5.1` under any name.
    fn is_aws_orb(&self, name: &str) -> bool {
        let orb = members(self.value.get("orbs")).find(|(n, _)| *n == name);
        orb.and_then(|(_, o)| o.as_str()).is_some_and(|o| o.starts_with("circleci/aws-"))
    }

    fn facts(&self, path: &str, name: &str, job: &Value, call: &Value) -> Job {
        let mut parameters = defaults(job);
        parameters.extend(strings(Some(call)));
        let mut variables = strings(job.get("environment"));
        let mut found = Found::default();
        self.orb(name, &strings(Some(call)), &mut found);
        let steps = items(job.get("steps")).chain(items(call.get("pre-steps"))).chain(items(call.get("post-steps")));
        for step in steps {
            self.step(step, &parameters, &mut variables, &mut found, 0);
        }
        let role = found.role.or_else(|| variables.get("AWS_ROLE_ARN").cloned());
        let role = Role::of(role.map(|r| shell::resolved(&r, &variables)));
        let mut inputs = BTreeMap::new();
        for (name, value) in [("role-duration-seconds", found.seconds), ("role-session-name", found.session_name)] {
            if let Some(value) = value.filter(|v| !v.contains(['$', '<'])) {
                inputs.insert(name.to_owned(), value);
            }
        }
        let facts = CiJob {
            platform: Platform::Circleci,
            assumes_role: !found.from.is_empty() || role != Role::None,
            triggers: triggers(call),
            requests: found.requests,
            env: variables.keys().map(|name| (name.clone(), "set".to_owned())).collect(),
            inputs,
            ..CiJob::default()
        };
        let role_from = if found.from.is_empty() { "AWS_ROLE_ARN" } else { found.from };
        Job {
            file: path.to_owned(),
            id: name.to_owned(),
            called_by: None,
            through: Vec::new(),
            role_from,
            role,
            facts,
            beside: Vec::new(),
            by_keys: false,
        }
    }

    /// A command or a job of AWS's orbs that is given a role; later versions write `-` for `_`.
    fn orb(&self, name: &str, given: &BTreeMap<String, String>, found: &mut Found) {
        let Some((orb, _)) = name.split_once('/') else { return };
        let Some(role) = role_in(given).filter(|_| self.is_aws_orb(orb)) else { return };
        found.role = Some(role.clone());
        found.seconds = given.get("session_duration").or_else(|| given.get("session-duration")).cloned();
        found.session_name = given.get("role_session_name").or_else(|| given.get("role-session-name")).cloned();
        found.from = "role_arn";
        found.requests.push(asked(Means::CircleOrb, Vec::new()));
    }

    /// A step: a command of the configuration's own, the orb's `setup`, or a script.
    fn step(
        &self,
        step: &Value,
        parameters: &BTreeMap<String, String>,
        variables: &mut BTreeMap<String, String>,
        found: &mut Found,
        level: usize,
    ) {
        let Some(left) = self.left.get().checked_sub(1).filter(|_| level < LEVELS) else { return };
        self.left.set(left);
        let (name, with) = match step {
            Value::String(name) => (name.as_str(), &Value::Null),
            Value::Object(map) => match map.iter().next() {
                Some((name, with)) => (name.as_str(), with),
                None => return,
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return,
        };
        if matches!(name, "when" | "unless") {
            for inner in items(with.get("steps")) {
                self.step(inner, parameters, variables, found, level + 1);
            }
            return;
        }
        if name == "run" {
            let script = crate::value::text(with).or_else(|| member(with, "command")).unwrap_or_default();
            script_of(&put_in(&script, parameters), strings(with.get("environment")), variables, found);
            return;
        }
        let given: BTreeMap<String, String> =
            strings(Some(with)).into_iter().map(|(k, v)| (k, put_in(&v, parameters))).collect();
        if name.contains('/') {
            self.orb(name, &given, found);
            return;
        }
        let Some(command) = self.value.get("commands").and_then(|c| c.get(name)) else { return };
        let mut inner = defaults(command);
        inner.extend(given);
        for step in items(command.get("steps")) {
            self.step(step, &inner, variables, found, level + 1);
        }
    }
}

/// The role among an orb's parameters.
fn role_in(given: &BTreeMap<String, String>) -> Option<&String> {
    given.get("role_arn").or_else(|| given.get("role-arn"))
}

fn script_of(
    script: &str,
    environment: BTreeMap<String, String>,
    variables: &mut BTreeMap<String, String>,
    found: &mut Found,
) {
    variables.extend(environment);
    variables.extend(shell::exports(script));
    if let Some(assume) = shell::assumes(script).into_iter().next() {
        found.role = assume.role.map(|r| shell::resolved(&r, variables));
        found.seconds = assume.seconds;
        found.session_name = assume.session_name;
        found.from = "--role-arn";
    }
    for (name, by) in [("CIRCLE_OIDC_TOKEN", Means::CircleToken), ("CIRCLE_OIDC_TOKEN_V2", Means::CircleTokenV2)] {
        if shell::names(script, name) && !found.requests.iter().any(|r| r.by == by) {
            found.requests.push(asked(by, Vec::new()));
        }
    }
    if let Some(audiences) = shell::circleci_oidc(script) {
        found.requests.push(asked(Means::CircleCli, audiences));
    }
}

/// The defaults of a job's or a command's parameters.
fn defaults(of: &Value) -> BTreeMap<String, String> {
    members(of.get("parameters")).filter_map(|(name, p)| Some((name.clone(), member(p, "default")?))).collect()
}

/// A text with `<< parameters.NAME >>` put in where it is known.
fn put_in(text: &str, parameters: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<<") {
        out.push_str(before);
        let known = after.split_once(">>").and_then(|(name, tail)| {
            let value = parameters.get(name.trim().strip_prefix("parameters.")?)?;
            Some((value, tail))
        });
        if let Some((value, tail)) = known {
            out.push_str(value);
            rest = tail;
        } else {
            out.push_str("<<");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The filters of a call. Without any for tags a job runs for branches alone (`CircleCI` Docs, "Using workflows to
/// orchestrate jobs", executing for a tag).
fn triggers(call: &Value) -> Vec<Trigger> {
    let filters = call.get("filters").filter(|f| f.is_object());
    let patterns = |kind: &str, which: &str| -> Vec<String> {
        let given = filters.and_then(|f| f.get(kind)).and_then(|f| f.get(which));
        texts(given).iter().map(|p| of_pattern(p)).collect()
    };
    let trigger = |refs| Trigger { event: "push".to_owned(), refs, conditional: false };
    let mut all = Vec::new();
    let ignores_all = patterns("branches", "ignore").iter().any(|p| p == "**");
    if !ignores_all {
        all.push(trigger(Refs::Branches {
            only: patterns("branches", "only"),
            except: patterns("branches", "ignore"),
        }));
    }
    if filters.is_some_and(|f| f.get("tags").is_some()) {
        all.push(trigger(Refs::Tags { only: patterns("tags", "only"), except: patterns("tags", "ignore") }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Job> {
        jobs(".circleci/config.yml", &crate::value::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn the_orbs_role_is_found_through_commands_and_parameters() {
        let text = "version: 2.1\norbs: {cli: circleci/aws-cli@5.1}\n\
            commands:\n  login:\n    parameters: {role: {type: string}}\n    steps:\n\
            \x20     - cli/setup: {role_arn: << parameters.role >>, session_duration: '1800'}\n\
            jobs:\n  deploy:\n    docker: [{image: x}]\n    parameters: {where: {type: string, default: 'arn:a'}}\n\
            \x20   steps: [checkout, {login: {role: << parameters.where >>}}]\n\
            workflows:\n  main:\n    jobs:\n      - deploy: {context: aws, filters: {branches: {only: main}}}\n\
            \x20     - deploy: {where: 'arn:b', filters: {branches: {ignore: /.*/}, tags: {only: /^v.*/}}}\n";
        let found = read(text);
        assert_eq!(
            found.iter().map(|j| j.role.clone()).collect::<Vec<_>>(),
            [Role::Named("arn:a".to_owned()), Role::Named("arn:b".to_owned())]
        );
        assert_eq!(found[0].facts.requests[0].by, Means::CircleOrb);
        assert_eq!(found[0].facts.inputs["role-duration-seconds"], "1800");
        let main = Refs::Branches { only: vec!["main".to_owned()], except: Vec::new() };
        assert_eq!(found[0].facts.triggers[0].refs, main);
        let tags = Refs::Tags { only: vec!["v**".to_owned()], except: Vec::new() };
        assert_eq!(found[1].facts.triggers.iter().map(|t| t.refs.clone()).collect::<Vec<_>>(), [tags]);
    }

    #[test]
    fn a_job_of_an_orb_is_one_of_the_workflows() {
        let text = "version: 2.1\norbs: {aws-ecr: circleci/aws-ecr@8.1.2, other: acme/ecr@1}\nworkflows:\n  main:\n    \
            jobs:\n      - aws-ecr/build-and-push-image: {role-arn: 'arn:aws:iam::${ACCOUNT}:role/test', \
            session-duration: '1800'}\n      - other/push: {role-arn: 'arn:aws:iam::111122223333:role/no'}\n";
        let found = read(text);
        let role = "arn:aws:iam::${ACCOUNT}:role/test".to_owned();
        assert_eq!(found.iter().map(|j| j.role.clone()).collect::<Vec<_>>(), [Role::OfTheRun(role)]);
        assert_eq!(found[0].facts.inputs["role-duration-seconds"], "1800");
    }

    #[test]
    fn scripts_tell_which_token_they_show() {
        let job = |script: &str| {
            read(&format!("version: 2.1\njobs: {{a: {{docker: [], steps: [{{run: '{script}'}}]}}}}\n")).remove(0)
        };
        let v1 = job("aws sts assume-role-with-web-identity --role-arn arn:c --web-identity-token $CIRCLE_OIDC_TOKEN");
        assert_eq!(v1.facts.requests.iter().map(|r| r.by).collect::<Vec<_>>(), [Means::CircleToken]);
        assert_eq!(v1.role, Role::Named("arn:c".to_owned()));
        let v2 = job("echo $CIRCLE_OIDC_TOKEN_V2 > t; export AWS_ROLE_ARN=arn:d AWS_WEB_IDENTITY_TOKEN_FILE=t");
        assert_eq!(v2.facts.requests.iter().map(|r| r.by).collect::<Vec<_>>(), [Means::CircleTokenV2]);
        assert_eq!(v2.role, Role::Named("arn:d".to_owned()));
        assert!(job("make").facts.requests.is_empty());
    }
}
