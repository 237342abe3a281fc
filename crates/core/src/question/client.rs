//! What a line alone tells of the client in the workload: how it is set up to call STS, and how its chain ended.

use trustwalk_symptoms::{Failure, Frame, Sdk, Symptom as S};

use super::facts::{Has, ROLE_VARIABLE, has_web_identity, lacking, writers, writers_have};
use super::own_chain::listed;
use super::symptoms::recent;
use super::{Draft, Judged, names, shown, uses};
use crate::cause::Cause;
use crate::evidence::{LogFailure, Means, Variable, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::StsClientHasNoRegion,
    Cause::StsCalledAtAnotherServicesEndpoint,
    Cause::StsEndpointWithoutTls,
    Cause::CredentialChainInterruptedOnce,
    Cause::AppOrSdkLacksPodIdentitySupport,
    Cause::AppConfiguredForAnotherCredentialSource,
    Cause::AnnotationKeyWrong,
    Cause::AppOrSdkLacksWebIdentitySupport,
    // Only ruled out here, by what the line tells of who spoke.
    Cause::JavaStsModuleMissing,
    Cause::WindowsTokenPath,
];

/// Judges the client's own settings by what it says.
pub(super) fn causes(view: &View<'_>) -> Judged {
    let mut judged = Judged::default();
    for line in recent(view) {
        if let Some((cause, draft)) = told(view, line)
            && !judged.found.iter().any(|f| f.cause == cause)
        {
            judged.push(cause, draft);
        }
    }
    let unnamed = Cause::StsClientHasNoRegion;
    if let Some(draft) = step_without_region(view).filter(|_| judged.found.iter().all(|f| f.cause != unnamed)) {
        judged.push(unnamed, draft);
    }
    known_to_the_client(view, &mut judged);
    if judged.found.is_empty() && view.logs().is_open() {
        judged.missing.push(lacking("the logs", view.logs()));
    }
    judged
}

/// GitHub's step that is told no region: `configure-aws-credentials` asks for one before anything else, and newer
/// versions take the variable `AWS_REGION` (its `action.yml` and `src/helpers.ts`).
fn step_without_region(view: &View<'_>) -> Option<Draft> {
    // A step that showed a token was told one.
    let unseen = view.token().known().is_none();
    let job = view.job().known().filter(|j| unseen && j.requests.iter().any(|r| r.by == Means::Action))?;
    let given = job.inputs.get("aws-region").map(|r| r.trim());
    if given.is_some_and(|r| !r.is_empty()) || job.env.contains_key(Variable::AwsRegion.name()) {
        return None;
    }
    let draft = Draft::new("the step configure-aws-credentials is told no aws-region, without which it does nothing")
        .show("aws-region", given.unwrap_or("not there"), "workflow")
        .unsure(
            Confidence::Likely,
            "whether an earlier step or the runner's machine sets AWS_REGION, which newer versions of the action take",
        );
    Some(draft.cure("name the region", &[("workflow", "aws-region: eu-west-1".to_owned())]))
}

/// Rules out what the client that wrote every line concerned cannot have.
fn known_to_the_client(view: &View<'_>, judged: &mut Judged) {
    let contradicts = |cause: Cause, failure: &Failure| {
        if cause == Cause::JavaStsModuleMissing {
            has_sts_built_in(failure)
        } else if cause == Cause::WindowsTokenPath {
            tells_an_empty_path(failure)
        } else {
            asks_for_web_identity(failure)
        }
    };
    let lacks = Cause::AppOrSdkLacksWebIdentitySupport;
    for cause in [lacks, Cause::JavaStsModuleMissing, Cause::WindowsTokenPath] {
        let lines: Vec<_> = recent(view).into_iter().filter(|l| cause.shows().contains(&l.failure.symptom)).collect();
        if lines.is_empty()
            && let Some(by) = uses::web_identity(view, None).filter(|_| cause == lacks)
        {
            judged.exclude(cause, by);
        }
        let used = |l| uses::web_identity(view, Some(l)).filter(|_| cause == lacks);
        let all: Option<Vec<String>> =
            lines.into_iter().map(|l| used(l).or_else(|| contradicts(cause, &l.failure))).collect();
        if let Some(by) = all.and_then(|all| all.into_iter().next()) {
            judged.exclude(cause, by);
        }
    }
}

/// The client has web identity among its sources, as the line shows.
fn asks_for_web_identity(f: &Failure) -> Option<String> {
    if f.sdk == Some(Sdk::GithubAction) {
        return Some(format!("{} asks for web identity by itself", Sdk::GithubAction.name()));
    }
    if f.symptom == S::NoCredentials && f.frames.contains(&Frame::WebIdentity) {
        return Some("the chain that ended had web identity among its sources".to_owned());
    }
    let session = f.caller_arn.as_deref().filter(|a| a.contains(":assumed-role/"))?.rsplit('/').next()?;
    by_an_sdk(session).then(|| format!("{session} is such a name as an SDK gives the session of its own exchange"))
}

/// Whether a session has the name that an SDK makes up where `AWS_ROLE_SESSION_NAME` is not set: botocore
/// (`credentials.py`), Go 1 and 2 (`stscreds`, nanoseconds alone), Java 1 and 2, JavaScript 3 and Rust (their providers
/// of web identity).
fn by_an_sdk(session: &str) -> bool {
    const PREFIXES: [&str; 4] = ["botocore-session-", "aws-sdk-java-", "aws-sdk-js-session-", "web-identity-token-"];
    let digits = |s: &str, least: usize| s.len() >= least && s.bytes().all(|b| b.is_ascii_digit());
    digits(session, 19) || PREFIXES.iter().any(|p| session.strip_prefix(p).is_some_and(|rest| digits(rest, 10)))
}

/// Of the SDKs, only Java's, .NET's and older ones for JavaScript have STS in a module of its own.
fn has_sts_built_in(f: &Failure) -> Option<String> {
    let sdk = f.sdk?;
    let apart = matches!(sdk, Sdk::JavaV1 | Sdk::JavaV2 | Sdk::DotNet | Sdk::HadoopS3a | Sdk::Kotlin);
    // Only what says so itself: the others end their search in other words.
    let apart = apart || sdk == Sdk::JavaScript && f.symptom == S::StsModuleMissing;
    (!apart).then(|| format!("{} spoke, which needs no module for STS", sdk.name()))
}

/// Of a path that is not given .NET's SDK alone says what it says of one that is none on its system.
fn tells_an_empty_path(f: &Failure) -> Option<String> {
    let sdk = f.sdk.filter(|sdk| f.symptom == S::WebIdentityNotGiven && *sdk != Sdk::DotNet)?;
    Some(format!("{} spoke, and says so of a path that is not given alone", sdk.name()))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "most symptoms are other questions' business")]
fn told(view: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let f = &line.failure;
    let who = f.sdk.map_or("its SDK", trustwalk_symptoms::Sdk::name);
    let host = f.host.as_deref();
    Some(match f.symptom {
        S::StsRegionMissing | S::RegionMissing => {
            let words = match &f.detail {
                None if f.symptom == S::RegionMissing => {
                    format!("the application makes a client of AWS without a region, and {who} takes none by itself")
                }
                Some(word) => format!("the client of STS is given `{word}` as its region, which is none of AWS's"),
                None => {
                    format!("the application makes a client of STS without a region, and {who} takes none by itself")
                }
            };
            let draft = Draft::new(words).hear(line).cure(
                "name the region: AWS_REGION in the container, or in the application's configuration",
                &[region(view)],
            );
            let draft = match f.symptom {
                S::RegionMissing => draft.unsure(
                    Confidence::Likely,
                    "whether AWS_REGION is in the container: the webhook injects it beside the role, so that a pod \
                     that was not injected lacks both",
                ),
                _ => draft,
            };
            (Cause::StsClientHasNoRegion, draft)
        }
        S::StsWrongEndpoint => {
            let at = host.map(|h| format!(" ({h})")).unwrap_or_default();
            let draft = Draft::new(format!(
                "the call for STS went to the endpoint of another service{at}, which does not know it"
            ))
            .hear(line)
            .cure(
                "give the endpoint to the one service that it is meant for: AWS_ENDPOINT_URL_S3 and the like, \
                     not AWS_ENDPOINT_URL, and no endpoint on the client of STS",
                &[("kubectl", names::unset(view, &["AWS_ENDPOINT_URL"]))],
            );
            (Cause::StsCalledAtAnotherServicesEndpoint, variables(view, line, draft))
        }
        S::StsPlainHttp | S::EndpointWithoutScheme => {
            let words = if f.symptom == S::StsPlainHttp {
                let at = host.map(|h| format!(" {h}")).unwrap_or_default();
                format!("the client is told to call STS{at} without TLS, by plain http")
            } else {
                "an endpoint is configured without its scheme, so that the client cannot tell how to call it".to_owned()
            };
            let draft = Draft::new(words).hear(line).cure(
                "write the endpoint with https://, or leave it out",
                &[("kubectl", names::unset(view, &["AWS_ENDPOINT_URL_STS"]))],
            );
            (Cause::StsEndpointWithoutTls, variables(view, line, draft))
        }
        S::ChainInterrupted | S::PodIdentityAgentTimeout => {
            let given = writers_have(view, line, has_web_identity) == Has::Yes;
            let draft = Draft::new(
                "the client asked its sources of credentials in turn, and one that did not answer in time ended the \
                 search: it may be a disturbance that passes",
            )
            .hear(line)
            .unsure(
                Confidence::Possible,
                "whether it comes again: then no identity was injected (annotation, age of the pod, webhook): the \
                 pod's own YAML shows AWS_ROLE_ARN or does not",
            )
            .cure("restart the workload", &[("kubectl", names::on_workload(view, "rollout restart", "", &[]))]);
            let draft = if given { draft.show("injected", ROLE_VARIABLE.name(), "pod") } else { draft };
            (Cause::CredentialChainInterruptedOnce, draft)
        }
        S::AnnotationKeyUnknown => shown::another_key(line),
        _ => return shown::unused(view, line).or_else(|| listed(view, line)),
    })
}

/// The command that names the region.
fn region(view: &View<'_>) -> (&'static str, String) {
    ("kubectl", names::on_workload(view, "set env", " AWS_REGION={}", &[names::region(view)]))
}

/// Shows the variables that set an endpoint where the line was written.
fn variables(view: &View<'_>, line: &LogFailure, mut draft: Draft) -> Draft {
    const ENDPOINTS: [Variable; 2] = [Variable::AwsEndpointUrlSts, Variable::AwsEndpointUrl];
    let containers = writers(view, line).into_iter().map(|(_, c)| c);
    for (name, value) in containers
        .flat_map(|c| ENDPOINTS.iter().filter_map(|v| Some((v.name(), c.env_value(*v).filter(|v| !v.is_empty())?))))
    {
        draft = draft.show("container env", format!("{name}={value}"), "pod");
    }
    draft
}
