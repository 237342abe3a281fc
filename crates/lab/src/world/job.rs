//! The CI job: what a pipeline's files say, as data.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};
use trustwalk_lab_issuer::GithubJob;

use super::names::{CI_ROLE, REGION, STS_AUDIENCE, role_arn};

/// A job that deploys with a role it assumes by its ID token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What the issuer knows of it.
    pub github: GithubJob,
    /// Whether the run comes from a fork.
    pub fork: bool,
    /// The `permissions:` block of the job.
    pub permissions: BTreeMap<String, String>,
    /// Permissions the calling workflow grants a reusable one.
    pub caller_permissions: Option<BTreeMap<String, String>>,
    /// Whether a step asks for the role at all.
    pub assumes_role: bool,
    /// Inputs of the step.
    pub inputs: BTreeMap<String, String>,
    /// Audience of the ID token.
    pub audience: String,
    /// Environment variables of the job.
    pub env: BTreeMap<String, String>,
    /// Earlier names of the repository or its owner.
    pub former_names: Vec<String>,
    /// Claim keys of a customised subject.
    pub customised_subject: Vec<String>,
    /// Seconds the job takes.
    pub duration: i64,
}

impl Job {
    /// The job in order: a push to main of `octo-lab/ledger`.
    pub fn healthy() -> Self {
        let text = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        Self {
            github: GithubJob {
                repository: "octo-lab/ledger".to_owned(),
                owner_id: 71_302_114,
                repository_id: 498_221_907,
                git_ref: "refs/heads/main".to_owned(),
                event: "push".to_owned(),
                environment: None,
                workflow: "deploy.yml".to_owned(),
                actor: "ada".to_owned(),
                immutable_ids: false,
                custom_subject: None,
            },
            fork: false,
            permissions: text(&[("contents", "read"), ("id-token", "write")]),
            caller_permissions: None,
            assumes_role: true,
            inputs: text(&[("role-to-assume", &role_arn(CI_ROLE)), ("aws-region", REGION)]),
            audience: STS_AUDIENCE.to_owned(),
            env: BTreeMap::new(),
            former_names: Vec::new(),
            customised_subject: Vec::new(),
            duration: 240,
        }
    }

    /// Whether the platform gives the job an ID token: it needs the permission, in
    /// the caller too, and is not run for a fork (GitHub docs, "Permissions for
    /// the `GITHUB_TOKEN`").
    pub fn gets_token(&self) -> bool {
        let allowed =
            |permissions: &BTreeMap<String, String>| permissions.get("id-token").is_some_and(|level| level == "write");
        !self.fork && allowed(&self.permissions) && self.caller_permissions.as_ref().is_none_or(allowed)
    }

    /// The workflow file. JSON is YAML; block style reads better, so the few levels
    /// there are get written out.
    pub fn workflow(&self) -> String {
        let mut text =
            String::from("name: deploy\non: [push, pull_request]\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n");
        if let Some(environment) = &self.github.environment {
            let _ = writeln!(text, "    environment: {environment}");
        }
        block(&mut text, "    ", "permissions", &self.permissions);
        block(&mut text, "    ", "env", &self.env);
        text.push_str("    steps:\n      - uses: actions/checkout@v5\n");
        if self.assumes_role {
            text.push_str("      - uses: aws-actions/configure-aws-credentials@v5\n");
            block(&mut text, "        ", "with", &self.inputs);
        }
        text.push_str("      - run: ./deploy.sh\n");
        text
    }

    /// What is known about the run besides the workflow.
    pub fn event(&self) -> Value {
        let job = &self.github;
        let mut event = json!({
            "platform": "github-actions",
            "repository": job.repository,
            "ref": job.git_ref,
            "event": job.event,
            "environment": job.environment,
            "fork": self.fork,
            "permissions": self.permissions,
            "assumes_role": self.assumes_role,
            "ids": {"owner_id": job.owner_id.to_string(), "repository_id": job.repository_id.to_string()},
            "former_names": self.former_names,
            "duration": self.duration,
        });
        if let Some(event) = event.as_object_mut() {
            if let Some(caller) = &self.caller_permissions {
                event.insert("caller_permissions".to_owned(), json!(caller));
            }
            if !self.customised_subject.is_empty() {
                event.insert("customised_subject".to_owned(), json!(self.customised_subject));
            }
        }
        event
    }
}

fn block(text: &mut String, indent: &str, name: &str, pairs: &BTreeMap<String, String>) {
    if pairs.is_empty() {
        return;
    }
    let _ = writeln!(text, "{indent}{name}:");
    for (key, value) in pairs {
        let _ = writeln!(text, "{indent}  {key}: {}", json!(value));
    }
}
