//! What the logs say about the way from the container to STS and about the client in it.

use crate::cause::Cause;
use std::net::Ipv4Addr;

use trustwalk_foreign::shell;
use trustwalk_symptoms::{Sdk, Symptom as S};

use super::facts::{CONTAINER_VARIABLE, FILE_VARIABLE, ROLE_VARIABLE, arn_parts, in_cluster, partition};
use super::permission::{decided_by, known_need};
use super::symptoms::{WITHOUT_IDENTITY, find, recent};
use super::{Draft, Judged};
use crate::evidence::{Container, EnvVar, LogFailure, Variable, View};
use crate::finding::Confidence;

/// The causes this question may name.
pub(super) const CAUSES: &[Cause] = &[
    Cause::TokenFileUnreadableFsgroup,
    Cause::AppOrSdkLacksWebIdentitySupport,
    Cause::StsGlobalEndpointInPrivateNetwork,
    Cause::AppConfiguredForAnotherCredentialSource,
    Cause::JavaStsModuleMissing,
    Cause::StaticOrOtherCredentialsTakePrecedence,
    Cause::AppOrSdkLacksPodIdentitySupport,
    Cause::DnsOrNetworkToStsBroken,
    Cause::ImdsHopLimitBlocksNodeRole,
    Cause::AutomountServiceAccountTokenFalse,
    Cause::NetworkPolicyBlocksSts,
    Cause::RegionNotEnabledForAccount,
    Cause::RoleAssumesItself,
    Cause::TokenFileAbsentWhereCodeRuns,
    Cause::WrongTokenFileKubernetesDefaultToken,
    Cause::AppOverridesEndpointOrTlsSettings,
    Cause::CaBundleMissingInContainer,
    Cause::OrgPolicyRcpScpDeny,
    Cause::PodIdentityAgentMissing,
    Cause::ProxyBlocksSts,
    Cause::StsCallSentToWrongPartitionRegion,
    Cause::StsVpcEndpointBlackholed,
    Cause::TagsessionNotAllowedInTrustPolicy,
    Cause::WindowsTokenPath,
    Cause::RoleLacksPermission,
    Cause::ProfileChainingDoesNotIncludeWebIdentity,
    Cause::StsGlobalEndpointSingleRegionDependency,
    Cause::TransientStsFailureFallsBackToNodeRole,
];

const UNREACHED: &[S] = &[
    S::StsTimeout,
    S::StsUnreachable,
    S::StsRefused,
    S::StsDns,
    S::StsGlobalEndpoint,
    S::StsProxyRefused,
    S::StsTlsUntrusted,
];

/// Judges reachability and the client.
pub(crate) fn causes(view: &View<'_>) -> Judged {
    let e = view;
    let mut judged = Judged::default();
    let fallback = fell_back(view, e);
    if let Some(line) = find(view, UNREACHED).filter(|_| fallback.is_none()) {
        let (cause, draft) = unreached(view, e, line);
        judged.push(cause, seen(draft, line));
        contradicted(e, line, &mut judged);
    }
    if let Some(draft) = fallback {
        judged.push(Cause::TransientStsFailureFallsBackToNodeRole, draft);
        return judged;
    }
    for line in recent(view) {
        if let Some((cause, draft)) = client(e, line)
            && !judged.found.iter().any(|c| c.cause == cause)
        {
            judged.push(cause, seen(draft, line));
        }
        if line.failure.symptom == S::StsServerError && find(view, &[S::NodeRoleUsed]).is_none() {
            judged.exclude(Cause::TransientStsFailureFallsBackToNodeRole, "no call as the node's role was seen");
        }
    }
    if let Some((rule, draft)) = environment(view, e) {
        judged.found.retain(|c| c.cause != rule && c.cause != Cause::AppOrSdkLacksWebIdentitySupport);
        judged.push(rule, draft);
    } else if let Some(draft) =
        ownership(e).filter(|_| !judged.found.iter().any(|c| c.cause == Cause::TokenFileUnreadableFsgroup))
    {
        judged.push(Cause::TokenFileUnreadableFsgroup, draft);
    }
    if let Some(line) = windows(e) {
        judged.found.retain(|c| c.cause != Cause::WindowsTokenPath);
        judged.push(Cause::WindowsTokenPath, line);
    }
    if judged.found.is_empty() && e.logs().known().is_none() && !e.logs().is_absent() {
        judged.missing.push(super::facts::lacking("the logs", e.logs()));
    }
    judged
}

fn seen(draft: Draft, line: &LogFailure) -> Draft {
    draft.hear(line)
}

/// What the line itself, or what was read, says against the other causes that could show it.
fn contradicted(e: &View<'_>, line: &LogFailure, judged: &mut Judged) {
    let Some(host) = line.failure.host.as_deref() else { return };
    if host == GLOBAL {
        judged.exclude(Cause::StsVpcEndpointBlackholed, format!("{host} was asked, which no VPC endpoint answers for"));
    } else if host.starts_with("sts.") {
        judged.exclude(Cause::StsGlobalEndpointInPrivateNetwork, format!("the regional endpoint {host} was asked"));
        judged
            .exclude(Cause::StsGlobalEndpointSingleRegionDependency, format!("the regional endpoint {host} was asked"));
    }
    if line.failure.symptom != S::StsDns && address(&line.sample).is_some() {
        judged.exclude(Cause::DnsOrNetworkToStsBroken, "the name was resolved: an address was dialled");
    }
    let own = [Variable::AwsEndpointUrlSts, Variable::AwsEndpointUrl, Variable::AwsCaBundle];
    let aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn") || host.ends_with(".api.aws");
    if aws && variable(e, &own).is_none() && line.failure.symptom != S::StsTlsUntrusted {
        judged.exclude(Cause::AppOverridesEndpointOrTlsSettings, format!("AWS's own name {host} was asked"));
    }
    let proxy = |name: &str| PROXIES.iter().any(|p| p.eq_ignore_ascii_case(name));
    let told = containers(e).flat_map(|c| &c.env).any(|v| proxy(v.name()));
    if line.failure.symptom != S::StsProxyRefused && !told && e.pods().known().is_some() {
        judged.exclude(Cause::ProxyBlocksSts, "no container is told a proxy");
    }
}

/// The endpoint that is not of a region (AWS General Reference, STS endpoints).
const GLOBAL: &str = "sts.amazonaws.com";

/// The variables that lead a client through a proxy.
const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// The command that takes a variable away.
fn unset(variable: &str) -> String {
    shell::line("kubectl set env RESOURCE/NAME {}-", &[variable])
}

fn containers<'a>(e: &View<'a>) -> impl Iterator<Item = &'a Container> + use<'a> {
    let pods = e.pods().known().into_iter().flatten().flat_map(|p| p.spec.containers.iter());
    pods.chain(e.workload().known().into_iter().flat_map(|w| w.template.containers.iter()))
}

fn variable(e: &View<'_>, asked: &[Variable]) -> Option<(String, String)> {
    let named = |v: &&EnvVar| asked.iter().any(|a| a.name() == v.name());
    containers(e).flat_map(|c| c.env.iter()).find(named).map(|v| {
        let value = v.value().or_else(|| v.origin()).unwrap_or("set");
        (v.name().to_owned(), value.to_owned())
    })
}

fn unreached(view: &View<'_>, e: &View<'_>, line: &LogFailure) -> (Cause, Draft) {
    let symptom = line.failure.symptom;
    let host = line.failure.host.clone().unwrap_or_else(|| "STS".to_owned());
    let likely = |d: Draft, how: &str| d.unsure(Confidence::Likely, how.to_owned());
    if let Some((name, value)) =
        variable(e, &[Variable::AwsEndpointUrlSts, Variable::AwsEndpointUrl, Variable::AwsCaBundle])
    {
        return (
            Cause::AppOverridesEndpointOrTlsSettings,
            Draft::new(format!("the container sets {name}={value}, and STS cannot be reached with it"))
                .show("container env", format!("{name}={value}"), "pod")
                .cure("remove the variable or correct it", &[("kubectl", unset(&name))]),
        );
    }
    if symptom == S::StsProxyRefused {
        return (
            Cause::ProxyBlocksSts,
            Draft::new(format!("the HTTP proxy refuses to connect to {host}")).cure(
                "allow the STS host in the proxy, or name it in NO_PROXY",
                &[("kubectl", shell::line("kubectl set env RESOURCE/NAME NO_PROXY={}", &[&host]))],
            ),
        );
    }
    if symptom == S::StsTlsUntrusted {
        return (Cause::CaBundleMissingInContainer, Draft::new(format!("the container does not trust the certificate of {host}: it holds no CA certificates, or something intercepts TLS")).cure("install ca-certificates in the image", &[("note", "or name the intercepting authority with AWS_CA_BUNDLE".to_owned())]));
    }
    if let Some(draft) = restricted(e, &host) {
        return (Cause::NetworkPolicyBlocksSts, draft);
    }
    let global = symptom == S::StsGlobalEndpoint || host == GLOBAL;
    if global && symptom != S::StsDns {
        return (Cause::StsGlobalEndpointInPrivateNetwork, Draft::new("the client calls the global endpoint sts.amazonaws.com, which this network does not reach".to_owned()).cure("use the regional endpoint", &[("kubectl", "kubectl annotate serviceaccount NAME eks.amazonaws.com/sts-regional-endpoints=true, then recreate the pods".to_owned())]));
    }
    let regional = host.starts_with("sts.") && host != GLOBAL;
    let endpoint = match address(&line.sample) {
        Some(address) => in_vpc(address),
        // Without an address only a workload of a cluster can be taken to stand in a VPC.
        None => in_cluster(e),
    };
    if find(view, &[S::ExpiredToken]).is_none() && symptom == S::StsTimeout && regional && endpoint {
        return (
            Cause::StsVpcEndpointBlackholed,
            likely(
                Draft::new(format!(
                    "{host} resolves and does not answer: a VPC endpoint without a matching security group, or no route"
                )),
                "from the node: `curl -v https://HOST` and the endpoint's security groups",
            )
            .cure(
                "let the endpoint's security group admit port 443 from the pods",
                &[(
                    "aws",
                    "aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=com.amazonaws.REGION.sts"
                        .to_owned(),
                )],
            ),
        );
    }
    (
        Cause::DnsOrNetworkToStsBroken,
        Draft::new(format!("{host} cannot be reached from the workload ({})", symptom.name())).cure(
            "repair DNS or the route to STS",
            &[("kubectl", shell::line("kubectl run probe --rm -it --image=busybox -- nslookup {}", &[&host]))],
        ),
    )
}

/// A policy that lets the pods reach some addresses only.
fn restricted(e: &View<'_>, host: &str) -> Option<Draft> {
    let mut policies = e.network_policies().known().into_iter().flatten();
    let policy =
        policies.find(|p| p.restricts_egress && !p.egress_cidrs.iter().any(|c| c == "0.0.0.0/0" || c == "::/0"))?;
    let cidrs = if policy.egress_cidrs.is_empty() { "nothing".to_owned() } else { policy.egress_cidrs.join(", ") };
    let name = &policy.name;
    let draft =
        Draft::new(format!("the NetworkPolicy {name} lets these pods reach {cidrs} only, and {host} does not answer"));
    Some(
        draft
            .unsure(Confidence::Likely, "a pod without the policy reaches STS")
            .show("egress allowed", cidrs, format!("NetworkPolicy {name}"))
            .cure(
                "allow egress to STS on port 443",
                &[("kubectl", shell::line("kubectl edit networkpolicy {}", &[name]))],
            ),
    )
}

/// The address that did not answer, where the client names it.
fn address(sample: &str) -> Option<Ipv4Addr> {
    sample.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| word.trim_matches('.').parse().ok())
}

/// Addresses that VPC endpoints have: private ones (RFC 1918) and the shared range (RFC 6598), which VPCs may use too.
fn in_vpc(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private() || (a == 100 && (64..128).contains(&b))
}

/// Symptoms that pass by themselves, so that the next start finds the identity again.
const PASSING: &[S] = &[S::Throttled, S::StsServerError];
/// The same, where an exchange has succeeded since.
const PASSED: &[S] =
    &[S::Throttled, S::StsServerError, S::StsTimeout, S::StsUnreachable, S::StsGlobalEndpoint, S::StsDns];

/// The node's role was used because STS failed for a while: SDKs go on to the next source of credentials.
fn fell_back(view: &View<'_>, e: &View<'_>) -> Option<Draft> {
    let node = find(view, &[S::NodeRoleUsed])?;
    let works = e.exchange().known().is_some_and(|x| x.assumed.is_some());
    let failed = find(view, if works { PASSED } else { PASSING })?;
    (identity_given(e) || !in_cluster(e)).then(|| {
        Draft::new("STS failed for a moment, and the client went on with the node's role, which it then kept")
            .unsure(
                Confidence::Likely,
                "a restarted container uses its own role again: `kubectl exec POD -- aws sts get-caller-identity`",
            )
            .show("STS", failed.sample.clone(), failed.origin.clone())
            .show("afterwards", node.sample.clone(), node.origin.clone())
            .cure(
                "restart the pods, and take the node's role away from pods so that a failure stays visible",
                &[
                    ("kubectl", "kubectl rollout restart RESOURCE/NAME".to_owned()),
                    (
                        "aws",
                        "aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 1 --instance-id ID"
                            .to_owned(),
                    ),
                ],
            )
    })
}

fn identity_given(e: &View<'_>) -> bool {
    containers(e).any(|c| c.has_env(ROLE_VARIABLE) && c.has_env(FILE_VARIABLE))
}

/// Whether the containers are told to ask the Pod Identity agent.
fn agent_given(e: &View<'_>) -> bool {
    containers(e).any(|c| c.has_env(CONTAINER_VARIABLE))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "most symptoms are other groups' business")]
fn client(e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let symptom = line.failure.symptom;
    let note = |text: &str| [("note", text.to_owned())];
    let detail = line.failure.detail.clone().unwrap_or_default();
    Some(match symptom {
        S::TokenFileUnreadable => (Cause::TokenFileUnreadableFsgroup, fsgroup(Draft::new(format!("the container's user may not read the token file {detail}: the file is root's and the pod sets no fsGroup")))),
        S::StsModuleMissing => (Cause::JavaStsModuleMissing, Draft::new(format!("the application has the {} without its sts module, which web identity needs", line.failure.sdk.map_or("SDK", Sdk::name))).cure("add the module: software.amazon.awssdk:sts (Java 2), aws-java-sdk-sts (Java 1), AWSSDK.SecurityToken (.NET)", &note("a dependency of the application, not of the cluster"))),
        S::PodIdentityHostRefused => (Cause::AppOrSdkLacksPodIdentitySupport, Draft::new("the SDK in the application is too old for the Pod Identity agent's address").cure("update the SDK", &note("or use the role-arn annotation instead of the association"))),
        S::PodIdentityAgentUnreachable => (Cause::PodIdentityAgentMissing, Draft::new("the Pod Identity agent does not answer").cure("install the add-on eks-pod-identity-agent", &note("aws eks create-addon --addon-name eks-pod-identity-agent"))),
        S::ProfileMissing => (Cause::AppConfiguredForAnotherCredentialSource, Draft::new(format!("the application is told to use a profile ({detail}) and its container has none of that name; the injected identity is not looked at")).cure("take the profile out of the application's configuration", &[("kubectl", "kubectl set env RESOURCE/NAME AWS_PROFILE-".to_owned())])),
        S::CredentialSourceEmpty => (Cause::ProfileChainingDoesNotIncludeWebIdentity, Draft::new("a profile chains roles with credential_source = Environment, which means key variables and never the web identity").unsure(Confidence::Likely, "the profile's section in the configuration file that AWS_CONFIG_FILE or ~/.aws/config names").cure("give the first role a profile of its own with web_identity_token_file and role_arn, and name that with source_profile", &note("[profile irsa] web_identity_token_file = ... role_arn = ... ; [profile app] source_profile = irsa"))),
        S::WrongTokenFile => (Cause::WrongTokenFileKubernetesDefaultToken, Draft::new(format!("{FILE_VARIABLE} points to the token for the API server, whose audience STS does not take")).cure("let the webhook set it", &[("kubectl", unset(FILE_VARIABLE.name()))])),
        S::StsServerError if line.failure.host.as_deref() == Some(GLOBAL) => (Cause::StsGlobalEndpointSingleRegionDependency, Draft::new("the global endpoint sts.amazonaws.com failed, and the client knows no other: its work depends on one region").unsure(Confidence::Likely, "the regional endpoint answers meanwhile: `aws sts get-caller-identity --region REGION --endpoint-url https://sts.REGION.amazonaws.com`").cure("use the regional endpoint", &[("kubectl", "kubectl annotate serviceaccount NAME eks.amazonaws.com/sts-regional-endpoints=true, then recreate the pods".to_owned())])),
        S::WindowsPath => (Cause::WindowsTokenPath, Draft::new("the token's path was injected in Unix form into a Windows container").cure("set nodeSelector kubernetes.io/os: windows so that the webhook knows", &note("then recreate the pods"))),
        S::TokenFileMissing => missing_file(e, &detail),
        S::RegionDisabled => (Cause::RegionNotEnabledForAccount, Draft::new("STS is not active in this region for the account").cure("activate the region, or ask another region's STS", &[("aws", "aws account enable-region --region-name REGION".to_owned())])),
        S::SecurityTokenInvalid if !region_suspected(e, line) => return None,
        S::SecurityTokenInvalid => (Cause::RegionNotEnabledForAccount, Draft::new("AWS does not know the session in this region: the region is opt-in, or the session token is of version 1").unsure(Confidence::Likely, "`aws account list-regions` tells whether the region is enabled").cure("use regional STS endpoints, or session tokens valid in all regions", &[("aws", "aws iam set-security-token-service-preferences --global-endpoint-token-version v2Token".to_owned())])),
        S::SignatureScope => (Cause::StsCallSentToWrongPartitionRegion, Draft::new("the request was signed for another region than the endpoint asked").cure("set AWS_REGION and use the regional endpoint", &note("AWS_STS_REGIONAL_ENDPOINTS=regional"))),
        S::AssumeRoleSelf => (Cause::RoleAssumesItself, Draft::new("the application assumes the role it already is, which its trust policy would have to allow").cure("remove the second AssumeRole from the application's configuration", &note("the web identity session is the role already"))),
        S::AssumeRoleDenied if same_role(e, line) => (Cause::RoleAssumesItself, Draft::new("the application assumes the role it already is, which its trust policy would have to allow").cure("remove the second AssumeRole from the application's configuration", &note("the web identity session is the role already"))),
        S::ImdsUnreachable if !identity_given(e) => (Cause::ImdsHopLimitBlocksNodeRole, Draft::new("the pod depends on the node's role, and the instance metadata service does not answer it: its hop limit is 1").unsure(Confidence::Likely, "`aws ec2 describe-instances --query '..MetadataOptions'` tells the hop limit").cure("give the service account a role of its own", &[("aws", "aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id ID".to_owned())])),
        s if WITHOUT_IDENTITY.contains(&s) && (identity_given(e) || agent_given(e)) => without(e, line),
        S::AccessDeniedAction if line.failure.denied_action.as_deref() == Some("sts:TagSession") => (Cause::TagsessionNotAllowedInTrustPolicy, Draft::new("the token or the call carries session tags, and the role's trust policy does not allow sts:TagSession").cure("allow sts:TagSession beside the action that assumes the role", &[("aws", "aws iam update-assume-role-policy --role-name NAME --policy-document file://trust-policy.json".to_owned())])),
        S::AccessDeniedAction => denied(e, line)?,
        S::Throttled if identity_given(e) => return None,
        _ => return None,
    })
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
    line.sample.contains("malformed or otherwise invalid")
        || OPT_IN.iter().any(|r| e.region() == Some(*r) || line.sample.contains(r))
}

fn same_role(e: &View<'_>, line: &LogFailure) -> bool {
    line.failure.role_arn.is_some() && line.failure.role_arn.as_ref() == e.role_arn().known()
}

fn denied(e: &View<'_>, line: &LogFailure) -> Option<(Cause, Draft)> {
    let caller = line.failure.caller_arn.clone()?;
    if agent_given(e) && !identity_given(e) {
        let sa = e.service_account().known()?;
        let own =
            e.associations().known()?.iter().find(|a| a.namespace == sa.namespace && a.service_account == sa.name)?;
        let role = own.role_arn.as_deref().and_then(|arn| arn.rsplit('/').next());
        return role.is_none_or(|role| !caller.contains(&format!("/{role}/"))).then(|| without(e, line));
    }
    let role = e.role_arn().known()?.rsplit('/').next()?.to_owned();
    let action = line.failure.denied_action.clone().unwrap_or_else(|| "the action".to_owned());
    // A session of a role of that name in another account is somebody else's.
    let account = |arn: &str| arn_parts(arn).map(|(_, a, _)| a.to_owned());
    let ours = e.role_arn().known().and_then(|arn| account(arn)) == account(&caller);
    if !ours || !caller.contains(&format!("/{role}/")) {
        return identity_given(e).then(|| without(e, line));
    }
    if let Some((policy, organisation)) = decided_by(&line.sample) {
        let draft = Draft::new(format!("the exchange works, and {policy} keeps the role {role} from {action}"))
            .show("caller", caller, line.origin.clone())
            .cure(
                format!("have {policy} allow it"),
                &[("note", "attaching a policy to the role changes nothing".to_owned())],
            );
        return Some((if organisation { Cause::OrgPolicyRcpScpDeny } else { Cause::RoleLacksPermission }, draft));
    }
    let draft = Draft::new(format!("the exchange works, and the role {role} may not do {action}")).show(
        "caller",
        caller,
        line.origin.clone(),
    );
    let known = e.workload().known().and_then(|w| known_need(w, &action));
    let cni = known.is_some();
    let policy = known.map(|name| format!("arn:{}:iam::aws:policy/{name}", partition(e))).unwrap_or_default();
    let by_hand = [(
        "aws",
        shell::line(
            "aws iam attach-role-policy --role-name {} --policy-arn {}",
            &[&role, if cni { policy.as_str() } else { "POLICY-ARN" }],
        ),
    )];
    let actions = if cni { vec![crate::plan::Action::AttachPolicy { role, policy_arn: policy }] } else { Vec::new() };
    Some((Cause::RoleLacksPermission, draft.act("attach a policy that allows it", actions, &by_hand)))
}

fn without(e: &View<'_>, line: &LogFailure) -> (Cause, Draft) {
    if containers(e).any(|c| c.has_env(CONTAINER_VARIABLE)) && !containers(e).any(|c| c.has_env(ROLE_VARIABLE)) {
        return (
            Cause::AppOrSdkLacksPodIdentitySupport,
            Draft::new(
                "container credentials are injected and the application does not use them: its SDK does not know Pod Identity",
            )
            .show("injected", CONTAINER_VARIABLE.name(), "pod")
            .cure(
                "use an image with a newer AWS SDK",
                &[("note", "EKS User Guide, using EKS Pod Identity with the AWS SDK; or use the role-arn annotation instead".to_owned())],
            ),
        );
    }
    let image = containers(e).next().map(|c| c.image.clone()).unwrap_or_default();
    // These have known web identity from their first release on (EKS User Guide, "Using a supported AWS SDK"):
    // what does not ask for it is the application.
    if let Some(sdk) = line.failure.sdk.filter(|s| matches!(s, Sdk::GoV2 | Sdk::Rust)) {
        let draft = Draft::new(format!(
            "role and token are in the container and the application does not use them: the {} could, and the application in {image} asks for credentials in a way of its own",
            sdk.name()
        ))
        .unsure(Confidence::Likely, "the application's configuration, or its log at debug level: which credential provider it asks")
        .show("injected", format!("{ROLE_VARIABLE} and {FILE_VARIABLE}"), "pod")
        .cure(
            "have the application use the SDK's default chain of credentials, without a profile, keys or metadata of its own",
            &[("note", "the default chain finds the injected web identity".to_owned())],
        );
        return (Cause::AppOrSdkLacksWebIdentitySupport, draft);
    }
    let sdk = line.failure.sdk.map(|s| format!(" ({})", s.name())).unwrap_or_default();
    (Cause::AppOrSdkLacksWebIdentitySupport, Draft::new(format!("role and token are in the container and the application does not use them: the SDK in {image}{sdk} knows no web identity"))
        .unsure(Confidence::Likely, "the SDK's version in the image; EKS User Guide lists the first that knows web identity")
        .show("injected", format!("{ROLE_VARIABLE} and {FILE_VARIABLE}"), "pod")
        .cure("use an image with a newer AWS SDK", &[("note", "EKS User Guide, using a supported AWS SDK".to_owned())]))
}

fn missing_file(e: &View<'_>, detail: &str) -> (Cause, Draft) {
    let off = e.service_account().known().and_then(|s| s.automount) == Some(false)
        || e.workload().known().and_then(|w| w.template.automount) == Some(false);
    if off && (detail.contains("kubernetes.io") || !identity_given(e)) {
        return (Cause::AutomountServiceAccountTokenFalse, Draft::new("automountServiceAccountToken is false and the application reads the token that is therefore not mounted").show("automountServiceAccountToken", "false", "pod template or service account").cure("set automountServiceAccountToken: true, or mount a projected token", &[("kubectl", "kubectl patch serviceaccount NAME -p '{\"automountServiceAccountToken\":true}'".to_owned())]));
    }
    (Cause::TokenFileAbsentWhereCodeRuns, Draft::new(format!("the token file {detail} does not exist where the code runs: another container, step or host than the one that has the token")).cure("run the code where the token is, or mount the token there", &[("kubectl", "kubectl exec POD -c CONTAINER -- ls -l /var/run/secrets/eks.amazonaws.com/serviceaccount/".to_owned())]))
}

fn fsgroup(draft: Draft) -> Draft {
    draft.cure("set securityContext.fsGroup in the pod template, 65534 say", &[("kubectl", "kubectl patch RESOURCE/NAME -p '{\"spec\":{\"template\":{\"spec\":{\"securityContext\":{\"fsGroup\":65534}}}}}'".to_owned()), ("terraform", "security_context { fs_group = 65534 }".to_owned())])
}

/// Before Kubernetes 1.19 projected tokens were root's with mode 0600 (amazon-eks-pod-identity-webhook).
fn ownership(e: &View<'_>) -> Option<Draft> {
    let minor: u32 = e.cluster().known()?.version.split('.').nth(1)?.trim_end_matches('+').parse().ok()?;
    let w = e.workload().known()?;
    let user = w
        .template
        .containers
        .iter()
        .find(|c| !c.init && (c.run_as_user.is_some_and(|u| u != 0) || c.run_as_non_root == Some(true)))?;
    (minor < 19 && w.template.fs_group.is_none() && identity_given(e) && e.pods_down() > 0).then(|| {
        fsgroup(Draft::new(format!("container {} runs as a user other than root, Kubernetes 1.{minor} mounts the token for root only, and the pod sets no fsGroup", user.name)).unsure(Confidence::Likely, "`kubectl exec POD -- ls -lL` of the token file").show("version", format!("1.{minor}"), "cluster"))
    })
}

fn windows(e: &View<'_>) -> Option<Draft> {
    let pod = e.pods().known()?.iter().find(|p| p.os.as_deref() == Some("windows"))?;
    let path = pod.spec.containers.iter().find_map(|c| c.env_value(FILE_VARIABLE)).filter(|p| p.starts_with('/'))?;
    Some(
        Draft::new(format!("pod {} runs on Windows and was given the Unix path {path}", pod.name))
            .show("token file", path, format!("Pod {}", pod.name))
            .cure(
                "set nodeSelector kubernetes.io/os: windows in the template",
                &[("kubectl", "then recreate the pods".to_owned())],
            ),
    )
}

/// Variables of the container that lead the SDK to another source of credentials.
fn environment(view: &View<'_>, e: &View<'_>) -> Option<(Cause, Draft)> {
    const KEYS: [Variable; 2] = [Variable::AwsAccessKeyId, Variable::AwsSecretAccessKey];
    if let Some(path) =
        containers(e).find_map(|c| c.env_value(FILE_VARIABLE)).filter(|p| p.contains("/kubernetes.io/serviceaccount"))
    {
        return Some((
            Cause::WrongTokenFileKubernetesDefaultToken,
            Draft::new(format!(
                "{FILE_VARIABLE} points to {path}, the token for the API server, whose audience STS does not take"
            ))
            .show("container env", format!("{FILE_VARIABLE}={path}"), "pod")
            .cure("let the webhook set it", &[("kubectl", unset(FILE_VARIABLE.name()))]),
        ));
    }
    let job = e.job().known().filter(|j| j.env.contains_key("AWS_ACCESS_KEY_ID") && j.assumes_role);
    let given = identity_given(e) && e.service_account().known().is_some_and(|s| s.role_arn().is_some());
    let key = variable(e, &KEYS)
        .filter(|_| given)
        .or_else(|| job.map(|_| ("AWS_ACCESS_KEY_ID".to_owned(), "set".to_owned())));
    if let Some((name, from)) = key {
        return Some((
            Cause::StaticOrOtherCredentialsTakePrecedence,
            Draft::new(format!(
                "{name} is set where the workload runs ({from}), and every SDK takes keys before web identity"
            ))
            .show("environment", format!("{name} ({from})"), "container or runner")
            .cure(
                "remove the keys",
                &[
                    (
                        "kubectl",
                        "kubectl set env RESOURCE/NAME AWS_ACCESS_KEY_ID- AWS_SECRET_ACCESS_KEY- AWS_SESSION_TOKEN-"
                            .to_owned(),
                    ),
                    ("workflow", "remove AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from env:".to_owned()),
                ],
            ),
        ));
    }
    let (name, value) =
        variable(e, &[Variable::AwsProfile, Variable::AwsSharedCredentialsFile, Variable::AwsCredentialExpiration])
            .filter(|_| given)?;
    let line = find(view, &[WITHOUT_IDENTITY, &[S::ProfileMissing]].concat())?;
    Some((Cause::AppConfiguredForAnotherCredentialSource, seen(Draft::new(format!("the application is configured with {name}={value}, another source of credentials than the injected web identity")), line).show("container env", format!("{name}={value}"), "pod").cure("remove it", &[("kubectl", unset(&name))])))
}
