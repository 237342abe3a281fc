//! Sources of credentials beside the injected identity: keys, files, profiles.

use trustwalk_symptoms::Sdk;

use super::another::is_another;
use super::facts::{FILE_VARIABLE, Placed, has_web_identity, identity_given, placed, set_in, wrote};
use super::symptoms::{differing, recent};
use super::token_file::{default_token, is_refusal};
use super::{Draft, entered, names};
use crate::cause::Cause;
use crate::evidence::{AwsFile, AwsProfile, Container, FileOrigin, Variable, View};
use crate::finding::Confidence;

const KEYS: [Variable; 2] = [Variable::AwsAccessKeyId, Variable::AwsSecretAccessKey];

/// What of the container's own configuration leads the SDK elsewhere than to the injected identity.
pub(super) fn beside(e: &View<'_>) -> Vec<(Cause, Draft)> {
    if let Some(path) = default_token(e) {
        let draft = Draft::new(format!(
            "{FILE_VARIABLE} points to {path}, the token for the API server, whose audience STS does not take"
        ))
        .show("container env", format!("{FILE_VARIABLE}={path}"), "pod")
        .cure("let the webhook set it", &[("kubectl", names::unset(e, &[FILE_VARIABLE.name()]))]);
        return vec![(Cause::WrongTokenFileKubernetesDefaultToken, draft)];
    }
    if let Some(draft) = keys(e) {
        return vec![(Cause::StaticOrOtherCredentialsTakePrecedence, draft)];
    }
    if !given(e) {
        return Vec::new();
    }
    if let Some(draft) = another_profile(e).or_else(|| told_otherwise(e)) {
        return vec![(Cause::AppConfiguredForAnotherCredentialSource, draft)];
    }
    let file = entered::keys(e)
        .or_else(|| credentials_file(e))
        .map(|draft| (Cause::StaticOrOtherCredentialsTakePrecedence, draft));
    file.into_iter().collect()
}

/// Whether the identity was injected for the account's own role.
fn given(e: &View<'_>) -> bool {
    identity_given(e) && e.service_account().known().is_some_and(|s| s.role_arn().is_some())
}

/// Keys in the environment, which SDKs take first (AWS SDKs and Tools Reference Guide, "Credential provider chain"),
/// all but the SDK for .NET before version 4 (AWS SDK for .NET 3 and 4 Developer Guides, "Credential and profile
/// resolution"; its `FallbackCredentialsFactory` and `DefaultAWSCredentialsIdentityResolver`).
fn keys(e: &View<'_>) -> Option<Draft> {
    let job =
        e.job().known().filter(|j| j.env.get("AWS_ACCESS_KEY_ID").is_some_and(|v| !v.is_empty()) && j.assumes_role);
    let holders = || beside_identity(e).filter_map(|at| Some((at, set_in(at.1, &KEYS)?)));
    let speaks = |at: Placed<'_>| recent(e).into_iter().find(|l| wrote(at, l));
    // What one container is told is nothing to the others: the one that fails comes first.
    let held = holders().find(|(at, _)| speaks(*at).is_some()).or_else(|| holders().next()).filter(|_| given(e));
    let (name, from) = held
        .as_ref()
        .map(|(_, set)| set.clone())
        .or_else(|| job.map(|_| ("AWS_ACCESS_KEY_ID".to_owned(), "set".to_owned())))?;
    let taken = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let place = held
        .as_ref()
        .map_or_else(|| "where the workload runs".to_owned(), |(at, _)| format!("in container {}", at.1.name));
    let draft = Draft::new(format!(
        "{name} is set {place} ({from}), and SDKs take keys before web identity, all but .NET's before version 4"
    ));
    let dotnet = recent(e).into_iter().find(|l| l.failure.sdk == Some(Sdk::DotNet));
    let draft = match (dotnet, held.map(|(at, _)| at)) {
        (Some(line), _) => draft.hear(line).unsure(Confidence::Likely, "the version of AWSSDK.Core in the application"),
        (None, Some(at)) if speaks(at).is_none() && has_neighbours(e, at) => {
            let decide = format!("whether container {} calls AWS at all: its own log", at.1.name);
            let draft = draft.unsure(Confidence::Likely, decide);
            if e.pods_down() == 0 { draft.warns() } else { draft }
        }
        (None, _) => draft,
    };
    Some(draft.show("environment", format!("{name} ({from})"), "container or runner").cure(
        "remove the keys",
        &[
            ("kubectl", names::unset(e, &taken)),
            ("workflow", "remove AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from env:".to_owned()),
        ],
    ))
}

/// The containers that were given the identity.
fn beside_identity<'a>(e: &View<'a>) -> impl Iterator<Item = Placed<'a>> + use<'a> {
    placed(e).filter(|(_, c)| has_web_identity(c))
}

/// Whether other containers with the identity go on running beside one.
fn has_neighbours(e: &View<'_>, (_, container): Placed<'_>) -> bool {
    placed(e).any(|(_, c)| c.name != container.name && (!c.init || c.sidecar) && has_web_identity(c))
}

/// The profile that a container's SDK reads: the one that `AWS_PROFILE` names, else `default`.
fn profile<'a>(container: &'a Container, file: &'a AwsFile) -> Option<&'a AwsProfile> {
    let name = container.env_value(Variable::AwsProfile).filter(|v| !v.is_empty()).unwrap_or("default");
    file.profiles.known()?.iter().find(|p| p.name == name)
}

/// A profile of a mounted configuration names another role than the injected one.
fn another_profile(e: &View<'_>) -> Option<Draft> {
    let ours = e.role_arn().known()?.trim();
    let told = || {
        placed(e).filter_map(|at| {
            at.1.aws_files.iter().find_map(|file| {
                let profile = profile(at.1, file)?;
                let other = profile.role_arn.as_deref().filter(|arn| *arn != ours)?;
                Some((at, file, profile, other))
            })
        })
    };
    let refusal = |at: Placed<'_>| {
        let lines = recent(e).into_iter().chain(differing(e));
        lines.into_iter().find(|l| is_refusal(l.failure.symptom) && wrote(at, l)).or_else(|| is_another(e, at))
    };
    // Of several pods the one that was refused: another may not have come to it yet.
    let (at, file, profile, other) = told().find(|(at, ..)| refusal(*at).is_some()).or_else(|| told().next())?;
    let from = origin(&file.from);
    let draft = Draft::new(format!(
        "the profile {} of {}, which comes from {from}, names the role {other}, and the injected identity is for \
         {ours}",
        profile.name, file.path
    ))
    .show("role_arn of the profile", other, from)
    .show("injected", ours, "pod");
    let refused = refusal(at);
    let decide = "which role the workload asks for: CloudTrail's AssumeRoleWithWebIdentity event, or its log at debug \
                  level";
    let draft = match refused {
        Some(line) if line.failure.role_arn.as_deref() == Some(other) => draft.hear(line),
        Some(line) => draft.hear(line).unsure(Confidence::Likely, decide),
        None => draft.unsure(Confidence::Likely, decide).warns(),
    };
    let mut variables: Vec<&str> = file.variable().map(Variable::name).into_iter().collect();
    // Without the file there is no profile of that name, and SDKs that are told one look no further.
    if !variables.is_empty() && at.1.has_env(Variable::AwsProfile) {
        variables.push(Variable::AwsProfile.name());
    }
    let command = if variables.is_empty() {
        "take the file out of the pod template".to_owned()
    } else {
        names::unset(e, &variables)
    };
    let tool = if variables.is_empty() { "note" } else { "kubectl" };
    Some(draft.cure("have profile and service account name one role, or take the profile away", &[(tool, command)]))
}

/// Whether a profile is known that names another role than the one that was injected.
pub(super) fn names_another_role(e: &View<'_>) -> bool {
    given(e) && another_profile(e).is_some()
}

/// A variable that leads elsewhere, where the log shows that the identity is not used.
fn told_otherwise(e: &View<'_>) -> Option<Draft> {
    let asked = [Variable::AwsProfile, Variable::AwsCredentialExpiration];
    let mut told = placed(e).filter_map(|at| Some((set_in(at.1, &asked)?, is_another(e, at)?)));
    let ((name, value), line) = told.next()?;
    let draft = Draft::new(format!(
        "the application is configured with {name}={value}, another source of credentials than the injected web \
         identity"
    ));
    let draft = draft.hear(line).show("container env", format!("{name}={value}"), "pod");
    Some(draft.cure("remove it", &[("kubectl", names::unset(e, &[&name]))]))
}

/// A file with keys beside the injected identity. SDKs differ in which of the two they take: JavaScript's reads files
/// first, Go's and Java's the web identity (AWS SDKs and Tools Reference Guide, "Credential provider chain"; the
/// guides of the SDKs).
fn credentials_file(e: &View<'_>) -> Option<Draft> {
    let named = |file: &&AwsFile| {
        let keys = file.profiles.known().is_some_and(|all| all.iter().any(|p| p.has_keys || p.has_process));
        let secret = matches!(file.from, FileOrigin::Secret { .. });
        keys || secret || file.variable() == Some(Variable::AwsSharedCredentialsFile)
    };
    let own = |at: Placed<'_>| {
        let Some(file) = at.1.aws_files.iter().find(named) else {
            let (name, value) = set_in(at.1, &[Variable::AwsSharedCredentialsFile])?;
            return Some((value, "the container's environment".to_owned(), Some(name)));
        };
        Some((file.path.clone(), origin(&file.from), file.variable.clone()))
    };
    let all = || placed(e).filter_map(|at| Some((at, own(at)?)));
    let (at, (path, from, told)) = all().find(|(at, _)| is_another(e, *at).is_some()).or_else(|| all().next())?;
    let draft = Draft::new(format!(
        "beside the injected identity the container has the credentials file {path}, from {from}, and SDKs differ in \
         which of the two they take"
    ))
    .show("credentials file", path, from);
    let decide = format!("who the workload is: `{}`", names::in_pod(e, None, "aws sts get-caller-identity", &[]));
    let draft = match is_another(e, at) {
        Some(line) => draft.hear(line).unsure(Confidence::Likely, decide),
        None => draft.unsure(Confidence::Likely, decide).warns(),
    };
    let cure = match told {
        Some(name) => ("kubectl", names::unset(e, &[&name])),
        None => ("note", "take the mount out of the pod template".to_owned()),
    };
    Some(draft.cure("take the file away from the container", &[cure]))
}

/// Where a file comes from, in words.
fn origin(from: &FileOrigin) -> String {
    match from {
        FileOrigin::Image => "the image".to_owned(),
        FileOrigin::ConfigMap { name, .. } => format!("ConfigMap {name}"),
        FileOrigin::Secret { name, .. } => format!("Secret {name}"),
        FileOrigin::Volume { name, volume_kind } => format!("volume {name} ({volume_kind})"),
    }
}
