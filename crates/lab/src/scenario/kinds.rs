//! Issuers by their kind: where each is, and what its tokens say. The claims are those that each platform documents of
//! its ID tokens; names and numbers are made up.

use serde_json::{Map, Value, json};
use trustwalk_lab_issuer::GithubJob;

use super::form::Kind;
use crate::world::Job;

/// What a kind is.
pub(crate) struct Nature {
    /// Where it is, for those that are in one place for everybody.
    pub(crate) url: Option<&'static str>,
    /// Audience that its tokens have unless another is asked for.
    pub(crate) audience: &'static str,
    /// Claims, without those that each token has.
    pub(crate) claims: Map<String, Value>,
}

/// Audience that AWS documents for most.
const STS: &str = "sts.amazonaws.com";

/// What a kind is.
pub(crate) fn nature(kind: Kind) -> Nature {
    let of = |url, audience, claims: Value| Nature {
        url,
        audience,
        claims: claims.as_object().cloned().unwrap_or_default(),
    };
    match kind {
        // GitHub docs, "OpenID Connect reference".
        Kind::Github => of(Some("https://token.actions.githubusercontent.com"), STS, github(&Job::healthy().github)),
        Kind::GithubEnterprise => of(None, STS, github(&Job::healthy().github)),
        // GitLab docs, "OpenID Connect (OIDC) Authentication Using ID Tokens", "Token payload".
        Kind::Gitlab => of(Some("https://gitlab.com"), "https://gitlab.com", gitlab()),
        Kind::GitlabSelfManaged => of(None, STS, gitlab()),
        // CircleCI docs, "Using OpenID Connect tokens in jobs": issuer and audience are of the organization.
        Kind::Circleci => of(
            Some("https://oidc.circleci.com/org/5f0c7a52-1f6b-4c6e-9a37-2f1c0f6b8d11"),
            "5f0c7a52-1f6b-4c6e-9a37-2f1c0f6b8d11",
            json!({
                "sub": "org/5f0c7a52-1f6b-4c6e-9a37-2f1c0f6b8d11/project/0c9b2a77-8f2d-4f4a-8a0e-6a51a7d1b2c3/user/\
                        7e4d1c3b-5a69-4877-9685-a4b3c2d1e0f9",
                "oidc.circleci.com/project-id": "0c9b2a77-8f2d-4f4a-8a0e-6a51a7d1b2c3",
                "oidc.circleci.com/context-ids": [],
                "oidc.circleci.com/vcs-origin": "github.com/octo-lab/ledger",
                "oidc.circleci.com/vcs-ref": "refs/heads/main",
            }),
        ),
        // Buildkite docs, "OIDC in Buildkite Pipelines", "Claims".
        Kind::Buildkite => of(
            Some("https://agent.buildkite.com"),
            STS,
            json!({
                "sub": "organization:octo-lab:pipeline:ledger:ref:refs/heads/main:commit:\
                        0f2c6e1d9b7a4c3e8d5f60718293a4b5c6d7e8f9:step:deploy",
                "organization_slug": "octo-lab", "pipeline_slug": "ledger", "build_number": 42,
                "build_branch": "main", "step_key": "deploy",
            }),
        ),
        // HCP Terraform docs, "Workload Identity".
        Kind::TerraformCloud => of(
            Some("https://app.terraform.io"),
            "aws.workload.identity",
            json!({
                "sub": "organization:octo-lab:project:ledger:workspace:ledger-prod:run_phase:apply",
                "terraform_run_phase": "apply", "terraform_organization_name": "octo-lab",
                "terraform_project_name": "ledger", "terraform_workspace_name": "ledger-prod",
                "terraform_full_workspace": "organization:octo-lab:project:ledger:workspace:ledger-prod",
            }),
        ),
        // Self-hosted clusters, whose documents are in a bucket: a service account's token.
        Kind::Bucket => of(
            None,
            STS,
            json!({
                "sub": "system:serviceaccount:payments:ledger",
                "kubernetes.io": {"namespace": "payments", "serviceaccount": {"name": "ledger"}},
            }),
        ),
        // SPIFFE JWT-SVID: the subject is the workload's id.
        Kind::Spire => of(None, STS, json!({"sub": "spiffe://octo-lab.example/ns/payments/sa/ledger"})),
        Kind::Other => of(None, STS, json!({"sub": "ledger"})),
    }
}

fn github(job: &GithubJob) -> Value {
    let none = jiff::Timestamp::UNIX_EPOCH;
    let mut claims = job.claims("", "", none, none, "");
    if let Some(all) = claims.as_object_mut() {
        all.retain(|name, _| !["iss", "aud", "jti", "nbf", "exp", "iat"].contains(&name.as_str()));
    }
    claims
}

fn gitlab() -> Value {
    json!({
        "sub": "project_path:octo-lab/ledger:ref_type:branch:ref:main",
        "namespace_id": "71302114", "namespace_path": "octo-lab", "project_id": "498221", "project_path":
        "octo-lab/ledger", "user_login": "ada", "pipeline_id": "7000000001", "pipeline_source": "push", "job_id":
        "8000000001", "ref": "main", "ref_type": "branch", "ref_protected": "true", "runner_environment":
        "gitlab-hosted",
    })
}
