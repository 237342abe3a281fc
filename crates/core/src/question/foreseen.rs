//! The token a CI job will get, foretold from its files where no token is at hand.

use crate::cause::Cause;
use std::collections::BTreeMap;

use trustwalk_trust_policy::{Document, Operator};

use super::Judged;
use crate::evidence::{CiJob, Platform, TokenClaims, TokenSource, View};
use crate::finding::Confidence;

/// The issuer of jobs on github.com (GitHub Docs, configuring AWS for workflows).
const ISSUER: &str = "https://token.actions.githubusercontent.com";
/// From this moment (2026-07-15T00:00:00Z) new repositories have subjects with numeric ids. REPORTED: users of
/// aws-actions/configure-aws-credentials.
const IDS_SINCE: i64 = 1_784_073_600;

/// What a job on GitHub asks for, as far as its files tell it: a token without a subject.
pub(super) fn asked(e: &View<'_>) -> Option<TokenClaims> {
    let job = e.job().known().filter(|j| j.platform == Platform::GithubActions && j.assumes_role && !j.fork)?;
    let may_ask = |p: &BTreeMap<String, String>| p.get("id-token").is_some_and(|v| v == "write");
    if !job.permissions.as_ref().is_some_and(may_ask) || !job.caller_permissions.as_ref().is_none_or(may_ask) {
        return None;
    }
    let aud = job.inputs.get("audience").filter(|a| !a.is_empty()).map_or("sts.amazonaws.com", String::as_str);
    (e.token().known().is_none() && !aud.contains("${{")).then(|| TokenClaims {
        origin: "foretold from the job's files".to_owned(),
        source: TokenSource::Typed,
        alg: "RS256".to_owned(),
        iss: Some(ISSUER.to_owned()),
        aud: vec![aud.to_owned()],
        ..TokenClaims::default()
    })
}

/// The token of a job on GitHub whose subject follows the default template.
pub(super) fn token(e: &View<'_>) -> Option<TokenClaims> {
    let job = e.job().known().filter(|j| j.customised_subject.is_none() && j.repository.contains('/'))?;
    let sub = format!("repo:{}:{}", repository(job), context(job)?);
    Some(TokenClaims { sub: Some(sub), ..asked(e)? })
}

fn repository(job: &CiJob) -> String {
    let late = job.repository_created.is_some_and(|at| at >= IDS_SINCE);
    match (job.repository.split_once('/'), job.ids.get("owner_id"), job.ids.get("repository_id")) {
        (Some((owner, name)), Some(owner_id), Some(id)) if late => format!("{owner}@{owner_id}/{name}@{id}"),
        _ => job.repository.clone(),
    }
}

/// An environment takes the place of everything else, then the pull request, then the ref (GitHub Docs, subject claims).
fn context(job: &CiJob) -> Option<String> {
    let plain = |text: &&String| !text.is_empty() && !text.contains("${{");
    if let Some(environment) = &job.environment {
        return Some(environment).filter(plain).map(|e| format!("environment:{e}"));
    }
    if job.event == "pull_request" {
        return Some("pull_request".to_owned());
    }
    Some(&job.git_ref).filter(plain).map(|r| format!("ref:{r}"))
}

/// A token of which only subject and audience are known, with the other claims that IAM makes keys of as the policy
/// wants them, and their names: what it does not show must not be held against it.
pub(super) fn presumed(token: &TokenClaims, path: &str, document: &Document) -> (TokenClaims, Vec<String>) {
    let mut presumed = token.clone();
    let mut unknown = Vec::new();
    // Every token that was read has a time of expiry.
    if token.exp.is_some() || !token.claims.is_empty() {
        return (presumed, unknown);
    }
    for condition in document.statements.iter().flat_map(|s| &s.conditions) {
        let Some((issuer, claim)) = condition.key.rsplit_once(':') else { continue };
        let known = ["sub", "aud"].iter().any(|k| claim.eq_ignore_ascii_case(k));
        let wanted = condition.values.first().filter(|_| {
            !known && issuer.eq_ignore_ascii_case(path) && trustwalk_trust_policy::claim_becomes_key(path, claim)
        });
        let Some(value) = wanted else { continue };
        unknown.push(claim.to_owned());
        if Operator::parse(&condition.operator).is_some_and(|o| !o.negated) {
            presumed.claims.insert(claim.to_owned(), value.clone());
        }
    }
    (presumed, unknown)
}

/// What the subject of a GitHub token decides by itself.
const BY_SUBJECT: [Cause; 8] = [
    Cause::GhaSubEnvironmentVsRef,
    Cause::GhaSubImmutableIds,
    Cause::GhaSubBranchOrTagNotAllowed,
    Cause::GhaSubCustomised,
    Cause::GhaSubCaseMismatch,
    Cause::GhaSubNoTrailingContext,
    Cause::GhaRepoOrOrgRenamed,
    Cause::WildcardWithStringequals,
];

/// What follows from a foretold token is likely and no more, and only what its subject decides.
pub(super) fn likely(mut judged: Judged) -> Judged {
    judged.found.retain(|c| BY_SUBJECT.contains(&c.cause));
    for cause in &mut judged.found {
        cause.draft.sentence = cause.draft.sentence.replacen("the token's sub is", "the token's sub will be", 1);
        cause.draft.confidence = Confidence::Likely;
        cause.draft.decide = Some(
            "the subject GitHub really wrote: CloudTrail's AssumeRoleWithWebIdentity event, userIdentity.userName"
                .to_owned(),
        );
    }
    judged
}
