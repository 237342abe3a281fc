//! From workflows down to the jobs that run, through workflows that are called.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;
use trustwalk_core::evidence::{CiJob, Means, Platform, Refs, TokenRequest, Trigger};

use super::action::{self, Actions, Step, defaults, note};
use super::condition::narrowed;
use super::expression::Known;
use super::{Workflow, matrix, trigger};
use crate::limits::{FOLLOWED, JOBS, LEVELS};
use crate::value::{file_name, inside, items, member, parse, strings, text};
use crate::{Files, Job, Role, shell};

type Permissions = BTreeMap<String, String>;

/// How a workflow comes to run.
#[derive(Debug, Clone, Default)]
struct Call {
    triggers: Vec<Trigger>,
    /// What the calling job may grant; nothing for a workflow that is not called.
    granted: Option<Permissions>,
    /// Whether nobody on the way says a word of permissions.
    silent: bool,
    inputs: BTreeMap<String, String>,
    /// Each workflow and job on the way: `main.yml, job go`.
    by: Vec<String>,
    /// Their paths.
    paths: Vec<String>,
    /// The ids of the jobs that call, in the same order.
    ids: Vec<String>,
}

pub(super) struct Walk<'a> {
    workflows: Vec<Rc<Workflow>>,
    more: &'a dyn Files,
    actions: Actions<'a>,
    repository: Option<&'a str>,
    called: BTreeSet<String>,
    /// Calls that were followed: combinations of a matrix that hand over the same are one.
    followed: BTreeSet<String>,
    /// Jobs that were looked at.
    seen: usize,
    found: Vec<Job>,
    /// The workflow at which there were too many.
    cut: Option<String>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(workflows: &'a [Workflow], more: &'a dyn Files, repository: Option<&'a str>) -> Self {
        Self {
            workflows: workflows.iter().cloned().map(Rc::new).collect(),
            more,
            actions: Actions::new(more),
            repository,
            called: BTreeSet::new(),
            followed: BTreeSet::new(),
            seen: 0,
            found: Vec::new(),
            cut: None,
        }
    }

    /// The jobs, and the workflow at which there were too many.
    pub(super) fn jobs(mut self) -> (Vec<Job>, Option<String>) {
        let workflows = self.workflows.clone();
        for workflow in &workflows {
            let all = trigger::triggers(workflow);
            let (calls, own): (Vec<Trigger>, Vec<Trigger>) = all.into_iter().partition(|t| t.refs == Refs::Caller);
            if !own.is_empty() || calls.is_empty() {
                self.workflow(workflow, &Call { triggers: own, ..Call::default() });
            }
        }
        // Who only waits for a caller, and has none here, is looked at alone.
        for workflow in &workflows {
            let all = trigger::triggers(workflow);
            if !self.called.contains(&workflow.path) && !all.is_empty() && all.iter().all(|t| t.refs == Refs::Caller) {
                self.workflow(workflow, &Call { triggers: all, ..Call::default() });
            }
        }
        (self.found, self.cut)
    }

    fn workflow(&mut self, workflow: &Workflow, call: &Call) {
        let of_workflow = permissions(workflow.value.get("permissions"));
        let env = strings(workflow.value.get("env"));
        let mut inputs = workflow.events().iter().find(|(e, _)| *e == "workflow_call").map(|(_, v)| defaults(v));
        inputs.get_or_insert_default().extend(call.inputs.clone());
        for (id, job) in workflow.jobs() {
            let own = permissions(job.get("permissions")).or_else(|| of_workflow.clone());
            for matrix in matrix::combinations(job) {
                self.seen += 1;
                if self.found.len() >= JOBS || self.seen > FOLLOWED {
                    self.cut.get_or_insert_with(|| workflow.path.clone());
                    return;
                }
                let mut known = Known::default();
                known.add("inputs", inputs.as_ref().unwrap_or(&BTreeMap::new()));
                known.add("matrix", &matrix);
                known.add("env", &env);
                let condition = member(job, "if").map(|c| known.put_in(&c));
                let triggers = narrowed(&call.triggers, condition.as_deref());
                if triggers.is_empty() && !call.triggers.is_empty() {
                    continue;
                }
                let on = On { workflow, id, job, own: own.clone(), env: &env, known: &known, triggers };
                match job.get("uses").and_then(Value::as_str) {
                    Some(uses) => self.called(uses, &on, call),
                    None => self.leaf(&on, call),
                }
            }
        }
    }

    /// A job that calls a workflow: it may grant what it has, and no more.
    fn called(&mut self, uses: &str, on: &On<'_>, call: &Call) {
        let silent = on.own.is_none() && (call.granted.is_none() || call.silent);
        let granted = effective(on.own.clone(), call.granted.as_ref()).unwrap_or_default();
        match self.workflow_of(uses, call) {
            Ok(workflow) => {
                self.called.insert(workflow.path.clone());
                let given = strings(on.job.get("with")).into_iter().map(|(k, v)| (k, on.known.put_in(&v)));
                let with: BTreeMap<String, String> = matrix::asked_for(&workflow.value, "inputs", given.collect());
                let way = format!("{:?} {} {:?} {:?} {with:?}", call.ids, on.id, call.paths, on.workflow.path);
                if !self.followed.insert(format!("{way} {:?} {granted:?}", on.triggers)) {
                    return;
                }
                let mut next = Call {
                    triggers: on.triggers.clone(),
                    granted: Some(granted),
                    silent,
                    inputs: with,
                    by: call.by.clone(),
                    paths: call.paths.clone(),
                    ids: call.ids.clone(),
                };
                next.by.push(format!("{}, job {}", on.workflow.file(), on.id));
                next.paths.push(on.workflow.path.clone());
                next.ids.push(on.id.clone());
                self.workflow(&workflow, &next);
            }
            Err(reason) => {
                let what = format!("the called workflow `{uses}`: {reason}");
                let role = if writes(&granted) { Role::Elsewhere(what.clone()) } else { Role::None };
                let facts = CiJob {
                    platform: Platform::GithubActions,
                    permissions: Some(granted),
                    caller_permissions: call.granted.clone(),
                    caller_silent: call.silent,
                    triggers: on.triggers.clone(),
                    unread: vec![what],
                    ..CiJob::default()
                };
                self.push(on, call, (role, on.id.clone(), false), facts, &[]);
            }
        }
    }

    /// A workflow that is called, or why it is not followed.
    fn workflow_of(&mut self, uses: &str, call: &Call) -> Result<Rc<Workflow>, String> {
        let (place, version) = uses.split_once('@').map_or((uses, None), |(p, v)| (p, Some(v)));
        let path = if place.starts_with("./") {
            inside(place).ok_or("it leads out of the checkout")?
        } else {
            let own = self.repository.and_then(|r| place.strip_prefix(r)).and_then(|p| p.strip_prefix('/'));
            own.map(str::to_owned)
                .ok_or_else(|| format!("it is of another repository, at {}", version.unwrap_or("no version")))?
        };
        if call.paths.contains(&path) {
            return Err("it calls itself".to_owned());
        }
        if call.paths.len() >= LEVELS {
            return Err(format!("workflows are followed {LEVELS} levels deep"));
        }
        // A single file that was handed over has no folder.
        let same = |w: &&Rc<Workflow>| w.path == path || (!w.path.contains('/') && w.path == file_name(&path));
        if let Some(known) = self.workflows.iter().find(same) {
            return Ok(Rc::clone(known));
        }
        let text = self.more.read(&path)?.ok_or("it is not in this checkout")?;
        let read = Rc::new(Workflow::new(&path, parse(&text)?));
        self.workflows.push(Rc::clone(&read));
        Ok(read)
    }

    fn leaf(&mut self, on: &On<'_>, call: &Call) {
        let mut known = on.known.clone();
        let mut env = on.env.clone();
        env.extend(strings(on.job.get("env")));
        known.add("env", &env);
        let mut unread = Vec::new();
        let action::Found { mut steps, beside } = action::find(on.job.get("steps"), &known, &self.actions, &mut unread);
        if steps.is_empty() {
            steps.extend(by_script(on.job));
        }
        if steps.is_empty() {
            return self.step(on, call, (None, on.id.clone()), (&unread, &[]));
        }
        for (position, step) in steps.into_iter().enumerate() {
            let id = match position {
                0 => on.id.clone(),
                _ => format!("{}, step {} that assumes a role", on.id, position + 1),
            };
            let beside = if position == 0 { beside.as_slice() } else { &[] };
            self.step(on, call, (Some(step), id), (&unread, beside));
        }
    }

    /// What a job shows in one of its steps.
    fn step(
        &mut self,
        on: &On<'_>,
        call: &Call,
        (step, id): (Option<Step>, String),
        (unread, beside): (&[String], &[String]),
    ) {
        let mut known = on.known.clone();
        let mut env = on.env.clone();
        env.extend(strings(on.job.get("env")));
        known.add("env", &env);
        let mut unread = unread.to_vec();
        let mut triggers = on.triggers.clone();
        for condition in step.iter().flat_map(|s| &s.conditions) {
            triggers = narrowed(&triggers, Some(condition));
        }
        if triggers.is_empty() && !on.triggers.is_empty() {
            note(&mut unread, "the step's condition holds for none of the workflow's triggers".to_owned());
            triggers.clone_from(&on.triggers);
        }
        let mut inputs = BTreeMap::new();
        if let Some(step) = &step {
            known.add("env", &step.env);
            env.extend(step.env.clone());
            inputs = step.inputs.iter().map(|(k, v)| (k.clone(), known.put_in(v))).collect();
        }
        let role = Role::of(inputs.get("role-to-assume").cloned());
        let environment = on.job.get("environment").and_then(|e| text(e).or_else(|| member(e, "name")));
        let audience = inputs.get("audience").filter(|a| !a.is_empty()).cloned();
        let by_keys = step.as_ref().is_some_and(|s| s.by_keys);
        let request = step.as_ref().filter(|_| !by_keys).map(|step| TokenRequest {
            by: if step.of_aws { Means::Action } else { Means::OtherStep },
            audiences: audience.into_iter().collect(),
            lifetime: None,
            subject_claim: None,
        });
        let facts = CiJob {
            platform: Platform::GithubActions,
            git_ref: git_ref(&triggers).unwrap_or_default(),
            event: event(&triggers).unwrap_or_default(),
            environment: environment.map(|e| known.put_in(&e)).filter(|e| !e.is_empty()),
            permissions: on.own.clone().or_else(|| call.granted.clone()),
            caller_permissions: call.granted.clone(),
            caller_silent: call.silent,
            assumes_role: step.is_some() && !by_keys,
            inputs,
            env,
            triggers,
            requests: request.into_iter().collect(),
            unread,
            ..CiJob::default()
        };
        self.push(on, call, (role, id, by_keys), facts, beside);
    }

    fn push(
        &mut self,
        on: &On<'_>,
        call: &Call,
        (role, id, by_keys): (Role, String, bool),
        facts: CiJob,
        beside: &[String],
    ) {
        let mut through: Vec<(String, String)> = call.paths.iter().cloned().zip(call.ids.iter().cloned()).collect();
        through.push((on.workflow.path.clone(), on.id.clone()));
        let job = Job {
            file: on.workflow.path.clone(),
            id,
            called_by: (!call.by.is_empty()).then(|| call.by.join(", ")),
            through,
            role_from: "role-to-assume",
            role,
            facts,
            beside: beside.to_vec(),
            by_keys,
        };
        // Combinations of a matrix, and steps, that differ in nothing that matters here are one.
        let of_job =
            |j: &&Job| j.file == job.file && (j.id == job.id || j.id == *on.id) && j.called_by == job.called_by;
        if !self.found.iter().filter(of_job).any(|j| j.role == job.role && j.facts == job.facts) {
            self.found.push(job);
        }
    }
}

/// A job on its way.
struct On<'a> {
    workflow: &'a Workflow,
    id: &'a String,
    job: &'a Value,
    own: Option<Permissions>,
    env: &'a BTreeMap<String, String>,
    known: &'a Known,
    triggers: Vec<Trigger>,
}

/// What a job has when its caller may grant this: a permission can be taken away on the way down, and not raised
/// (GitHub Docs, "Reusable workflows reference").
fn effective(own: Option<Permissions>, granted: Option<&Permissions>) -> Option<Permissions> {
    match granted {
        None => own,
        Some(granted) if !writes(granted) => Some(granted.clone()),
        Some(granted) => own.or_else(|| Some(granted.clone())),
    }
}

fn writes(permissions: &Permissions) -> bool {
    permissions.get("id-token").is_some_and(|v| v == "write")
}

/// `permissions:` as a map; `write-all` and `read-all` are spelt out for the one that matters here.
pub(super) fn permissions(v: Option<&Value>) -> Option<Permissions> {
    let found = v?;
    Some(match found.as_str() {
        Some(all) => BTreeMap::from([("id-token".to_owned(), all.strip_suffix("-all").unwrap_or(all).to_owned())]),
        None => strings(Some(found)),
    })
}

/// A script that exchanges the token itself.
fn by_script(job: &Value) -> Option<Step> {
    items(job.get("steps")).find_map(|step| {
        let script = member(step, "run")?;
        let assume = shell::assumes(&script).into_iter().next()?;
        let mut variables = strings(step.get("env"));
        variables.extend(shell::exports(&script));
        let given = [
            ("role-to-assume", assume.role),
            ("role-duration-seconds", assume.seconds),
            ("role-session-name", assume.session_name),
            ("audience", audience(&script)),
        ];
        let inputs = given.into_iter().filter_map(|(k, v)| Some((k.to_owned(), shell::resolved(&v?, &variables))));
        Some(Step {
            inputs: inputs.collect(),
            env: BTreeMap::new(),
            conditions: member(step, "if").into_iter().collect(),
            of_aws: false,
            by_keys: false,
        })
    })
}

/// `…&audience=NAME` at the address that gives the token (GitHub Docs, "`OpenID` Connect reference").
fn audience(script: &str) -> Option<String> {
    let (_, rest) = script.split_once("ACTIONS_ID_TOKEN_REQUEST_URL")?;
    let (_, rest) = rest.split_once("audience=")?;
    let end = rest.find(['"', '\'', ' ', '&', '\n']).unwrap_or(rest.len());
    rest.get(..end).map(|a| a.replace("%3A", ":").replace("%2F", "/")).filter(|a| !a.is_empty())
}

/// The event, when there is one that is not started by hand.
fn event(triggers: &[Trigger]) -> Option<String> {
    let names: BTreeSet<&str> = triggers.iter().map(|t| t.event.as_str()).collect();
    let only = names.first().filter(|only| names.len() == 1 && **only != "workflow_dispatch")?;
    Some((*only).to_owned())
}

/// The ref of its runs, when only pushes to one branch start it.
fn git_ref(triggers: &[Trigger]) -> Option<String> {
    let [Trigger { event, refs: Refs::Branches { only, except }, .. }] = triggers else { return None };
    let [branch] = only.as_slice() else { return None };
    let literal = !branch.contains(['*', '?', '[', '!', '+', '\\']) && except.is_empty();
    (literal && event == "push").then(|| format!("refs/heads/{branch}"))
}
