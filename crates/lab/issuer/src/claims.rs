//! Claims in the shapes of the two kinds of issuer the lab plays.

use jiff::Timestamp;
use serde_json::{Value, json};

/// Whom a Kubernetes service-account token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesSubject {
    /// Namespace.
    pub namespace: String,
    /// Service account name.
    pub service_account: String,
    /// Service account UID.
    pub uid: String,
    /// Pod the token is bound to: name and UID.
    pub pod: Option<(String, String)>,
}

impl KubernetesSubject {
    /// The claims as an API server 1.36 orders them: alphabetically, `aud` always an
    /// array, `nbf` equal to `iat`.
    pub fn claims(
        &self,
        issuer: &str,
        audiences: &[String],
        issue_time: Timestamp,
        expires: Timestamp,
        jti: &str,
    ) -> Value {
        let mut kubernetes = json!({"namespace": self.namespace});
        if let Some(map) = kubernetes.as_object_mut() {
            if let Some((name, uid)) = &self.pod {
                map.insert("pod".to_owned(), json!({"name": name, "uid": uid}));
            }
            map.insert("serviceaccount".to_owned(), json!({"name": self.service_account, "uid": self.uid}));
        }
        json!({
            "aud": audiences,
            "exp": expires.as_second(),
            "iat": issue_time.as_second(),
            "iss": issuer,
            "jti": jti,
            "kubernetes.io": kubernetes,
            "nbf": issue_time.as_second(),
            "sub": format!("system:serviceaccount:{}:{}", self.namespace, self.service_account),
        })
    }
}

/// A job whose token GitHub Actions would issue. The members are the claims GitHub
/// documents in its "`OpenID` Connect reference".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubJob {
    /// `OWNER/NAME`.
    pub repository: String,
    /// Numeric id of the owner.
    pub owner_id: u64,
    /// Numeric id of the repository.
    pub repository_id: u64,
    /// Full ref, such as `refs/heads/main`.
    pub git_ref: String,
    /// Event name, such as `push` or `pull_request`.
    pub event: String,
    /// Deployment environment of the job.
    pub environment: Option<String>,
    /// Workflow file name.
    pub workflow: String,
    /// Who triggered it.
    pub actor: String,
    /// Put ids next to the names in `sub`, as organisations with immutable subject
    /// claims do.
    pub immutable_ids: bool,
    /// A customised subject replaces the usual one.
    pub custom_subject: Option<String>,
}

impl GithubJob {
    /// The `sub` claim: environment before pull request before ref, as GitHub
    /// documents.
    pub fn subject(&self) -> String {
        if let Some(custom) = &self.custom_subject {
            return custom.clone();
        }
        let (owner, name) = self.repository.split_once('/').unwrap_or_default();
        let repository = if self.immutable_ids {
            format!("{owner}@{}/{name}@{}", self.owner_id, self.repository_id)
        } else {
            self.repository.clone()
        };
        match &self.environment {
            Some(environment) => format!("repo:{repository}:environment:{environment}"),
            None if self.event == "pull_request" => format!("repo:{repository}:pull_request"),
            None => format!("repo:{repository}:ref:{}", self.git_ref),
        }
    }

    /// All claims for `audience`.
    pub fn claims(&self, issuer: &str, audience: &str, issue_time: Timestamp, expires: Timestamp, jti: &str) -> Value {
        let owner = self.repository.split_once('/').map_or("", |(owner, _)| owner);
        let mut claims = json!({
            "jti": jti,
            "sub": self.subject(),
            "aud": audience,
            "ref": self.git_ref,
            "sha": "0f2c6e1d9b7a4c3e8d5f60718293a4b5c6d7e8f9",
            "repository": self.repository,
            "repository_owner": owner,
            "repository_owner_id": self.owner_id.to_string(),
            "run_id": "7000000001",
            "run_number": "42",
            "run_attempt": "1",
            "repository_visibility": "private",
            "repository_id": self.repository_id.to_string(),
            "actor": self.actor,
            "workflow": self.workflow,
            "event_name": self.event,
            "ref_type": if self.git_ref.starts_with("refs/tags/") { "tag" } else { "branch" },
            "job_workflow_ref": format!(
                "{}/.github/workflows/{}@{}", self.repository, self.workflow, self.git_ref
            ),
            "runner_environment": "github-hosted",
            "iss": issuer,
            "nbf": issue_time.as_second().saturating_sub(300),
            "exp": expires.as_second(),
            "iat": issue_time.as_second(),
        });
        if let (Some(map), Some(environment)) = (claims.as_object_mut(), &self.environment) {
            map.insert("environment".to_owned(), json!(environment));
        }
        claims
    }
}
