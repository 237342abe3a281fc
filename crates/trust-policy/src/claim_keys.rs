//! Which claims of which issuer become condition keys.

use std::borrow::Cow;

/// Claims that GitHub's provider gives besides the common ones. This list and the next two are
/// DOC: Service Authorization Reference, AWS STS, since January 2026.
const GITHUB: &[&str] = &[
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
];
const GITLAB: &[&str] = &["namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment"];
const BUILDKITE: &[&str] = &["build_branch"];

/// Whether IAM makes a condition key of this claim of this issuer (issuer without scheme).
///
/// DOC: `aud`, `sub`, `amr` for all, `oaud` for Google, `app_id` with `user_id` (Amazon) or `id` (Facebook) for the
/// built-in social providers (IAM User Guide, "IAM and AWS STS condition context keys"); since January 2026 a list
/// for each of a few providers. Any other claim never becomes a key (REPORTED).
pub fn claim_becomes_key(issuer: &str, claim: &str) -> bool {
    let (host, claim) = (lower(issuer.split('/').next().unwrap_or(issuer)), lower(claim));
    let claim = &*claim;
    if matches!(claim, "aud" | "sub" | "amr") {
        return true;
    }
    match &*host {
        "token.actions.githubusercontent.com" => GITHUB.contains(&claim),
        "accounts.google.com" => matches!(claim, "oaud" | "google/organization_number"),
        "graph.facebook.com" => matches!(claim, "app_id" | "id"),
        "www.amazon.com" => matches!(claim, "app_id" | "id" | "user_id"),
        "oidc.circleci.com" => claim == "project-id" || claim == "oidc.circleci.com/project-id",
        "gitlab.com" => GITLAB.contains(&claim) || claim.starts_with("user_"),
        "agent.buildkite.com" => {
            BUILDKITE.contains(&claim)
                || ["cluster_", "organization_", "pipeline_"].iter().any(|p| claim.starts_with(p))
        }
        host => host.ends_with(".oraclecloud.com") && claim == "rpst_id",
    }
}

/// Nearly every text is in lower case already.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}
