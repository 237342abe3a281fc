//! The container, the SDK in it and the application: whether they use the identity that they were given.

use trustwalk_symptoms::{Region, Symptom as S};

use super::another::{denied_as_another, given, without};
use super::facts::{FILE_VARIABLE, Has, has_web_identity, lacking, variable, writers_have};
use super::own_chain::set_up_otherwise;
use super::symptoms::{WITHOUT_IDENTITY, recent};
use super::{Draft, Judged, chain_end, names, signed, sources, token_file, uses};
use crate::cause::Cause;
use crate::evidence::{LogFailure, Variable, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::TokenFileUnreadableFsgroup,
    Cause::AppOrSdkLacksWebIdentitySupport,
    Cause::AppConfiguredForAnotherCredentialSource,
    Cause::JavaStsModuleMissing,
    Cause::StaticOrOtherCredentialsTakePrecedence,
    Cause::AppOrSdkLacksPodIdentitySupport,
    Cause::ImdsHopLimitBlocksNodeRole,
    Cause::AutomountServiceAccountTokenFalse,
    Cause::RegionNotEnabledForAccount,
    Cause::RoleAssumesItself,
    Cause::TokenFileAbsentWhereCodeRuns,
    Cause::WrongTokenFileKubernetesDefaultToken,
    Cause::PodIdentityAgentMissing,
    Cause::StsCallSentToWrongPartitionRegion,
    Cause::WindowsTokenPath,
    Cause::ProfileChainingDoesNotIncludeWebIdentity,
    Cause::SignedRequestTimeOff,
    Cause::SessionTokenAskedWithSession,
];

/// Judges the container, the SDK and the application.
pub(super) fn causes(view: &View<'_>) -> Judged {
    let mut judged = Judged::default();
    // The node's role after a passing failure of STS is that failure's business.
    let passing =
        super::network::causes(view).found.iter().any(|f| f.cause == Cause::TransientStsFailureFallsBackToNodeRole);
    if passing {
        return judged;
    }
    let lacks = Cause::AppOrSdkLacksWebIdentitySupport;
    let mut used = None;
    for line in recent(view) {
        let Some((cause, draft)) = heard(view, line) else { continue };
        let draft = if cause == lacks { refused_first(view, draft) } else { draft };
        if let Some(by) = uses::web_identity(view, Some(line)).filter(|_| cause == lacks) {
            used = Some(by);
        } else if !judged.found.iter().any(|c| c.cause == cause) {
            judged.push(cause, draft.hear(line));
            let otherwise = Some(cause).filter(|c| *c == lacks).and_then(|_| set_up_otherwise(view, line));
            if let Some((other, draft)) = otherwise.filter(|(o, _)| judged.found.iter().all(|c| c.cause != *o)) {
                judged.push(other, draft.hear(line));
            }
        }
    }
    for (cause, draft) in sources::beside(view) {
        let unused = Cause::AppOrSdkLacksWebIdentitySupport;
        judged.found.retain(|c| c.cause != cause && (c.cause != unused || draft.is_warning()));
        judged.push(cause, draft);
    }
    if let Some(by) = used.filter(|_| judged.found.iter().all(|c| c.cause != lacks)) {
        judged.exclude(lacks, by);
    }
    let unreadable = Cause::TokenFileUnreadableFsgroup;
    if let Some(draft) = token_file::of_root_alone(view).filter(|_| judged.found.iter().all(|c| c.cause != unreadable))
    {
        judged.push(unreadable, draft);
    }
    let absent = Cause::TokenFileAbsentWhereCodeRuns;
    if let Some(draft) = token_file::elsewhere(view) {
        judged.found.retain(|c| c.cause != absent);
        judged.push(absent, draft);
    }
    if let Some(draft) = token_file::on_windows(view) {
        judged.found.retain(|c| c.cause != Cause::WindowsTokenPath);
        judged.push(Cause::WindowsTokenPath, draft);
    }
    chain_end::contradict(view, CAUSES, &mut judged);
    if judged.found.is_empty() && view.logs().is_open() {
        judged.missing.push(lacking("the logs", view.logs()));
    }
    judged
}

/// A chain of sources goes on to the next where STS refuses the exchange (Java's and .NET's chains; AWS SDKs and Tools
/// Reference Guide, "Credential provider chain"): while it refuses ours, that the identity is not used follows from it.
fn refused_first(view: &View<'_>, draft: Draft) -> Draft {
    let refused = view.exchange().known().is_some_and(|x| x.assumed.is_none() && x.code.is_some() && !x.is_passing());
    if !refused {
        return draft;
    }
    let decide = "whether it uses the identity once STS accepts it: what STS refuses, a chain of sources passes over";
    draft.unsure(Confidence::Possible, decide)
}

/// What one line says of container, SDK or application.
#[expect(clippy::wildcard_enum_match_arm, reason = "most symptoms are other questions' business")]
fn heard(e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let web = || writers_have(e, line, has_web_identity) != Has::No;
    Some(match line.failure.symptom {
        S::TokenFileUnreadable => (Cause::TokenFileUnreadableFsgroup, token_file::unreadable(e, line)),
        S::TokenFileMissing => token_file::missing(e, line, web()),
        S::WrongTokenFile => (Cause::WrongTokenFileKubernetesDefaultToken, wrong_token_file(e)),
        S::WindowsPath => (Cause::WindowsTokenPath, token_file::unix_path()),
        S::StsModuleMissing => (Cause::JavaStsModuleMissing, module_missing()),
        S::PodIdentityHostRefused => (Cause::AppOrSdkLacksPodIdentitySupport, host_refused()),
        S::TokenFileNotOpened => (Cause::TokenFileUnreadableFsgroup, token_file::not_opened(e, line)),
        S::PodIdentityAgentUnreachable => (Cause::PodIdentityAgentMissing, agent_silent(e)),
        // Agents that run are slow, and not missing.
        S::PodIdentityAgentTimeout if e.pod_identity_agent().known().is_none_or(|ready| *ready == 0) => {
            (Cause::PodIdentityAgentMissing, agent_slow())
        }
        S::ProfileMissing => (Cause::AppConfiguredForAnotherCredentialSource, profile_missing(e, line)),
        S::StaticKeysEmpty => (Cause::AppConfiguredForAnotherCredentialSource, keys_empty(e)),
        S::CredentialSourceEmpty => (Cause::ProfileChainingDoesNotIncludeWebIdentity, chained(e)),
        S::RegionDisabled => (Cause::RegionNotEnabledForAccount, region_disabled(e, line)),
        S::SecurityTokenInvalid if region_suspected(e, line) => (Cause::RegionNotEnabledForAccount, foreign_session()),
        S::SignatureScope => (Cause::StsCallSentToWrongPartitionRegion, signed_elsewhere(e, line)),
        S::AssumeRoleSelf => (Cause::RoleAssumesItself, assumes_itself()),
        S::AssumeRoleDenied if same_role(e, line) => (Cause::RoleAssumesItself, assumes_itself()),
        S::ImdsUnreachable if !web() => (Cause::ImdsHopLimitBlocksNodeRole, metadata_silent()),
        S::ClockSkew => (Cause::SignedRequestTimeOff, signed::time_off(line)),
        S::SessionWithSession => (Cause::SessionTokenAskedWithSession, signed::session_with_session()),
        S::AccessDeniedAction => denied_as_another(e, line)?,
        // A provider of web identity that was given nothing is known to the application.
        S::WebIdentityNotGiven => return None,
        s if WITHOUT_IDENTITY.contains(&s) && given(e, line) => without(e, line),
        _ => return None,
    })
}

fn note(text: &str) -> [(&'static str, String); 1] {
    [("note", text.to_owned())]
}

fn wrong_token_file(e: &View<'_>) -> Draft {
    Draft::new(format!("{FILE_VARIABLE} points to the token for the API server, whose audience STS does not take"))
        .cure("let the webhook set it", &[("kubectl", names::unset(e, &[FILE_VARIABLE.name()]))])
}

fn module_missing() -> Draft {
    Draft::new("the application has the SDK without its module for STS, which web identity needs").cure(
        "add the module: software.amazon.awssdk:sts (Java SDK 2), aws-java-sdk-sts (Java SDK 1), AWSSDK.SecurityToken \
         (.NET), or getDefaultRoleAssumerWithWebIdentity of @aws-sdk/client-sts (JavaScript 3)",
        &note("a dependency of the application, not of the cluster"),
    )
}

fn host_refused() -> Draft {
    Draft::new("the SDK in the application is too old for the Pod Identity agent's address")
        .cure("update the SDK", &note("or use the role-arn annotation instead of the association"))
}

fn agent_silent(e: &View<'_>) -> Draft {
    let cluster = names::cluster(e);
    let command = "aws eks create-addon --addon-name eks-pod-identity-agent --cluster-name {}";
    Draft::new("the Pod Identity agent does not answer").cure(
        "install the add-on eks-pod-identity-agent",
        &[("aws", trustwalk_foreign::shell::line(command, &[cluster]))],
    )
}

fn agent_slow() -> Draft {
    let look = "kubectl get pods -n kube-system -l app.kubernetes.io/name=eks-pod-identity-agent -o wide";
    Draft::new(
        "the Pod Identity agent did not answer in time: none runs on the pod's node, or one that has just started, or \
         one that waits for EKS Auth itself, or the client's own limit is short",
    )
    .unsure(Confidence::Possible, format!("`{look}` tells whether one runs on the node, its log whether it was asked"))
    .cure("see whether the agent runs on the pod's node", &[("kubectl", look.to_owned())])
}

fn profile_missing(e: &View<'_>, line: &LogFailure) -> Draft {
    let named = line.failure.detail.as_ref().map(|profile| format!(" ({profile})")).unwrap_or_default();
    Draft::new(format!(
        "the application is told to use a profile{named} and its container has none of that name; the injected \
         identity is not looked at"
    ))
    .cure(
        "take the profile out of the application's configuration",
        &[("kubectl", names::unset(e, &[Variable::AwsProfile.name()]))],
    )
}

/// A source of static keys was named in code or configuration, and SDKs ask no other beside it.
fn keys_empty(e: &View<'_>) -> Draft {
    let taken = [Variable::AwsAccessKeyId.name(), Variable::AwsSecretAccessKey.name()];
    Draft::new(
        "the application hands its client keys of its own, of which both or one is empty, so that the client asks no \
         other source of credentials",
    )
    .unsure(
        Confidence::Likely,
        "where the keys come from: the application's configuration, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in \
         its environment",
    )
    .cure(
        "leave keys out of the application's configuration and environment altogether, so that its client takes the \
         SDK's default chain",
        &[
            ("kubectl", names::unset(e, &taken)),
            ("note", "an empty value is a value; the setting has to go".to_owned()),
        ],
    )
}

fn chained(e: &View<'_>) -> Draft {
    let decide = "the profile's section in the configuration file that AWS_CONFIG_FILE or ~/.aws/config names";
    let file = given_value(e, FILE_VARIABLE).unwrap_or("/var/run/secrets/eks.amazonaws.com/serviceaccount/token");
    let role = e.role_arn().known().map_or("ROLE-ARN", String::as_str);
    let example = format!(
        "[profile irsa] web_identity_token_file = {file} role_arn = {role}; [profile app] source_profile = irsa"
    );
    Draft::new(
        "a profile chains roles with credential_source = Environment, which means key variables and never the web \
         identity",
    )
    .unsure(Confidence::Likely, decide)
    .cure(
        "give the first role a profile of its own with web_identity_token_file and role_arn, and name that with \
         source_profile",
        &note(&example),
    )
}

/// The value that a container of the pods has for a variable.
fn given_value<'a>(e: &View<'a>, variable: Variable) -> Option<&'a str> {
    let mut containers = e.pods().known()?.iter().flat_map(|p| &p.spec.containers);
    containers.find_map(|c| c.env.iter().find(|v| v.name() == variable.name())?.value().filter(|v| !v.is_empty()))
}

fn region_disabled(e: &View<'_>, line: &LogFailure) -> Draft {
    let region = line.failure.region.as_ref().map_or_else(|| names::region(e), |r| r.as_str());
    let command = trustwalk_foreign::shell::line("aws account enable-region --region-name {}", &[region]);
    Draft::new("STS is not active in this region for the account")
        .cure("activate the region, or ask another region's STS", &[("aws", command)])
}

fn foreign_session() -> Draft {
    let command = "aws iam set-security-token-service-preferences --global-endpoint-token-version v2Token";
    Draft::new(
        "AWS does not know the session in this region: the region is opt-in, or the session token is of version 1",
    )
    .unsure(Confidence::Likely, "`aws account list-regions` tells whether the region is enabled")
    .cure("use regional STS endpoints, or session tokens valid in all regions", &[("aws", command.to_owned())])
}

/// SDKs sign for the region whose endpoint they choose: who sends it elsewhere was told an endpoint (AWS SDKs and Tools
/// Reference Guide, "AWS STS Regional endpoints"; EKS User Guide, "Troubleshooting IAM").
fn signed_elsewhere(e: &View<'_>, line: &LogFailure) -> Draft {
    let of = line.failure.detail.as_ref().map(|region| format!(" for {region}")).unwrap_or_default();
    let to = line.failure.host.as_ref().map_or_else(|| "an endpoint".to_owned(), Clone::clone);
    let mut draft = Draft::new(format!("the request was signed{of} and sent to {to}, which takes another region's"));
    let told = variable(e, line, &[Variable::AwsEndpointUrlSts, Variable::AwsEndpointUrl]);
    let mut ways = Vec::new();
    if let Some((name, value)) = told {
        ways.push(("kubectl", names::unset(e, &[&name])));
        draft = draft.show("container env", format!("{name}={value}"), "pod");
    }
    ways.push(("note", "no endpoint_url on the client of STS: the SDK chooses the endpoint of AWS_REGION".to_owned()));
    draft.cure("take out the endpoint that the application is told for STS", &ways)
}

fn assumes_itself() -> Draft {
    Draft::new("the application assumes the role it already is, which its trust policy would have to allow").cure(
        "remove the second AssumeRole from the application's configuration",
        &note("the web identity session is the role already"),
    )
}

fn metadata_silent() -> Draft {
    let command = "aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id INSTANCE";
    Draft::new(
        "the application asked the instance metadata service for the node's role and got no answer: where its answers \
         may take one hop alone, they reach no pod",
    )
    .unsure(
        Confidence::Likely,
        "whether the workload is to have a role of its own: its pods' YAML shows AWS_ROLE_ARN, or nothing was injected \
         (annotation, webhook, age of the pod); else `aws ec2 describe-instances --query \
         'Reservations[].Instances[].MetadataOptions'` tells the hop limit",
    )
    .cure(
        "give the service account a role of its own",
        &[("note", "a container with its own role asks no metadata service; see annotation on the account".to_owned())],
    )
    .cure("or let the node's metadata service answer pods: a hop limit of 2", &[("aws", command.to_owned())])
}

/// Regions that an account must enable (AWS Account Management, "Regions that are not enabled by default").
const OPT_IN: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// Whether a refused session token may be the region's doing: a region that must be enabled, or the words used there.
fn region_suspected(e: &View<'_>, line: &LogFailure) -> bool {
    let region = line.failure.region.as_ref().map(Region::as_str).or_else(|| e.region());
    line.failure.message.contains("malformed or otherwise invalid") || region.is_some_and(|r| OPT_IN.contains(&r))
}

fn same_role(e: &View<'_>, line: &LogFailure) -> bool {
    line.failure.role_arn.is_some() && line.failure.role_arn.as_ref() == e.role_arn().known()
}
