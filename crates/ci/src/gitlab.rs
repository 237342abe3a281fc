//! GitLab's `.gitlab-ci.yml` (GitLab Docs, "CI/CD YAML syntax reference").

mod rules;

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};
use trustwalk_core::evidence::{CiJob, Means, Platform, TokenRequest};

use crate::limits::{FOLLOWED, INCLUDES, LEVELS, UNREAD};
use crate::value::{inside, member, members, parse, strings, texts};
use crate::{Files, Job, Role, shell};
pub(crate) use rules::of_pattern;

/// Names at the top of a file that are no jobs (the same page, "Global keywords").
const NO_JOBS: [&str; 11] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "spec",
];

/// The keywords of `default` that decide something here.
const INHERITED: [&str; 3] = ["id_tokens", "before_script", "after_script"];

/// The jobs of a file with what it includes.
pub(crate) fn jobs(path: &str, value: Value, more: &dyn Files) -> Vec<Job> {
    let mut unread = Vec::new();
    let Value::Object(own) = value else { return Vec::new() };
    let mut left = INCLUDES;
    let whole = included(own, more, &mut unread, &mut left, 0);
    let left = Cell::new(FOLLOWED);
    let pipeline = Pipeline { variables: strings(whole.get("variables")), whole: &whole, left };
    whole
        .keys()
        .filter(|name| !name.starts_with('.') && !NO_JOBS.contains(&name.as_str()))
        .filter_map(|name| {
            let job = pipeline.job(name, 0)?;
            Some(pipeline.facts(path, name, &job, &unread))
        })
        .collect()
}

/// A file over what it includes: its own members win, hashes of the same name are merged ("Use CI/CD configuration
/// from other files").
fn included(
    own: Map<String, Value>,
    more: &dyn Files,
    unread: &mut Vec<String>,
    left: &mut usize,
    level: usize,
) -> Map<String, Value> {
    let mut whole = Map::new();
    let include = own.get("include").cloned().unwrap_or(Value::Null);
    let entries: Vec<&Value> = match &include {
        Value::Array(entries) => entries.iter().collect(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![&include],
    };
    for entry in entries {
        match local(entry) {
            Ok(path) => match read(&path, more, left, level) {
                Ok(Value::Object(theirs)) => {
                    let theirs = included(theirs, more, unread, left, level + 1);
                    merge(&mut whole, theirs);
                }
                Ok(_) => {}
                Err(reason) => note(unread, format!("include `{path}`: {reason}")),
            },
            Err(what) => note(unread, format!("include of {what}, which is not in this checkout")),
        }
    }
    merge(&mut whole, own);
    whole
}

/// The path of an include from the checkout, or what else it is.
fn local(entry: &Value) -> Result<String, String> {
    let address = |text: &str| text.starts_with("https://") || text.starts_with("http://");
    match entry.as_str() {
        Some(path) if !address(path) => Ok(path.to_owned()),
        Some(_) => Err("a remote file".to_owned()),
        None => {
            if let Some(path) = member(entry, "local") {
                return Ok(path);
            }
            let kind = ["project", "template", "component", "remote", "artifact"].into_iter().find_map(|kind| {
                let value = member(entry, kind)?;
                Some(if kind == "remote" { "a remote file".to_owned() } else { format!("{kind} `{value}`") })
            });
            Err(kind.unwrap_or_else(|| "something that is not understood".to_owned()))
        }
    }
}

fn read(path: &str, more: &dyn Files, left: &mut usize, level: usize) -> Result<Value, String> {
    if level >= LEVELS {
        return Err(format!("more than {LEVELS} levels of includes"));
    }
    if path.contains(['*', '$']) {
        return Err("a pattern or variable in a path is not followed".to_owned());
    }
    *left = left.checked_sub(1).ok_or_else(|| format!("more than {INCLUDES} includes"))?;
    let place = inside(path).ok_or("it leads out of the checkout")?;
    let text = more.read(&place)?.ok_or("there is no such file in the checkout")?;
    parse(&text)
}

fn note(unread: &mut Vec<String>, what: String) {
    if unread.len() < UNREAD && !unread.contains(&what) {
        unread.push(what);
    }
}

/// Theirs over ours, hash by hash; lists are replaced (the same page, `extends`, "merge details").
fn merge(ours: &mut Map<String, Value>, theirs: Map<String, Value>) {
    for (name, value) in theirs {
        match (ours.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            (_, value) => {
                ours.insert(name, value);
            }
        }
    }
}

struct Pipeline<'a> {
    whole: &'a Map<String, Value>,
    variables: BTreeMap<String, String>,
    left: Cell<usize>,
}

impl Pipeline<'_> {
    /// A job with what it extends, `!reference` put in, and the defaults that it does not set.
    fn job(&self, name: &str, level: usize) -> Option<Map<String, Value>> {
        let mut job = self.extended(name, level)?;
        if job.get("trigger").is_some() && job.get("script").is_none() {
            return None;
        }
        for (key, value) in &mut job {
            if key != "variables" {
                *value = self.referenced(value, 0);
            }
        }
        for key in INHERITED {
            if job.get(key).is_none()
                && inherits(&job, key)
                && let Some(value) =
                    self.whole.get("default").and_then(|d| d.get(key)).or_else(|| self.old_default(key))
            {
                job.insert(key.to_owned(), self.referenced(value, 0));
            }
        }
        Some(job)
    }

    /// `before_script` and `after_script` may stand at the top, as they did before there was `default`.
    fn old_default(&self, key: &str) -> Option<&Value> {
        self.whole.get(key).filter(|_| key != "id_tokens")
    }

    fn extended(&self, name: &str, level: usize) -> Option<Map<String, Value>> {
        self.left.set(self.left.get().checked_sub(1)?);
        let own = self.whole.get(name)?.as_object()?;
        let mut job = Map::new();
        if level < LEVELS {
            for parent in texts(own.get("extends")) {
                if let Some(theirs) = self.extended(&parent, level + 1) {
                    merge(&mut job, theirs);
                }
            }
        }
        merge(&mut job, own.clone());
        Some(job)
    }

    /// `!reference [job, keyword, …]`. The tag is lost when YAML is read: a list of texts, the first of which names
    /// a member of the file and the rest lead somewhere, is one.
    fn referenced(&self, value: &Value, level: usize) -> Value {
        if level >= LEVELS {
            return Value::Null;
        }
        match value {
            Value::Array(list) => match self.reference(list) {
                Some(found) => self.referenced(found, level + 1),
                None => Value::Array(list.iter().map(|v| self.referenced(v, level + 1)).collect()),
            },
            Value::Object(map) => {
                Value::Object(map.iter().map(|(k, v)| (k.clone(), self.referenced(v, level + 1))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn reference(&self, list: &[Value]) -> Option<&Value> {
        let [first, rest @ ..] = list else { return None };
        if rest.is_empty() {
            return None;
        }
        self.left.set(self.left.get().checked_sub(1)?);
        rest.iter().try_fold(self.whole.get(first.as_str()?)?, |value, key| value.get(key.as_str()?))
    }

    fn facts(&self, path: &str, name: &str, job: &Map<String, Value>, unread: &[String]) -> Job {
        let mut variables = self.variables.clone();
        if job.get("inherit").and_then(|i| i.get("variables")) == Some(&Value::Bool(false)) {
            variables.clear();
        }
        variables.extend(members(job.get("variables")).filter_map(|(k, v)| {
            // A variable may be described: `{value: …, description: …}`.
            Some((k.clone(), crate::value::text(v).or_else(|| member(v, "value"))?))
        }));
        let script = ["before_script", "script", "after_script"].map(|k| texts(job.get(k)).join("\n")).join("\n");
        variables.extend(shell::exports(&script));
        let assume = shell::assumes(&script).into_iter().next();
        let role = assume.as_ref().and_then(|a| a.role.clone()).or_else(|| variables.get("AWS_ROLE_ARN").cloned());
        let role = Role::of(role.map(|r| shell::resolved(&r, &variables)));
        let mut requests = requests(job, &script, &variables);
        let shown = assume.as_ref().and_then(|a| a.token.as_deref());
        for (name, by) in REMOVED {
            // What is shown to AWS counts, whatever else the job asks for.
            if shows(name, shown, &script, &variables) {
                requests.retain(|r| r.by == by);
                requests.truncate(1);
            }
        }
        if shows("CI_JOB_TOKEN", shown, &script, &variables) {
            let by = Means::CiJobToken;
            requests.push(TokenRequest { by, audiences: Vec::new(), lifetime: None, subject_claim: None });
        }
        let mut inputs = BTreeMap::new();
        if requests.iter().any(|r| r.by == Means::IdTokens) {
            inputs.insert("id_tokens".to_owned(), "true".to_owned());
        }
        if let Some(seconds) = assume.as_ref().and_then(|a| a.seconds.clone()) {
            inputs.insert("role-duration-seconds".to_owned(), shell::resolved(&seconds, &variables));
        }
        let environment = job.get("environment");
        let environment = environment.and_then(|e| crate::value::text(e).or_else(|| member(e, "name")));
        let facts = CiJob {
            platform: Platform::Gitlab,
            assumes_role: assume.is_some() || role != Role::None,
            environment: environment.map(|e| shell::resolved(&e, &variables)),
            triggers: rules::triggers(job),
            requests,
            inputs,
            unread: unread.to_vec(),
            env: variables.keys().map(|name| (name.clone(), "set".to_owned())).collect(),
            ..CiJob::default()
        };
        let role_from = if assume.is_some() { "--role-arn" } else { "AWS_ROLE_ARN" };
        Job { file: path.to_owned(), id: name.to_owned(), role_from, role, facts, ..Job::default() }
    }
}

/// `inherit: default: false`, or a list of what is inherited.
fn inherits(job: &Map<String, Value>, key: &str) -> bool {
    match job.get("inherit").and_then(|i| i.get("default")) {
        Some(Value::Bool(all)) => *all,
        Some(Value::Array(some)) => some.iter().any(|k| k == key),
        _ => true,
    }
}

/// Variables that GitLab has filled no more since 17.0 (GitLab Docs, "Deprecations").
const REMOVED: [(&str, Means); 3] =
    [("CI_JOB_JWT_V2", Means::CiJobJwtV2), ("CI_JOB_JWT", Means::CiJobJwt), ("CI_JOB_JWT_V1", Means::CiJobJwt)];

fn requests(job: &Map<String, Value>, script: &str, variables: &BTreeMap<String, String>) -> Vec<TokenRequest> {
    let asked = |by, audiences| TokenRequest { by, audiences, lifetime: None, subject_claim: None };
    let mut all: Vec<TokenRequest> = members(job.get("id_tokens"))
        .map(|(_, token)| {
            let audiences = texts(token.get("aud")).iter().map(|a| shell::resolved(a, variables)).collect();
            asked(Means::IdTokens, audiences)
        })
        .collect();
    let in_variables = |name: &str| variables.values().any(|v| shell::names(v, name));
    for (name, by) in REMOVED {
        if shell::names(script, name) || in_variables(name) {
            all.push(asked(by, Vec::new()));
        }
    }
    all
}

/// Whether it is this variable that is shown to AWS: as the token of the exchange, or in the file that holds it.
fn shows(own: &str, token: Option<&str>, script: &str, variables: &BTreeMap<String, String>) -> bool {
    const FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
    let is = |text: &str| shell::names(text, own);
    let variable = |text: &str| variables.iter().any(|(name, value)| is(value) && shell::names(text, name));
    let file = variables.get(FILE);
    let holds = |path: &String| shell::names(path, FILE) || file.is_some_and(|f| f == path);
    token.is_some_and(|t| is(t) || variable(t)) || shell::writes(script, own).iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(&'static str, &'static str);

    impl Files for One {
        fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
            Ok((path == self.0).then(|| self.1.as_bytes().to_vec()))
        }
    }

    fn read(text: &str, more: &dyn Files) -> Vec<Job> {
        jobs(".gitlab-ci.yml", parse(text.as_bytes()).unwrap(), more)
    }

    #[test]
    fn what_is_extended_included_and_referred_to_is_put_together() {
        let shared = ".aws:\n  id_tokens: {AWS: {aud: sts.amazonaws.com}}\n  variables: {ROLE: 'arn:x'}\n\
                      .login:\n  script: [aws sts assume-role-with-web-identity --role-arn $ROLE --web-identity-token \
                      $AWS]\n";
        let text = "include: [{local: /ci/aws.yml}, {project: acme/ci, file: a.yml}]\n\
                    deploy:\n  extends: .aws\n  environment: {name: prod}\n  script: [!reference [.login, script], \
                    make]\n\
                    test: {script: [make]}\n";
        let found = read(text, &One("ci/aws.yml", shared));
        assert_eq!(found.iter().map(|j| j.id.as_str()).collect::<Vec<_>>(), ["deploy", "test"]);
        let deploy = &found[0];
        assert_eq!(deploy.role, Role::Named("arn:x".to_owned()));
        assert_eq!(deploy.facts.requests[0].audiences, ["sts.amazonaws.com"]);
        assert_eq!(deploy.facts.environment.as_deref(), Some("prod"));
        assert!(deploy.facts.unread.iter().any(|u| u.contains("project `acme/ci`")), "{:?}", deploy.facts.unread);
        assert!(found[1].facts.requests.is_empty());
    }

    #[test]
    fn defaults_are_inherited_unless_a_job_says_otherwise() {
        let text = "default: {id_tokens: {A: {aud: a}}}\nvariables: {AWS_ROLE_ARN: 'arn:y'}\n\
                    one: {script: [x]}\ntwo: {script: [x], id_tokens: {B: {aud: b}}}\n\
                    three: {script: [x], inherit: {default: false, variables: false}}\n";
        let found = read(text, &crate::Nothing);
        let audiences = |n: usize| found[n].facts.requests.iter().flat_map(|r| r.audiences.clone()).collect::<Vec<_>>();
        assert_eq!((audiences(0), audiences(1), audiences(2)), (vec!["a".to_owned()], vec!["b".to_owned()], vec![]));
        assert_eq!(found[0].role, Role::Named("arn:y".to_owned()));
        assert_eq!(found[2].role, Role::None);
    }

    #[test]
    fn old_tokens_and_variables_of_the_project_are_told() {
        let text = "deploy:\n  script:\n    - echo \"${CI_JOB_JWT_V2}\" > /tmp/t\n    \
                    - aws sts assume-role-with-web-identity --role-arn $DEPLOY_ROLE --duration-seconds 3600\n";
        let found = read(text, &crate::Nothing);
        assert_eq!(found[0].facts.requests[0].by, Means::CiJobJwtV2);
        assert_eq!(found[0].role, Role::OfTheRun("$DEPLOY_ROLE".to_owned()));
        assert_eq!(found[0].facts.inputs["role-duration-seconds"], "3600");
    }

    #[test]
    fn the_jobs_own_token_is_told_where_it_is_shown_to_aws() {
        let shows = |script: &str, more: &str| {
            let found = read(&format!("deploy:\n  script:\n    - {script}\n{more}"), &crate::Nothing);
            found[0].facts.requests.iter().any(|r| r.by == Means::CiJobToken)
        };
        let exchange = "aws sts assume-role-with-web-identity --role-arn arn:x --web-identity-token";
        assert!(shows(&format!("{exchange} $CI_JOB_TOKEN"), ""));
        assert!(shows(&format!("{exchange} $T"), "  variables: {T: '${CI_JOB_TOKEN}'}\n"));
        assert!(shows("echo $CI_JOB_TOKEN > /tmp/t", "  variables: {AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/t}\n"));
        assert!(!shows(&format!("{exchange} $AWS"), "  id_tokens: {AWS: {aud: sts.amazonaws.com}}\n"));
        // What it is for.
        assert!(!shows("git clone https://gitlab-ci-token:$CI_JOB_TOKEN@gitlab.com/a/b", ""));
        assert!(!shows("echo $CI_JOB_TOKEN > ~/.netrc", ""));
    }

    #[test]
    fn circles_end() {
        let text = "include: a.yml\n.a: {extends: .b}\n.b: {extends: .a}\njob: {extends: .a, script: [!reference \
            [job, script]]}\n";
        assert_eq!(read(text, &One("a.yml", "include: a.yml\nx: {script: [y]}\n")).len(), 2);
    }
}
