//! Whether the CI job may ask for a token, and does.

use crate::cause::Cause;
use trustwalk_symptoms::Symptom;

use trustwalk_foreign::snippet;

use super::facts::lacking;
use super::role_arn::some_role;
use super::symptoms::find;
use super::{Draft, Judged};
use crate::evidence::{CiJob, LogFailure, Means, Observed, Platform, Target, TokenRequest, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::GhaIdTokenPermissionMissing,
    Cause::GhaForkPrNoIdToken,
    Cause::CiJobDoesNotRequestToken,
    Cause::IdpRefusesTokenTransient,
    Cause::RoleToAssumeEmpty,
];

/// Judges the job.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    let mut judged = Judged::default();
    if let Some(line) = find(view, &[Symptom::GhaTokenPending]) {
        judged.push(
            Cause::IdpRefusesTokenTransient,
            Draft::new("the identity provider refused a token because it took the job for pending")
                .hear(line)
                .cure("run the job again", &[("workflow", "retry the step".to_owned())]),
        );
    }
    let unavailable = find(view, &[Symptom::GhaIdTokenUnavailable]);
    let Some(job) = e.job().known() else {
        if let Some(line) = unavailable {
            judged.push(
                Cause::GhaIdTokenPermissionMissing,
                permission(Draft::new("the job is not allowed to ask for an ID token").hear(line)),
            );
        } else if let Some(line) = find(view, &[Symptom::GhaCallerLacksIdToken]) {
            judged.push(Cause::GhaIdTokenPermissionMissing, caller_lacks(line));
        } else if let Some(line) = find(view, &[Symptom::CiTokenMissing]) {
            judged.push(Cause::CiJobDoesNotRequestToken, no_token(line));
        } else if judged.found.is_empty() && matches!(e.target(), Target::Job { .. }) && !e.job().is_absent() {
            judged.missing.push(lacking("the job", e.job()));
        } else if judged.found.is_empty() {
            judged.not_applicable = Some("not a CI job".to_owned());
        }
        return judged;
    };
    of_job(view, e, job, unavailable.is_some(), &mut judged);
    judged
}

/// The platform gave the job no token: the line tells that it is not there, not why.
fn no_token(line: &LogFailure) -> Draft {
    let decide = "whether the job's file asks for a token (`id_tokens:` at GitLab, `oidc: true` at Bitbucket, a \
                  context at CircleCI), and whether the same job gets one when it is run again";
    Draft::new("the job asks its platform for no ID token, or its platform is not set up to give one")
        .hear(line)
        .unsure(Confidence::Possible, decide)
        .cure("have the job ask for a token, as its platform's documentation says", &[])
}

/// What the job's own files show.
fn of_job(view: &View<'_>, e: &View<'_>, job: &CiJob, unavailable: bool, judged: &mut Judged) {
    if job.assumes_role && (e.role_arn().is_absent() || e.role_arn().known().is_some_and(|a| a.trim().is_empty())) {
        judged.push(
            Cause::RoleToAssumeEmpty,
            Draft::new("the step assumes no role: role-to-assume is empty, as an unset secret or variable makes it")
                .show("role-to-assume", job.inputs.get("role-to-assume").cloned().unwrap_or_default(), "workflow")
                .cure("set it", &[("workflow", snippet::workflow("role-to-assume: {}", &[&some_role(e)]))]),
        );
        return;
    }
    let bare =
        find(view, &[Symptom::NoCredentials]).filter(|_| !job.assumes_role && job.platform == Platform::GithubActions);
    if let Some(line) = bare {
        judged.push(
            Cause::CiJobDoesNotRequestToken,
            Draft::new("no step of the job asks for a token or a role, and a later step needs AWS credentials")
                .hear(line)
                .show("step that assumes a role", "none", "workflow")
                .cure(
                    "add the step before the first that calls AWS",
                    &[(
                        "workflow",
                        "uses: aws-actions/configure-aws-credentials with role-to-assume and \
                        aws-region; permissions: id-token: write"
                            .to_owned(),
                    )],
                ),
        );
        return;
    }
    if e.token().known().is_some() && !unavailable {
        return;
    }
    if job.fork && job.event == "pull_request" {
        judged.push(
            Cause::GhaForkPrNoIdToken,
            Draft::new(format!(
                "the run is a pull request from a fork of {}, and such runs get no ID token",
                job.repository
            ))
            .show("event", "pull_request from a fork", "event")
            .cure(
                "run the step after the merge or on pushes only",
                &[("workflow", "if: github.event.pull_request.head.repo.full_name == github.repository".to_owned())],
            ),
        );
        return;
    }
    if job.platform == Platform::GithubActions && job.assumes_role && (lacks(job) || unavailable) {
        // A called workflow has its caller's permissions where it gives none.
        if job.event == "workflow_call" && job.permissions.is_none() && !unavailable {
            judged
                .missing
                .push("the permissions of the workflow that calls this one: --job CHECKOUT reads both".to_owned());
        } else {
            let draft = permission(allowed(job));
            // The line of a run tells what no file does.
            let draft = if unavailable || !unsaid(job) { draft } else { draft.unsure(Confidence::Possible, SETTING) };
            judged.push(Cause::GhaIdTokenPermissionMissing, draft);
        }
    } else if let Some(other) = of_the_job(job) {
        judged.push(Cause::CiJobDoesNotRequestToken, other);
    } else if let Some(removed) = removed(job) {
        judged.push(Cause::CiJobDoesNotRequestToken, removed);
    } else if job.platform != Platform::GithubActions
        && (e.token().is_absent() || no_run(e) && says_all(job))
        && job.requests.is_empty()
        && !REQUESTS.iter().any(|r| job.inputs.contains_key(*r))
    {
        judged.push(Cause::CiJobDoesNotRequestToken, unasked(job));
    }
    // What was not read may assume a role, or ask for a token.
    if judged.found.is_empty() && (!job.assumes_role || job.requests.is_empty()) {
        judged.missing.extend(job.unread.iter().map(|what| format!("what the job refers to and was not read: {what}")));
    }
}

/// Whether no run of the job is at hand, so that no token can be: one that is and was not read tells that there is one.
fn no_run(e: &View<'_>) -> bool {
    matches!(e.token(), Observed::NotCollected { .. })
}

/// Whether the job's files say all there is to say of asking: these two give a token to none that does not ask in them
/// (GitLab Docs, "`id_tokens`"; Bitbucket Support, "Integrate Pipelines with resource servers using OIDC").
fn says_all(job: &CiJob) -> bool {
    job.assumes_role && job.unread.is_empty() && matches!(job.platform, Platform::Gitlab | Platform::Bitbucket)
}

/// A token of GitLab's that is for its own API, and none for AWS (GitLab Docs, "CI/CD job token").
fn of_the_job(job: &CiJob) -> Option<Draft> {
    job.requests.iter().find(|r| r.by == Means::CiJobToken)?;
    Some(
        Draft::new("the job shows CI_JOB_TOKEN to AWS, which is for GitLab's own API and no ID token")
            .show("token", "CI_JOB_TOKEN", "job")
            .cure("ask for an ID token, and show that", &[("workflow", GITLAB_ASKS.to_owned())]),
    )
}

/// A variable that GitLab has filled no more since 17.0 (GitLab Docs, "Deprecations").
fn removed(job: &CiJob) -> Option<Draft> {
    let variable = match job.requests.as_slice() {
        [TokenRequest { by: Means::CiJobJwtV2, .. }] => "CI_JOB_JWT_V2",
        [TokenRequest { by: Means::CiJobJwt, .. }] => "CI_JOB_JWT",
        _ => return None,
    };
    Some(
        Draft::new(format!("the job shows {variable}, which GitLab leaves empty since its version 17.0"))
            .show("token", variable, "job")
            .unsure(Confidence::Likely, "the version of the GitLab instance: below 17.0 the variable is still filled")
            .cure("ask for an ID token", &[("workflow", GITLAB_ASKS.to_owned())]),
    )
}

/// How a job of GitLab asks for a token.
const GITLAB_ASKS: &str = "id_tokens: { AWS_TOKEN: { aud: sts.amazonaws.com } }";

/// What a job of another platform asks with.
const REQUESTS: [&str; 2] = ["id_tokens", "oidc"];

fn unasked(job: &CiJob) -> Draft {
    let draft = Draft::new("the job asks its platform for no ID token").show("token", "none", "job");
    let cure = |words: &str| vec![("workflow", words.to_owned())];
    match &job.platform {
        Platform::Gitlab => draft.cure("ask for one", &cure(GITLAB_ASKS)),
        Platform::Bitbucket => draft.cure("ask for one", &cure("oidc: true")),
        // Others give a token without being asked in the job's file, as CircleCI does in CIRCLE_OIDC_TOKEN.
        Platform::GithubActions
        | Platform::Circleci
        | Platform::Buildkite
        | Platform::TerraformCloud
        | Platform::Other(_) => draft
            .unsure(Confidence::Likely, "whether the job's environment holds an ID token of its platform")
            .cure("have the platform issue one", &cure("write the platform's ID token to AWS_WEB_IDENTITY_TOKEN_FILE")),
    }
}

/// What decides where a workflow that is called asks for the token and no caller says a word of permissions (GitHub
/// Docs, "Reusing workflows" and "Managing GitHub Actions settings for a repository").
const SETTING: &str = "what the repository grants where nothing is said: `gh api repos/OWNER/NAME/actions/permissions/\
                       workflow`, or a run's own log";

/// Whether the job asks for the permission, and only what its callers leave unsaid may keep it away.
fn unsaid(job: &CiJob) -> bool {
    job.caller_silent && job.permissions.as_ref().is_some_and(|p| p.get("id-token").is_some_and(|v| v == "write"))
}

fn lacks(job: &CiJob) -> bool {
    let write = |p: &std::collections::BTreeMap<String, String>| p.get("id-token").is_some_and(|v| v == "write");
    !job.permissions.as_ref().is_some_and(write) || job.caller_permissions.as_ref().is_some_and(|p| !write(p))
}

fn allowed(job: &CiJob) -> Draft {
    let say = |p: Option<&std::collections::BTreeMap<String, String>>| {
        p.map_or_else(
            || "none given".to_owned(),
            |p| p.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", "),
        )
    };
    let draft = Draft::new("the job is not allowed to ask for an ID token: `permissions: id-token: write` is missing")
        .show("permissions", say(job.permissions.as_ref()), "workflow");
    match &job.caller_permissions {
        Some(p) => draft.show("permissions of the caller", say(Some(p)), "calling workflow"),
        None => draft,
    }
}

/// GitHub refuses to start a workflow that asks for more than its caller has: what lacks the permission is the job that
/// calls (GitHub Docs, "Reusing workflows", access and permissions).
fn caller_lacks(line: &LogFailure) -> Draft {
    let called = line.failure.detail.as_deref();
    let of_it =
        called.map_or_else(|| "the workflow with the nested job".to_owned(), |name| format!("the workflow {name}"));
    let draft = Draft::new(format!(
        "the job that calls {of_it} does not have the permission `id-token: write`, which a job in there asks for: a \
         called workflow gets no more than its caller has"
    ));
    let title = format!("give the permission to the job that calls {of_it}, or to its whole workflow");
    let uses = match called.map(|name| snippet::workflow("uses: {}", &[name])) {
        Some(uses) => format!("permissions:\n  id-token: write\n  contents: read\n{uses}"),
        None => "permissions:\n  id-token: write\n  contents: read".to_owned(),
    };
    draft.hear(line).cure(title, &[("workflow", uses)])
}

fn permission(draft: Draft) -> Draft {
    draft.cure(
        "allow it, in the calling workflow too",
        &[("workflow", "permissions:\n  id-token: write\n  contents: read".to_owned())],
    )
}
